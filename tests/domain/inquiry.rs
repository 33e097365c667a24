//! How one more observation changes what is known.

use jiff::SignedDuration;
use rekindle::domain::inquiry::{Change, Comparison, NoChange};
use rekindle::domain::observation::{Observation, Source};
use rekindle::domain::resource;
use rekindle::domain::status::Status;
use serde_json::json;

use super::scene::{at, made, tell, unknown};

#[test]
fn a_late_expiry_never_undoes_an_approval() {
    let mut inquiry = made("inq_1", "ada", 0);
    tell(&mut inquiry, "inquiry.approved", 900, &json!({ "status": "approved", "decisioned-at": at(900).to_string() }));
    let change = tell(&mut inquiry, "inquiry.expired", 86_400, &json!({ "status": "expired" }));
    assert_eq!(inquiry.status(), Some(&Status::Approved));
    assert_eq!(change, Change::Unchanged(NoChange::Behind { stands: Status::Approved }));
}

#[test]
fn a_late_event_still_fills_what_nothing_newer_spoke_of() {
    let mut inquiry = unknown("inq_1");
    tell(&mut inquiry, "inquiry.completed", 300, &json!({ "status": "completed", "expires-at": null }));
    let change = tell(
        &mut inquiry,
        "inquiry.created",
        0,
        &json!({
        "status": "created", "reference-id": "ada", "expires-at": at(86_400).to_string() }),
    );
    assert_eq!(inquiry.known.reference_id().unwrap().as_str(), "ada");
    assert_eq!(inquiry.known.expires_at(), None, "newer said there is no deadline any more");
    assert_eq!(
        change,
        Change::Changed {
            attributes: vec!["reference-id"],
            status_kept: Some(NoChange::Behind { stands: Status::Completed }),
        }
    );
}

#[test]
fn a_duplicate_says_nothing_new() {
    let mut inquiry = made("inq_1", "ada", 0);
    let before = inquiry.clone();
    let again = json!({ "status": "created", "reference-id": "ada",
        "created-at": at(0).to_string(), "expires-at": at(86_400).to_string() });
    assert_eq!(tell(&mut inquiry, "inquiry.created", 0, &again), Change::Unchanged(NoChange::Repeats));
    assert_eq!(inquiry, before);
}

#[test]
fn an_expired_inquiry_becomes_pending_again_by_resume() {
    let mut inquiry = made("inq_1", "ada", 0);
    tell(&mut inquiry, "inquiry.started", 60, &json!({ "status": "pending" }));
    tell(
        &mut inquiry,
        "inquiry.expired",
        86_400,
        &json!({ "status": "expired", "expired-at": at(86_400).to_string() }),
    );
    assert_eq!(inquiry.status(), Some(&Status::Expired));
    tell(
        &mut inquiry,
        "inquiry.transitioned",
        90_000,
        &json!({
        "status": "pending", "expires-at": at(176_400).to_string() }),
    );
    assert_eq!(inquiry.status(), Some(&Status::Pending));
    let deadline = *inquiry.known.expires_at().unwrap();
    let lifetime = SignedDuration::from_hours(24);
    assert_eq!(inquiry.lifetime_began(deadline, lifetime), Some(at(90_000)), "a lifetime before the new deadline");
}

#[test]
fn a_status_at_the_same_moment_is_settled_by_rank() {
    for order in [["inquiry.completed", "inquiry.approved"], ["inquiry.approved", "inquiry.completed"]] {
        let mut inquiry = unknown("inq_1");
        for name in order {
            tell(&mut inquiry, name, 300, &json!({}));
        }
        assert_eq!(inquiry.status(), Some(&Status::Approved), "{order:?}");
    }
}

#[test]
fn a_blocklisted_status_is_told_by_the_events_name() {
    let mut inquiry = unknown("inq_1");
    tell(&mut inquiry, "inquiry.marked-for-review", 5, &json!({}));
    assert_eq!(inquiry.status(), Some(&Status::NeedsReview));
    tell(&mut inquiry, "inquiry.updated-tags", 9, &json!({}));
    assert_eq!(inquiry.status(), Some(&Status::NeedsReview), "tags say nothing of the status");
}

