//! Who gets in how: the table, row by row, and that there is one decision for everything there can be.

use proptest::prelude::*;
use rekindle::domain::access::{Access, Closed, Form, Sessions, Way};
use rekindle::domain::action::{Action, DEFAULT_MAX_ATTEMPTS, Revival, State, Work};
use rekindle::domain::ids::{InquiryId, TemplateId, TemplateVersionId};
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::lineage::{Cause, Lineages, Stage, Succession};
use rekindle::domain::plan::{Bound, Quiet, Situation, Standing, planned};
use rekindle::domain::rules::{AccessRules, Rules};
use rekindle::domain::status::Status;
use rekindle::domain::template::Template;
use serde_json::json;

use super::scene::{Actions, at, made, rules, tell};

const HOUR: i64 = 3_600;
const ROOM: Sessions = Sessions { made: 3, reusable: None };

fn id(text: &str) -> InquiryId {
    InquiryId::parse(text).unwrap()
}

/// The template, of which this version was told to be the latest at a time.
fn template(version: &str, second: i64) -> Template {
    Template {
        id: TemplateId::parse("itmpl_1").unwrap(),
        name: None,
        latest_version: Some(TemplateVersionId::parse(version).unwrap()),
        observed_at: at(second),
    }
}

/// Everything a decision is made from but the inquiry, to be changed at will.
struct Scene {
    group: Vec<Inquiry>,
    actions: Vec<Action>,
    lineages: Lineages,
    template: Option<Template>,
    rules: Rules,
}

impl Scene {
    fn of(group: Vec<Inquiry>) -> Self {
        let rules = rules(&["50%"]);
        Self { group, actions: Vec::new(), lineages: Lineages::default(), template: None, rules }
    }

    fn situation(&self, second: i64) -> Situation<'_> {
        Situation {
            group: &self.group,
            actions: &self.actions,
            lineages: &self.lineages,
            template: self.template.as_ref(),
            rules: &self.rules,
            now: at(second),
        }
    }

    fn access(&self, second: i64) -> Access {
        self.access_by(second, Form::Browser, ROOM)
    }

    fn access_by(&self, second: i64, form: Form, sessions: Sessions) -> Access {
        self.situation(second).access(&self.group[0], form, sessions)
    }

    fn standing(&self, second: i64) -> Standing {
        self.situation(second).standing(&self.group[0])
    }

    fn with(mut self, change: impl FnOnce(&mut AccessRules)) -> Self {
        change(&mut self.rules.access);
        self
    }

    fn published(mut self, version: &str, second: i64) -> Self {
        self.template = Some(template(version, second));
        self
    }
}

fn expired(inquiry: &str, second: i64) -> Inquiry {
    let mut inquiry = made(inquiry, "ada", 0);
    tell(&mut inquiry, "inquiry.expired", second, &json!({ "expired-at": at(second).to_string(), "expires-at": null }));
    inquiry
}

fn pending(second: i64, until: i64) -> Inquiry {
    let mut inquiry = made("inq_1", "ada", 0);
    let (started, deadline) = (at(second).to_string(), at(until).to_string());
    tell(
        &mut inquiry,
        "inquiry.started",
        second,
        &json!({ "status": "pending", "started-at": started, "expires-at": deadline }),
    );
    inquiry
}

fn replaced(old: &str, new: Option<&str>, stage: Stage) -> Succession {
    Succession {
        inquiry: id(old),
        lineage: id("inq_1"),
        cause: Cause::NewVersion,
        asked: false,
        stage,
        successor: new.map(id),
        began_at: at(0),
        changed_at: at(0),
    }
}

#[test]
fn who_is_done_is_told_so() {
    for (name, status) in [
        ("inquiry.completed", Status::Completed),
        ("inquiry.approved", Status::Approved),
        ("inquiry.declined", Status::Declined),
        ("inquiry.marked-for-review", Status::NeedsReview),
    ] {
        let mut inquiry = made("inq_1", "ada", 0);
        tell(&mut inquiry, name, 60, &json!({}));
        assert_eq!(Scene::of(vec![inquiry]).access(120), Access::Done { inquiry: id("inq_1"), status });
    }
}

