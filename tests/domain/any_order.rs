//! The property everything rests on: duplicates and any order end in the same state and the same plan.

use proptest::prelude::*;
use rekindle::domain::inquiry::Inquiry;
use serde_json::{Value, json};

use super::scene::{Actions, at, event, observation, rules, unknown};

const NAMES: [&str; 11] = [
    "inquiry.created",
    "inquiry.started",
    "inquiry.transitioned",
    "inquiry.expired",
    "inquiry.completed",
    "inquiry.failed",
    "inquiry.marked-for-review",
    "inquiry.approved",
    "inquiry.declined",
    "inquiry.redacted",
    "inquiry.updated-tags",
];
const STATUSES: [&str; 9] =
    ["created", "pending", "pending", "expired", "completed", "failed", "needs_review", "approved", "on_hold"];
const INQUIRIES: [&str; 3] = ["inq_1", "inq_2", "inq_3"];

/// One event of a lineage: most are as Persona would write them, some are odd, and any attribute may be blocklisted.
fn any_event() -> impl Strategy<Value = (usize, Value)> {
    (0..INQUIRIES.len(), 0..NAMES.len(), 0..STATUSES.len(), any::<bool>(), 0_i64..200_000, any::<u8>(), 0_i64..4)
        .prop_map(|(inquiry, name, status, odd, millis, kept, days)| {
            let id = INQUIRIES[inquiry];
            let status = if odd { STATUSES[status] } else { STATUSES[name.min(7)] };
            let deadline = (days > 0).then(|| at(days * 86_400).to_string());
            let all = json!({
                "status": status, "reference-id": "ada", "created-at": at(i64::try_from(inquiry).unwrap()).to_string(),
                "expires-at": deadline, "completed-at": at(millis / 1_000).to_string(),
                "expired-at": (days == 3).then(|| at(millis / 1_000).to_string()), "next-step-name": format!("step_{days}"),
                "redacted-at": (name == 9).then(|| at(millis / 1_000).to_string()) });
            let attributes: serde_json::Map<String, Value> = all
                .as_object()
                .unwrap()
                .iter()
                .enumerate()
                .filter(|(position, _)| kept & (1 << position) != 0)
                .map(|(_, (key, value))| (key.clone(), value.clone()))
                .collect();
            (inquiry, event(NAMES[name], id, millis, &Value::Object(attributes)))
        })
}

/// A lineage, and the order in which its events arrive: every one at least once, some again.
fn lineage_and_arrival() -> impl Strategy<Value = (Vec<(usize, Value)>, Vec<usize>)> {
    prop::collection::vec(any_event(), 1..14).prop_flat_map(|events| {
        let order: Vec<usize> = (0..events.len()).collect();
        let again = prop::collection::vec(0..events.len(), 0..8);
        (Just(events), Just(order), again).prop_flat_map(|(events, mut order, again)| {
            order.extend(again);
            (Just(events), Just(order).prop_shuffle())
        })
    })
}

/// Applies events in an order, planning after each as ingest does, at one moment of our clock.
fn live(events: &[(usize, Value)], order: &[usize]) -> (Vec<Inquiry>, Vec<String>) {
    let mut group: Vec<Inquiry> = INQUIRIES.iter().map(|id| unknown(id)).collect();
    let mut actions = Actions::default();
    let rules = rules(&["50%", "3h", "30m"]);
    for index in order {
        let (inquiry, event) = &events[*index];
        group[*inquiry].apply(observation(event));
        actions.replan(&group, &rules, at(1_000));
    }
    assert!(actions.replan(&group, &rules, at(1_000)).is_empty(), "planning again changes nothing");
    (group, actions.planned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_with_any_repetition_ends_in_the_same_state_and_plan((events, arrival) in lineage_and_arrival()) {
        let in_order: Vec<usize> = (0..events.len()).collect();
        let (state, plan) = live(&events, &in_order);
        let (shuffled_state, shuffled_plan) = live(&events, &arrival);
        prop_assert_eq!(state, shuffled_state);
        prop_assert_eq!(plan, shuffled_plan);
    }

    #[test]
    fn a_decision_is_never_undone_by_what_is_not_one((events, arrival) in lineage_and_arrival()) {
        let mut group: Vec<Inquiry> = INQUIRIES.iter().map(|id| unknown(id)).collect();
        for index in arrival {
            let (inquiry, event) = &events[index];
            let before = group[*inquiry].status().map(rekindle::domain::status::Status::phase);
            group[*inquiry].apply(observation(event));
            let after = group[*inquiry].status().map(rekindle::domain::status::Status::phase);
            prop_assert!(after >= before, "{:?} became {:?}", before, after);
        }
    }
}