#[test]
fn an_unknown_status_is_kept_until_something_further_along_comes() {
    let mut inquiry = made("inq_1", "ada", 0);
    tell(&mut inquiry, "inquiry.paused", 50, &json!({ "status": "on-hold" }));
    assert_eq!(inquiry.status(), Some(&Status::Other("on_hold".to_owned())));
    tell(&mut inquiry, "inquiry.completed", 40, &json!({ "status": "completed" }));
    assert_eq!(inquiry.status(), Some(&Status::Completed));
}

#[test]
fn within_one_second_our_own_call_and_a_later_read_know_better_than_an_event() {
    let says = |status: &str| {
        let updated_at = at(100).to_string();
        let resource = json!({ "id": "inq_1", "attributes": { "status": status, "updated-at": updated_at } });
        resource::snapshot(&resource).unwrap()
    };
    let mut inquiry = unknown("inq_1");
    tell(&mut inquiry, "inquiry.expired", 100, &json!({ "status": "expired" }));
    inquiry.apply(Observation::of_read(says("pending"), at(100)));
    assert_eq!(inquiry.status(), Some(&Status::Expired), "asked in that second: the event may be newer");
    inquiry.apply(Observation::of(says("pending"), at(100), Source::OwnCall));
    assert_eq!(inquiry.status(), Some(&Status::Pending));
    inquiry.apply(Observation::of_read(says("expired"), at(102)));
    assert_eq!(inquiry.status(), Some(&Status::Expired), "asked later: it has seen the whole second");
}

#[test]
fn a_search_is_compared_before_it_is_believed() {
    let says = |second: i64, attributes: serde_json::Value| {
        let mut resource = json!({ "id": "inq_1", "attributes": attributes });
        resource["attributes"]["updated-at"] = json!(at(second).to_string());
        resource::snapshot(&resource).unwrap()
    };
    let mut inquiry = made("inq_1", "ada", 0);
    tell(&mut inquiry, "inquiry.started", 60, &json!({ "status": "pending", "next-step-name": "selfie" }));
    for (second, attributes, expected) in [
        (60, json!({ "status": "pending", "next-step-name": "selfie" }), Comparison::Same),
        (60, json!({ "status": "pending", "previous-step-name": "start" }), Comparison::Other),
        (60, json!({ "status": "completed" }), Comparison::Tied),
        (60, json!({ "next-step-name": "passport" }), Comparison::Tied),
        (30, json!({ "status": "created" }), Comparison::Other),
        (90, json!({ "status": "completed" }), Comparison::Other),
        (0, json!({ "reference-id": "bo" }), Comparison::Tied),
        (90, json!({}), Comparison::Same),
    ] {
        assert_eq!(inquiry.compare(&says(second, attributes.clone())), expected, "{attributes} at {second}");
    }
    let late = says(60, json!({ "status": "created" }));
    inquiry.apply(Observation::of_search(late, at(4_000)));
    assert_eq!(inquiry.status(), Some(&Status::Pending), "however late it is asked, the event of that second stands");
    inquiry.apply(Observation::of_search(says(61, json!({ "status": "completed" })), at(4_000)));
    assert_eq!(inquiry.status(), Some(&Status::Completed));
}

#[test]
fn redaction_keeps_the_status() {
    let mut inquiry = made("inq_1", "ada", 0);
    tell(
        &mut inquiry,
        "inquiry.redacted",
        10,
        &json!({
        "status": "created", "reference-id": null, "redacted-at": at(10).to_string() }),
    );
    assert_eq!(inquiry.status(), Some(&Status::Created));
    assert_eq!(inquiry.known.redacted_at(), Some(&at(10)));
    assert_eq!(inquiry.person(), None);
}