#[test]
fn who_finished_another_one_since_is_done_whatever_else_is_open() {
    let mut other = made("inq_2", "ada", 60);
    tell(&mut other, "inquiry.completed", 90, &json!({ "completed-at": at(90).to_string() }));
    let done = Access::Done { inquiry: id("inq_2"), status: Status::Completed };
    assert_eq!(Scene::of(vec![made("inq_1", "ada", 0), other.clone()]).access(120), done);
    let later = made("inq_1", "ada", 600);
    assert_eq!(Scene::of(vec![later, other]).access(700), Access::Enter(Way::OneTimeLink), "finished long ago");
}

#[test]
fn who_failed_is_told_so_or_begins_anew_by_the_rules() {
    let mut inquiry = made("inq_1", "ada", 0);
    tell(&mut inquiry, "inquiry.failed", 60, &json!({}));
    assert_eq!(Scene::of(vec![inquiry.clone()]).access(120), Access::Failed);
    let again = Scene::of(vec![inquiry.clone()]).with(|rules| rules.replace_failed = true);
    assert_eq!(again.access(120), Access::Replace(Cause::Failed));
    let begun = Scene::of(vec![inquiry, made("inq_2", "ada", 90)]);
    assert_eq!(begun.access(120), Access::Elsewhere(id("inq_2")), "they began anew by themselves");
}

#[test]
fn what_is_open_is_entered_by_the_wanted_form() {
    for inquiry in [made("inq_1", "ada", 0), pending(60, 24 * HOUR)] {
        let scene = Scene::of(vec![inquiry]).published("itmplv_1", 30);
        assert_eq!(scene.access(120), Access::Enter(Way::OneTimeLink));
        assert_eq!(scene.access_by(120, Form::Sdk, ROOM), Access::Enter(Way::SessionToken));
    }
}

#[test]
fn what_nobody_began_is_replaced_for_a_newer_version() {
    let scene = Scene::of(vec![made("inq_1", "ada", 0)]).published("itmplv_2", 30);
    assert_eq!(scene.access(120), Access::Replace(Cause::NewVersion));
    let before = Scene::of(vec![made("inq_1", "ada", 60)]).published("itmplv_0", 30);
    assert_eq!(before.access(120), Access::Enter(Way::OneTimeLink), "told before it was made: that may be older");
}

#[test]
fn progress_counts_for_a_day_and_then_the_newer_version_does() {
    let scene = Scene::of(vec![pending(HOUR, 48 * HOUR)]).published("itmplv_2", 2 * HOUR);
    assert_eq!(scene.access(24 * HOUR), Access::Enter(Way::OneTimeLink));
    assert_eq!(scene.access(25 * HOUR), Access::Replace(Cause::NewVersion));
    let kept = Scene::of(vec![pending(HOUR, 48 * HOUR)]).published("itmplv_2", 2 * HOUR);
    let kept = kept.with(|rules| rules.keep_pending = jiff::SignedDuration::from_hours(100));
    assert_eq!(kept.access(25 * HOUR), Access::Enter(Way::OneTimeLink));
}

#[test]
fn what_expired_young_is_resumed_and_what_is_old_is_replaced() {
    let scene = Scene::of(vec![expired("inq_1", 24 * HOUR)]);
    assert_eq!(scene.access(25 * HOUR), Access::Revive);
    assert_eq!(scene.access(72 * HOUR - 1), Access::Revive);
    assert_eq!(scene.access(72 * HOUR), Access::Replace(Cause::TooOld));
    let scene = scene.published("itmplv_2", HOUR);
    assert_eq!(scene.access(25 * HOUR), Access::Replace(Cause::NewVersion));
    let unheard = Scene::of(vec![made("inq_1", "ada", 0)]);
    assert_eq!(unheard.access(24 * HOUR), Access::Revive, "its told deadline passed, and nobody said so");
}

#[test]
fn what_was_erased_is_never_resumed() {
    let mut inquiry = expired("inq_1", 24 * HOUR);
    tell(&mut inquiry, "inquiry.redacted", 25 * HOUR, &json!({ "redacted-at": at(25 * HOUR).to_string() }));
    assert_eq!(Scene::of(vec![inquiry.clone()]).access(26 * HOUR), Access::Closed(Closed::Redacted));
    let anew = Scene::of(vec![inquiry]).with(|rules| rules.replace_redacted = true);
    assert_eq!(anew.access(26 * HOUR), Access::Replace(Cause::Redacted));
}

