//! What is planned in advance so that people get in, and what is left alone.

use rekindle::domain::access::{Access, Form};
use rekindle::domain::action::{State, Work};
use rekindle::domain::lineage::{Cause, Stage};
use rekindle::domain::plan::{Quiet, Standing};
use rekindle::domain::status::Status;
use serde_json::json;

use super::super::scene::{Actions, at, made, rules, tell};
use super::{HOUR, ROOM, Scene, expired, id, replaced, stored};

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
    let waiting = scene
        .situation(60)
        .difference()
        .insert
        .into_iter()
        .find(|planned| planned.key.as_str().starts_with("replace/"));
    let waiting = waiting.unwrap();
    scene.actions = vec![stored(waiting, State::Planned, 60)];
    assert_eq!(due(&scene, 600), Some(at(960)), "planning again does not put it off");
    scene.group[0].last_active = Some(at(700));
    assert_eq!(due(&scene, 700), Some(at(1_600)), "but the person being there does");
    tell(
        &mut scene.group[0],
        "inquiry.started",
        800,
        &json!({ "status": "pending", "started-at": at(800).to_string() }),
    );
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
    assert_eq!(ended(&scene), 1, "what was taken for failed was passed after all");
    let mut failed = expired("inq_1", HOUR);
    tell(&mut failed, "inquiry.failed", 3 * HOUR, &json!({ "failed-at": at(HOUR).to_string() }));
    scene.group[0] = failed;
    assert_eq!(ended(&scene), 0, "it was replaced because it was over");
}
