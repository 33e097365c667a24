//! What is planned for a person, as state, rules and time move.

use rekindle::domain::addressee::Addressee;
use rekindle::domain::lineage::Lineages;
use rekindle::domain::plan::{Quiet, Situation, Standing};
use rekindle::domain::rules::Rules;
use rekindle::domain::status::Status;
use serde_json::json;

use super::scene::{Actions, at, made, rules, tell, unknown};

const HOUR: i64 = 3_600;

fn quiet_of(group: &[rekindle::domain::inquiry::Inquiry], index: usize, second: i64) -> Quiet {
    let rules = rules(&["50%"]);
    let (rules, lineages, addressee) = (&rules, &Lineages::default(), &Addressee::default());
    match (Situation { group, actions: &[], lineages, template: None, rules, addressee, now: at(second) })
        .standing(&group[index])
    {
        Standing::Quiet(quiet) => quiet,
        other => panic!("not quiet: {other:?}"),
    }
}

#[test]
fn reminders_stand_where_the_rules_put_them() {
    let mut actions = Actions::default();
    let group = [made("inq_1", "ada", 0)];
    let first = actions.replan(&group, &rules(&["30m", "50%", "3h"]), at(1));
    assert_eq!(first.insert.len(), 3);
    assert_eq!(actions.planned(), ["inq_1 50% at 43200", "inq_1 3h at 75600", "inq_1 30m at 84600"]);
    assert!(actions.replan(&group, &rules(&["30m", "50%", "3h"]), at(2)).is_empty(), "planning twice changes nothing");
}

#[test]
fn a_moved_deadline_moves_the_reminders() {
    let mut actions = Actions::default();
    let mut group = [made("inq_1", "ada", 0)];
    actions.replan(&group, &rules(&["3h"]), at(1));
    tell(
        &mut group[0],
        "inquiry.started",
        60,
        &json!({ "status": "pending", "expires-at": at(48 * HOUR).to_string() }),
    );
    let difference = actions.replan(&group, &rules(&["3h"]), at(61));
    assert_eq!(actions.planned(), ["inq_1 3h at 162000"]);
    assert!(difference.cancel[0].1.reason.starts_with("the deadline moved to"), "{difference:?}");
    tell(&mut group[0], "inquiry.transitioned", 70, &json!({ "expires-at": at(24 * HOUR).to_string() }));
    actions.replan(&group, &rules(&["3h"]), at(71));
    assert_eq!(actions.planned(), ["inq_1 3h at 75600"], "what the plan cancelled it may want again");
}

#[test]
fn who_is_done_is_left_in_peace() {
    for (name, status) in [
        ("inquiry.completed", Status::Completed),
        ("inquiry.failed", Status::Failed),
        ("inquiry.approved", Status::Approved),
        ("inquiry.declined", Status::Declined),
        ("inquiry.marked-for-review", Status::NeedsReview),
        ("inquiry.expired", Status::Expired),
    ] {
        let mut actions = Actions::default();
        let mut group = [made("inq_1", "ada", 0)];
        actions.replan(&group, &rules(&["50%", "3h"]), at(1));
        tell(&mut group[0], name, 100, &json!({}));
        actions.replan(&group, &rules(&["50%", "3h"]), at(101));
        assert_eq!(actions.planned(), [""; 0], "{name}");
        assert_eq!(quiet_of(&group, 0, 101), Quiet::Status(status));
    }
}

#[test]
fn of_several_open_inquiries_of_a_person_only_the_newest_acts() {
    let mut actions = Actions::default();
    let group = [made("inq_1", "ada", 0), made("inq_2", "ada", 600), made("inq_3", "ada", 300)];
    actions.replan(&group, &rules(&["50%"]), at(700));
    assert_eq!(actions.planned(), ["inq_2 50% at 43800"]);
    assert_eq!(quiet_of(&group, 0, 700), Quiet::NewerOpen(group[1].id.clone()));
}

#[test]
fn who_finished_another_inquiry_is_not_troubled_about_the_first() {
    let mut actions = Actions::default();
    let mut group = [made("inq_1", "ada", 0), made("inq_2", "ada", 600)];
    tell(&mut group[1], "inquiry.completed", 900, &json!({ "completed-at": at(900).to_string() }));
    actions.replan(&group, &rules(&["50%"]), at(901));
    assert_eq!(actions.planned(), [""; 0]);
    assert_eq!(quiet_of(&group, 0, 901), Quiet::FinishedAnother(group[1].id.clone()));
}

#[test]
fn news_of_a_verification_finished_earlier_does_not_silence_a_new_one() {
    let mut group = [made("inq_1", "ada", 0), made("inq_2", "ada", 90_000)];
    tell(&mut group[0], "inquiry.completed", 900, &json!({ "completed-at": at(900).to_string() }));
    tell(&mut group[0], "inquiry.approved", 100_000, &json!({ "decisioned-at": at(100_000).to_string() }));
    tell(&mut group[0], "inquiry.updated-tags", 110_000, &json!({ "status": "approved" }));
    let mut actions = Actions::default();
    actions.replan(&group, &rules(&["50%"]), at(110_001));
    assert_eq!(actions.planned(), ["inq_2 50% at 133200"]);
}

#[test]
fn steps_missed_in_an_outage_collapse_into_the_last() {
    let mut actions = Actions::default();
    let group = [made("inq_1", "ada", 0)];
    let rules = rules(&["50%", "3h", "30m"]);
    actions.replan(&group, &rules, at(1));
    actions.replan(&group, &rules, at(22 * HOUR));
    assert_eq!(actions.planned(), ["inq_1 3h at 75600", "inq_1 30m at 84600"]);
    actions.perform("3h", at(22 * HOUR));
    actions.replan(&group, &rules, at(22 * HOUR + 5));
    assert_eq!(actions.planned(), ["inq_1 30m at 84600"], "the missed ones stay missed");
}