#[test]
fn sessions_are_spared_near_their_limit() {
    let scene = Scene::of(vec![made("inq_1", "ada", 0)]);
    let with = |made, reusable| scene.access_by(60, Form::Browser, Sessions { made, reusable });
    assert_eq!(with(21, None), Access::Enter(Way::OneTimeLink));
    assert_eq!(with(22, None), Access::Enter(Way::ExistingSession));
    assert_eq!(with(22, Some(true)), Access::Enter(Way::ExistingSession));
    assert_eq!(with(22, Some(false)), Access::Replace(Cause::SessionLimit));
    let full = Sessions { made: 25, reusable: Some(false) };
    assert_eq!(scene.access_by(60, Form::Sdk, full), Access::Replace(Cause::SessionLimit));
}

#[test]
fn the_person_is_sent_to_the_one_inquiry_that_lives() {
    let newer = made("inq_2", "ada", 60);
    let scene = Scene::of(vec![made("inq_1", "ada", 0), newer.clone()]);
    assert_eq!(scene.access(120), Access::Elsewhere(id("inq_2")));
    let scene = Scene::of(vec![newer, made("inq_1", "ada", 0)]);
    assert_eq!(scene.access(120), Access::Enter(Way::OneTimeLink), "and nowhere from there");
    let scene = Scene::of(vec![expired("inq_1", HOUR), expired("inq_2", HOUR), expired("inq_3", HOUR)]);
    assert_eq!(scene.access(2 * HOUR), Access::Elsewhere(id("inq_3")), "of what expired, the newest");
    let scene = Scene::of(vec![expired("inq_3", HOUR), made("inq_1", "ada", 0)]);
    assert_eq!(scene.access(2 * HOUR), Access::Elsewhere(id("inq_1")), "what lives comes first");
}

#[test]
fn an_old_id_leads_to_its_successor_and_what_was_begun_goes_on() {
    let mut scene = Scene::of(vec![expired("inq_1", HOUR), made("inq_2", "ada", 2 * HOUR)]);
    scene.lineages.successions = vec![replaced("inq_1", Some("inq_2"), Stage::Replaced)];
    assert_eq!(scene.access(3 * HOUR), Access::Elsewhere(id("inq_2")));
    let mut scene = Scene::of(vec![expired("inq_1", HOUR)]);
    for stage in [Stage::Superseding, Stage::Closed, Stage::Creating] {
        scene.lineages.successions = vec![replaced("inq_1", None, stage)];
        assert_eq!(scene.access(3 * HOUR), Access::Replace(Cause::NewVersion));
        assert!(matches!(scene.standing(3 * HOUR), Standing::Replaced(_)), "and is not revived meanwhile");
    }
    scene.lineages.successions = vec![replaced("inq_1", None, Stage::Kept)];
    assert_eq!(scene.access(3 * HOUR), Access::Revive, "what was called off stands for nothing");
}

#[test]
fn a_verification_is_given_up_within_its_bounds() {
    let mut inquiry = expired("inq_1", 24 * HOUR);
    let revived = |second: i64| {
        let work = Work::Revive(Revival { expired_at: at(second), asked: true });
        let planned = planned(&made("inq_1", "ada", 0), work, at(second));
        Action {
            planned,
            state: State::Done,
            attempts: 1,
            max_attempts: DEFAULT_MAX_ATTEMPTS,
            generation: 0,
            cancelled_by: None,
            reason: None,
            created_at: at(second),
            finished_at: Some(at(second)),
        }
    };
    let mut scene = Scene::of(vec![inquiry.clone()]);
    scene.actions = vec![revived(10 * HOUR), revived(20 * HOUR)];
    assert_eq!(scene.access(25 * HOUR), Access::Replace(Cause::TooOld), "resumed twice; now it begins anew");
    assert_eq!(scene.standing(25 * HOUR), Standing::Quiet(Quiet::GivenUp(Bound::Revivals)));

    inquiry.id = id("inq_3");
    let mut scene = Scene::of(vec![inquiry]);
    scene.lineages.successions = vec![
        replaced("inq_1", Some("inq_2"), Stage::Replaced),
        replaced("inq_2", Some("inq_3"), Stage::Replaced),
    ];
    assert_eq!(scene.access(80 * HOUR), Access::Closed(Closed::GivenUp(Bound::Replacements)));
    let old = Scene::of(vec![expired("inq_1", 24 * HOUR)]);
    assert_eq!(old.access(15 * 24 * HOUR), Access::Closed(Closed::GivenUp(Bound::Age)));
}

