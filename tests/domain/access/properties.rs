//! There is one decision for everything there can be, and it agrees with the plan.

use proptest::prelude::*;
use rekindle::domain::access::{Access, Closed, Form, Sessions};
use rekindle::domain::action::{Action, State};
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::lineage::{Cause, Stage, Succession};
use rekindle::domain::plan::{Situation, Standing};
use rekindle::domain::status::Status;
use serde_json::json;

use super::super::scene::{at, tell};
use super::{HOUR, Scene, replaced, stored, template};

const STATUSES: [Option<&str>; 10] = [
    None,
    Some("created"),
    Some("pending"),
    Some("expired"),
    Some("failed"),
    Some("completed"),
    Some("needs_review"),
    Some("declined"),
    Some("approved"),
    Some("on_hold"),
];

/// An inquiry in any state: (status, made, deadline, expired, redacted, has a person).
type Drawn = (usize, i64, Option<i64>, Option<i64>, bool, bool);

fn drawn() -> impl Strategy<Value = Drawn> {
    let hours = || 0_i64..120;
    (
        0..STATUSES.len(),
        hours(),
        prop::option::of(hours()),
        prop::option::of(hours()),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.9),
    )
}

fn inquiry((status, from, deadline, gone, redacted, known): Drawn, name: &str) -> Inquiry {
    let mut inquiry = super::super::scene::unknown(name);
    let hour = |hour: i64| at(hour * HOUR).to_string();
    let mut attributes =
        json!({ "created-at": hour(from), "expires-at": deadline.map(hour), "expired-at": gone.map(hour) });
    if let Some(status) = STATUSES[status] {
        attributes["status"] = json!(status);
    }
    if known {
        attributes["reference-id"] = json!("ada");
    }
    if redacted {
        attributes["redacted-at"] = json!(hour(from + 1));
    }
    tell(&mut inquiry, "inquiry.updated-tags", (from + 2) * HOUR, &attributes);
    inquiry
}

fn any_scene() -> impl Strategy<Value = (Scene, i64, Form, Sessions)> {
    let group = prop::collection::vec(drawn(), 1..4);
    let succession = prop::option::of((0..Stage::ALL.len(), 0..Cause::ALL.len()));
    let sessions = (0_u32..30, prop::option::of(any::<bool>()));
    let published = prop::option::of((any::<bool>(), 0_i64..120));
    let chances = (any::<bool>(), any::<bool>());
    (group, succession, sessions, published, chances, 0_i64..500, any::<bool>()).prop_map(
        |(group, succession, (made, reusable), published, chances, now, sdk)| {
            let names = ["inq_1", "inq_2", "inq_3"];
            let group = group.into_iter().zip(names).map(|(one, name)| inquiry(one, name)).collect::<Vec<_>>();
            let mut scene = Scene::of(group);
            scene.template =
                published.map(|(newer, hour)| template(if newer { "itmplv_2" } else { "itmplv_1" }, hour * HOUR));
            (scene.rules.access.replace_failed, scene.rules.access.replace_redacted) = chances;
            if let Some((stage, cause)) = succession {
                let successor = (Stage::ALL[stage] == Stage::Replaced).then_some("inq_2");
                let one = Succession { cause: Cause::ALL[cause], ..replaced("inq_1", successor, Stage::ALL[stage]) };
                scene.lineages.successions.push(one);
            }
            let form = if sdk { Form::Sdk } else { Form::Browser };
            (scene, now * HOUR, form, Sessions { made, reusable })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// There is a decision for everything, it leads somewhere within a few steps, and it agrees with the plan.
    #[test]
    fn every_decision_leads_somewhere_and_agrees_with_the_plan((scene, now, form, sessions) in any_scene()) {
        let situation = scene.situation(now);
        for start in &scene.group {
            let (mut one, mut seen) = (start, vec![start.id.clone()]);
            let end = loop {
                match situation.access(one, form, sessions) {
                    Access::Elsewhere(next) => {
                        prop_assert!(!seen.contains(&next), "in circles: {:?} {}", seen, next);
                        let Some(found) = scene.group.iter().find(|member| member.id == next) else { break None };
                        seen.push(next);
                        one = found;
                    }
                    other => break Some(other),
                }
            };
            let Some(end) = end else { continue };
            let over = |one: &Inquiry| one.status().is_some_and(Status::is_over);
            match &end {
                Access::Enter(_) => prop_assert!(one.is_alive(at(now))),
                Access::Revive => prop_assert!(one.has_expired(at(now)) && one.known.redacted_at().is_none()),
                Access::Done { inquiry, .. } => {
                    prop_assert!(scene.group.iter().any(|member| member.id == *inquiry && over(member)));
                }
                Access::Replace(_) | Access::Failed | Access::Closed(_) | Access::Elsewhere(_) => {}
            }
            let direct = situation.access(start, form, sessions);
            match situation.standing(start) {
                Standing::Revived(_) => prop_assert_eq!(direct, Access::Revive),
                Standing::Replaced(_) => {
                    let fits = matches!(direct, Access::Replace(_) | Access::Elsewhere(_) | Access::Done { .. });
                    prop_assert!(fits, "{:?}", direct);
                }
                Standing::Reminded { replacement: Some(_), .. } => {
                    let new = Access::Replace(Cause::NewVersion);
                    let fits = direct == new || matches!(direct, Access::Elsewhere(_) | Access::Done { .. });
                    prop_assert!(fits, "{:?}", direct);
                }
                Standing::Reminded { .. } => {
                    let odd = [Access::Closed(Closed::StatusUnknown), Access::Closed(Closed::Redacted), Access::Failed];
                    prop_assert!(!odd.contains(&direct), "{:?}", direct);
                }
                Standing::Quiet(_) => {}
            }
        }
    }

    /// Planning twice changes nothing, with all there can be.
    #[test]
    fn planning_twice_changes_nothing((scene, now, _, _) in any_scene()) {
        let first = scene.situation(now).difference();
        let fresh = |planned: &rekindle::domain::action::Planned| stored(planned.clone(), State::Planned, now);
        let actions: Vec<Action> = first.insert.iter().map(fresh).collect();
        let second = Situation { actions: &actions, ..scene.situation(now) }.difference();
        prop_assert!(second.is_empty(), "{:?}", second);
    }
}