#[test]
fn a_new_rule_whose_time_has_passed_does_not_remind_twice() {
    let mut actions = Actions::default();
    let group = [made("inq_1", "ada", 0)];
    actions.replan(&group, &rules(&["50%"]), at(1));
    actions.perform("50%", at(12 * HOUR + 5));
    actions.replan(&group, &rules(&["40%", "3h"]), at(13 * HOUR));
    assert_eq!(actions.planned(), ["inq_1 3h at 75600"]);
}

#[test]
fn changed_rules_change_the_plan() {
    let mut actions = Actions::default();
    let group = [made("inq_1", "ada", 0)];
    actions.replan(&group, &rules(&["50%"]), at(1));
    let difference = actions.replan(&group, &rules(&["3h"]), at(2));
    assert_eq!(actions.planned(), ["inq_1 3h at 75600"]);
    assert_eq!(difference.cancel[0].1.reason, "the rules no longer ask for it");
}

#[test]
fn an_operators_cancellation_stands() {
    let mut actions = Actions::default();
    let group = [made("inq_1", "ada", 0)];
    actions.replan(&group, &rules(&["50%"]), at(1));
    actions.0[0].state = rekindle::domain::action::State::Cancelled;
    actions.0[0].cancelled_by = Some(rekindle::domain::action::CancelledBy::Operator);
    assert!(actions.replan(&group, &rules(&["50%"]), at(2)).is_empty());
}

#[test]
fn one_person_receives_no_more_than_the_rules_allow() {
    let mut actions = Actions::default();
    let group = [made("inq_1", "ada", 0)];
    let rules = Rules { max_reminders: 1, ..rules(&["50%", "3h"]) };
    actions.replan(&group, &rules, at(1));
    assert_eq!(actions.planned(), ["inq_1 50% at 43200"]);
    actions.perform("50%", at(12 * HOUR));
    actions.replan(&group, &rules, at(13 * HOUR));
    assert_eq!(actions.planned(), [""; 0]);
}

#[test]
fn what_is_not_known_troubles_nobody() {
    assert_eq!(quiet_of(&[unknown("inq_1")], 0, 0), Quiet::StatusUnknown);
    let mut redacted = made("inq_1", "ada", 0);
    tell(&mut redacted, "inquiry.redacted", 10, &json!({ "redacted-at": at(10).to_string() }));
    assert_eq!(quiet_of(&[redacted], 0, 11), Quiet::Redacted);
    assert_eq!(quiet_of(&[made("inq_1", "ada", 0)], 0, 25 * HOUR), Quiet::DeadlinePassed(at(24 * HOUR)));
}

#[test]
fn without_expires_at_the_templates_lifetime_counts() {
    let mut inquiry = unknown("inq_1");
    tell(&mut inquiry, "inquiry.created", 0, &json!({ "status": "created", "created-at": at(0).to_string() }));
    let mut actions = Actions::default();
    actions.replan(&[inquiry], &rules(&["3h"]), at(1));
    assert_eq!(actions.planned(), ["inq_1 3h at 75600"]);
}

#[test]
fn after_a_resume_the_reminders_count_from_the_new_lifetime() {
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
    tell(
        &mut group[0],
        "inquiry.transitioned",
        30 * HOUR,
        &json!({
        "status": "pending", "expires-at": at(54 * HOUR).to_string() }),
    );
    actions.replan(&group, &rules(&["50%"]), at(30 * HOUR));
    assert_eq!(actions.planned(), [format!("inq_1 50% at {}", 42 * HOUR)]);
}

#[test]
fn who_resumes_days_later_is_not_reminded_at_once() {
    let mut group = [made("inq_1", "ada", 0)];
    tell(
        &mut group[0],
        "inquiry.expired",
        24 * HOUR,
        &json!({ "expired-at": at(24 * HOUR).to_string(), "expires-at": null }),
    );
    tell(
        &mut group[0],
        "inquiry.transitioned",
        96 * HOUR,
        &json!({
        "status": "pending", "expires-at": at(120 * HOUR).to_string() }),
    );
    let mut actions = Actions::default();
    actions.replan(&group, &rules(&["50%"]), at(96 * HOUR + 5));
    assert_eq!(actions.planned(), [format!("inq_1 50% at {}", 108 * HOUR)]);
}

#[test]
fn a_resumed_inquiry_without_expires_at_is_reminded_too() {
    let mut inquiry = unknown("inq_1");
    tell(&mut inquiry, "inquiry.created", 0, &json!({ "status": "created", "created-at": at(0).to_string() }));
    tell(&mut inquiry, "inquiry.expired", 24 * HOUR, &json!({ "expired-at": at(24 * HOUR).to_string() }));
    tell(&mut inquiry, "inquiry.transitioned", 30 * HOUR, &json!({ "status": "pending" }));
    let mut actions = Actions::default();
    actions.replan(&[inquiry], &rules(&["3h"]), at(30 * HOUR));
    assert_eq!(actions.planned(), [format!("inq_1 3h at {}", 45 * HOUR)]);
}

#[test]
fn a_newer_inquiry_past_its_deadline_does_not_silence_an_older_one() {
    let mut group = [made("inq_1", "ada", 0), made("inq_2", "ada", 600)];
    tell(
        &mut group[0],
        "inquiry.started",
        700,
        &json!({ "status": "pending", "expires-at": at(48 * HOUR).to_string() }),
    );
    let mut actions = Actions::default();
    actions.replan(&group, &rules(&["3h"]), at(26 * HOUR));
    assert_eq!(actions.planned(), [format!("inq_1 3h at {}", 45 * HOUR)], "inq_2's expiry was never heard of");
}