#[test]
fn who_is_not_known_is_not_replaced_and_an_unknown_status_lets_nobody_in() {
    let mut nobody = super::scene::unknown("inq_1");
    tell(&mut nobody, "inquiry.expired", HOUR, &json!({ "created-at": at(0).to_string() }));
    assert_eq!(Scene::of(vec![nobody]).access(80 * HOUR), Access::Closed(Closed::NobodyKnown));
    let mut odd = made("inq_1", "ada", 0);
    tell(&mut odd, "inquiry.updated-tags", 60, &json!({ "status": "on_hold" }));
    assert_eq!(Scene::of(vec![odd]).access(120), Access::Closed(Closed::StatusUnknown));
}

#[test]
fn what_ran_out_is_revived_an_hour_later_and_reminded_of_at_once() {
    let mut actions = Actions::default();
    let mut group = [made("inq_1", "ada", 0)];
    actions.replan(&group, &rules(&["50%"]), at(1));
    actions.perform("50%", at(12 * HOUR));
    tell(
        &mut group[0],
        "inquiry.expired",
        24 * HOUR,
        &json!({ "expired-at": at(24 * HOUR).to_string(), "expires-at": null }),
    );
    actions.replan(&group, &rules(&["50%"]), at(24 * HOUR));
    assert_eq!(actions.planned(), [format!("inq_1 revive at {}", 25 * HOUR)]);
    let revival = actions.0.iter_mut().find(|action| action.state == State::Planned).unwrap();
    revival.state = State::Running;
    tell(
        &mut group[0],
        "inquiry.updated-tags",
        25 * HOUR,
        &json!({ "status": "pending", "expires-at": at(49 * HOUR).to_string() }),
    );
    actions.replan(&group, &rules(&["50%"]), at(25 * HOUR));
    let both = [format!("inq_1 revived at {}", 25 * HOUR), format!("inq_1 50% at {}", 37 * HOUR)];
    assert_eq!(actions.planned(), both);
}

#[test]
fn what_somebody_expired_on_purpose_is_left_alone_until_somebody_comes() {
    let scene = Scene::of(vec![expired("inq_1", HOUR)]);
    assert_eq!(scene.standing(3 * HOUR), Standing::Quiet(Quiet::Status(Status::Expired)));
    assert_eq!(scene.access(3 * HOUR), Access::Revive);
    let mut muted = Scene::of(vec![expired("inq_1", 24 * HOUR)]);
    muted.lineages.muted.insert(id("inq_1"));
    assert_eq!(muted.standing(26 * HOUR), Standing::Quiet(Quiet::Muted));
    assert_eq!(muted.access(26 * HOUR), Access::Revive, "who comes by themselves gets in");
}

#[test]
fn a_newer_version_replaces_after_a_quiet_quarter_of_an_hour_and_only_once_planned() {
    let mut scene = Scene::of(vec![made("inq_1", "ada", 0)]).published("itmplv_2", 30);
    let due = |scene: &Scene, second| match scene.standing(second) {
        Standing::Reminded { replacement, .. } => replacement.map(|planned| planned.due_at),
        other => panic!("{other:?}"),
    };
    assert_eq!(due(&scene, 60), Some(at(60 + 900)));
    let waiting = scene.situation(60).difference().insert.into_iter().find(|planned| planned.key.as_str().starts_with("replace/"));
    let waiting = waiting.unwrap();
    scene.actions = vec![Action {
        planned: waiting,
        state: State::Planned,
        attempts: 0,
        max_attempts: DEFAULT_MAX_ATTEMPTS,
        generation: 0,
        cancelled_by: None,
        reason: None,
        created_at: at(60),
        finished_at: None,
    }];
    assert_eq!(due(&scene, 600), Some(at(960)), "planning again does not put it off");
    scene.group[0].last_active = Some(at(700));
    assert_eq!(due(&scene, 700), Some(at(1_600)), "but the person being there does");
    tell(&mut scene.group[0], "inquiry.started", 800, &json!({ "status": "pending", "started-at": at(800).to_string() }));
    assert_eq!(due(&scene, 800), None, "and who began is not disturbed");
}

#[test]
fn nobody_is_reminded_who_is_at_work() {
    let mut actions = Actions::default();
    let mut group = [made("inq_1", "ada", 0)];
    let rules = rules(&["50%", "3h"]);
    actions.replan(&group, &rules, at(1));
    tell(&mut group[0], "inquiry.started", 12 * HOUR - 60, &json!({ "status": "pending" }));
    actions.replan(&group, &rules, at(12 * HOUR - 60));
    assert_eq!(actions.planned(), ["inq_1 50% at 44940", "inq_1 3h at 75600"], "half an hour after the last step");
    tell(&mut group[0], "inquiry.transitioned", 24 * HOUR - 60, &json!({ "status": "pending" }));
    actions.replan(&group, &rules, at(24 * HOUR - 600));
    assert_eq!(actions.planned(), [format!("inq_1 3h at {}", 24 * HOUR - 300)], "but before it is too late");
}

#[test]
fn a_live_inquiry_is_ended_when_another_of_its_lineage_is_finished() {
    let mut old = expired("inq_1", HOUR);
    tell(&mut old, "inquiry.completed", 3 * HOUR, &json!({ "completed-at": at(HOUR).to_string() }));
    let mut scene = Scene::of(vec![old, made("inq_2", "ada", 2 * HOUR)]);
    let ended = |scene: &Scene| {
        let insert = scene.situation(4 * HOUR).difference().insert;
        insert.iter().filter(|planned| matches!(planned.work, Work::Expire(_))).count()
    };
    assert_eq!(ended(&scene), 0, "two loads of a static link are two lineages");
    scene.lineages.successions = vec![replaced("inq_1", Some("inq_2"), Stage::Replaced)];
    assert_eq!(ended(&scene), 1);
    let done = scene.situation(4 * HOUR).access(&scene.group[1], Form::Browser, ROOM);
    assert_eq!(done, Access::Done { inquiry: id("inq_1"), status: Status::Completed });
    scene.lineages.successions[0].cause = Cause::Failed;
    assert_eq!(ended(&scene), 0, "it was replaced because it was over");
}

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
    (0..STATUSES.len(), hours(), prop::option::of(hours()), prop::option::of(hours()), prop::bool::weighted(0.1), prop::bool::weighted(0.9))
}

fn inquiry((status, from, deadline, gone, redacted, known): Drawn, name: &str) -> Inquiry {
    let mut inquiry = super::scene::unknown(name);
    let hour = |hour: i64| at(hour * HOUR).to_string();
    let mut attributes = json!({ "created-at": hour(from), "expires-at": deadline.map(hour), "expired-at": gone.map(hour) });
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
    let template = prop::option::of((any::<bool>(), 0_i64..120));
    let chances = (any::<bool>(), any::<bool>());
    (group, succession, sessions, template, chances, 0_i64..500, any::<bool>()).prop_map(
        |(group, succession, (made, reusable), published, chances, now, sdk)| {
            let names = ["inq_1", "inq_2", "inq_3"];
            let group = group.into_iter().zip(names).map(|(one, name)| inquiry(one, name)).collect::<Vec<_>>();
            let mut scene = Scene::of(group);
            scene.template = published.map(|(newer, hour)| template(if newer { "itmplv_2" } else { "itmplv_1" }, hour * HOUR));
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
                Standing::Replaced(_) => prop_assert!(
                    matches!(direct, Access::Replace(_) | Access::Elsewhere(_) | Access::Done { .. })),
                Standing::Reminded { replacement: Some(_), .. } => prop_assert!(
                    matches!(direct, Access::Replace(Cause::NewVersion) | Access::Elsewhere(_) | Access::Done { .. })),
                Standing::Reminded { .. } => prop_assert!(!matches!(direct, Access::Closed(Closed::StatusUnknown | Closed::Redacted) | Access::Failed)),
                Standing::Quiet(_) => {}
            }
        }
    }

    /// Planning twice changes nothing, with all there can be.
    #[test]
    fn planning_twice_changes_nothing((scene, now, _, _) in any_scene()) {
        let first = scene.situation(now).difference();
        let fresh = |planned: &rekindle::domain::action::Planned| Action {
            planned: planned.clone(),
            state: State::Planned,
            attempts: 0,
            max_attempts: DEFAULT_MAX_ATTEMPTS,
            generation: 0,
            cancelled_by: None,
            reason: None,
            created_at: at(now),
            finished_at: None,
        };
        let actions: Vec<Action> = first.insert.iter().map(fresh).collect();
        let second = Situation { actions: &actions, ..scene.situation(now) }.difference();
        prop_assert!(second.is_empty(), "{:?}", second);
    }
}
