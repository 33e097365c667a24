//! Events are stored once, counted, settled, listed and found.

use rekindle::domain::subject::SubjectId;
use rekindle::domain::time::Timestamp;
use rekindle::storage::events::{EventFilter, EventKey, NewEvent, Origin, Outcome};
use rekindle::storage::{Cursor, Tx};

use crate::storage::sample::{at, environment, event_id, inquiry_id, sandbox};
use crate::storage::subjects::sealed;
use crate::support::on_both;

const BODY: &[u8] = b"{\"not\": \"UTF-8: \xff\xfe, nor without \x00\"}";

/// Records an event; whether it was there already.
async fn record(tx: &mut Tx, id: &str, inquiry: Option<&str>, second: i64) -> bool {
    record_in(tx, "sandbox", id, inquiry, at(second)).await
}

async fn record_in(
    tx: &mut Tx,
    environment_name: &str,
    id: &str,
    inquiry: Option<&str>,
    received_at: Timestamp,
) -> bool {
    let (key, inquiry) = ((environment(environment_name), event_id(id)), inquiry.map(inquiry_id));
    let own = SubjectId::event(&key.1);
    let of_inquiry = inquiry.as_ref().map(SubjectId::inquiry);
    let body = sealed(tx, &key, of_inquiry.as_ref().unwrap_or(&own), BODY).await;
    let subject = of_inquiry.is_none().then_some(&own);
    let event = NewEvent { inquiry: inquiry.as_ref(), subject, body: Some(&body), ..event(&key, received_at) };
    tx.record_events(&[event]).await.unwrap().contains(&key)
}

/// An event that came once and of which nobody has said yet what became.
fn event(key: &EventKey, received_at: Timestamp) -> NewEvent<'_> {
    NewEvent {
        key,
        name: Some("inquiry.started"),
        occurred_at: Some(at(-5)),
        received_at,
        last_received_at: received_at,
        deliveries: 1,
        inquiry: None,
        origin: Origin::Webhook,
        outcome: None,
        reason: None,
        subject: None,
        body: None,
    }
}

on_both! {
    async fn an_event_is_stored_once_however_often_it_is_delivered(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        assert!(!record(&mut tx, "evt_1", Some("inq_1"), 10).await);
        assert!(record(&mut tx, "evt_1", Some("inq_1"), 20).await);
        tx.settle_event(&sandbox(), &event_id("evt_1"), Outcome::Applied, None, None).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.begin().await.unwrap();
        let key = (sandbox(), event_id("evt_1"));
        let known = tx.known_events(&[&key, &(sandbox(), event_id("evt_2"))]).await.unwrap();
        assert_eq!(known.into_iter().collect::<Vec<_>>(), [(key, Some(Outcome::Applied))]);
        assert!(tx.known_events(&[]).await.unwrap().is_empty());
        assert!(record(&mut tx, "evt_1", None, 15).await);
        assert!(!record_in(&mut tx, "production", "evt_1", None, at(30)).await, "environments share no ids");
        tx.commit().await.unwrap();

        let mut tx = database.read().await.unwrap();
        let found = tx.find_event(&event_id("evt_1")).await.unwrap();
        assert_eq!(found.len(), 2);
        let stored = &found[1];
        assert_eq!(stored.environment, sandbox());
        assert_eq!(stored.name.as_deref(), Some("inquiry.started"));
        assert_eq!(stored.inquiry, Some(inquiry_id("inq_1")));
        assert_eq!((stored.deliveries, stored.occurred_at), (3, Some(at(-5))));
        assert_eq!((stored.received_at, stored.last_received_at), (at(10), at(20)), "first and latest, in any order");
        assert_eq!((stored.origin, stored.outcome), (Origin::Webhook, Some(Outcome::Applied)));
        let body = tx.event_body(&sandbox(), &event_id("evt_1")).await.unwrap();
        assert_eq!(body.as_deref(), Some(BODY), "byte for byte");
        assert_eq!(tx.event_body(&sandbox(), &event_id("evt_2")).await.unwrap(), None);
    }

    async fn many_events_are_recorded_at_once_each_with_its_own_body(database: &Scratch) {
        let keys = ["evt_1", "evt_2", "evt_3", "evt_4"].map(|id| (sandbox(), event_id(id)));
        let bodies: [&[u8]; 4] = [b"one", BODY, b"", b"the fourth"];
        let mut tx = database.begin().await.unwrap();
        let (mut subjects, mut boxes) = (Vec::new(), Vec::new());
        for (key, body) in keys.iter().zip(bodies) {
            subjects.push(SubjectId::event(&key.1));
            boxes.push(sealed(&mut tx, key, &subjects[subjects.len() - 1], body).await);
        }
        let events = |deliveries| {
            let new = |((key, subject), body): ((_, _), _)| {
                let body: &Vec<u8> = body;
                NewEvent { subject: Some(subject), body: Some(body), deliveries, ..event(key, at(1)) }
            };
            keys.iter().zip(&subjects).zip(&boxes).map(new).collect::<Vec<_>>()
        };
        tx.record_events(&events(3)[1..2]).await.unwrap();
        let there = tx.record_events(&events(2)).await.unwrap();
        assert_eq!(there.into_iter().collect::<Vec<_>>(), [keys[1].clone()]);
        assert!(tx.record_events(&[]).await.unwrap().is_empty());
        tx.commit().await.unwrap();
        let mut tx = database.read().await.unwrap();
        for (key, body) in keys.iter().zip(bodies) {
            assert_eq!(tx.event_body(&key.0, &key.1).await.unwrap().as_deref(), Some(body));
        }
        let stored = tx.list_events(&EventFilter::default(), None, 10).await.unwrap().items;
        assert_eq!(stored.iter().map(|event| event.deliveries).collect::<Vec<_>>(), [2, 2, 5, 2], "newest id first");
    }

    async fn only_what_is_quarantined_takes_a_new_outcome(database: &Scratch) {
        let key = (sandbox(), event_id("evt_1"));
        for (said, stands) in [
            (Some((Outcome::Quarantined, Some("too old"))), (Some(Outcome::Quarantined), Some("too old"))),
            (None, (Some(Outcome::Quarantined), Some("too old"))),
            (Some((Outcome::Applied, None)), (Some(Outcome::Applied), None)),
            (Some((Outcome::Quarantined, Some("too old"))), (Some(Outcome::Applied), None)),
            (Some((Outcome::Ignored, Some("it says nothing new"))), (Some(Outcome::Applied), None)),
        ] {
            let (outcome, reason) = said.map_or((None, None), |(outcome, reason)| (Some(outcome), reason));
            let mut tx = database.begin().await.unwrap();
            tx.record_events(&[NewEvent { outcome, reason, ..event(&key, at(1)) }]).await.unwrap();
            tx.commit().await.unwrap();
            let stored = database.read().await.unwrap().find_event(&key.1).await.unwrap().remove(0);
            assert_eq!((stored.outcome, stored.reason.as_deref()), stands, "{said:?}");
        }
    }

    async fn what_was_not_understood_is_listed_among_the_events(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        record(&mut tx, "evt_1", None, 1).await;
        let key = (sandbox(), event_id("sha256-00ff"));
        let unreadable = NewEvent {
            name: None,
            occurred_at: None,
            outcome: Some(Outcome::Unreadable),
            reason: Some("the body is not JSON we can read"),
            ..event(&key, at(2))
        };
        assert!(tx.record_events(std::slice::from_ref(&unreadable)).await.unwrap().is_empty());
        assert_eq!(tx.record_events(&[unreadable]).await.unwrap().len(), 1);
        tx.commit().await.unwrap();

        let mut tx = database.read().await.unwrap();
        let page = tx.list_events(&EventFilter::default(), None, 10).await.unwrap();
        assert_eq!(page.items.len(), 2);
        let listed = &page.items[0];
        assert_eq!((&listed.id, &listed.name, listed.occurred_at), (&key.1, &None, None));
        assert_eq!(listed.reason.as_deref(), Some("the body is not JSON we can read"));
        let filter = EventFilter { outcome: Some(Outcome::Unreadable), ..EventFilter::default() };
        assert_eq!(tx.list_events(&filter, None, 10).await.unwrap().items.len(), 1);
    }

    async fn settling_says_why_and_names_the_inquiry(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        record(&mut tx, "evt_1", None, 1).await;
        record(&mut tx, "evt_2", Some("inq_2"), 2).await;
        let reason = format!("nul \0 and {}", "long ".repeat(1_000));
        for id in ["evt_1", "evt_2"] {
            let inquiry = (id == "evt_1").then(|| inquiry_id("inq_1"));
            tx.settle_event(&sandbox(), &event_id(id), Outcome::Ignored, Some(&reason), inquiry.as_ref()).await.unwrap();
        }
        tx.commit().await.unwrap();

        let mut tx = database.read().await.unwrap();
        for (id, inquiry) in [("evt_1", "inq_1"), ("evt_2", "inq_2")] {
            let stored = tx.find_event(&event_id(id)).await.unwrap().remove(0);
            assert_eq!((stored.outcome, stored.inquiry), (Some(Outcome::Ignored), Some(inquiry_id(inquiry))));
            let reason = stored.reason.unwrap();
            assert!(reason.starts_with("nul ? and long") && reason.len() <= 2_000, "{reason}");
        }
        let timeline = tx.events_of_inquiry(&sandbox(), &inquiry_id("inq_2")).await.unwrap();
        assert_eq!(timeline.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["evt_2"]);
    }

    async fn pages_follow_each_other_without_gaps_although_times_tie_and_rows_are_added(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        for (id, second) in [("evt_a", 1), ("evt_B", 2), ("evt_b", 2), ("evt_c", 2), ("evt_d", 3)] {
            record(&mut tx, id, None, second).await;
        }
        record_in(&mut tx, "production", "evt_b", None, at(2)).await;
        tx.commit().await.unwrap();

        let (mut seen, mut after): (Vec<String>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let mut tx = database.read().await.unwrap();
            let page = tx.list_events(&EventFilter::default(), after.as_ref(), 2).await.unwrap();
            drop(tx);
            seen.extend(page.items.iter().map(|event| format!("{}/{}", event.environment, event.id)));
            let Some(next) = page.next else { break };
            after = Some(next.to_string().parse().unwrap());
            let mut tx = database.begin().await.unwrap();
            record(&mut tx, &format!("evt_new_{}", seen.len()), None, 9).await;
            tx.commit().await.unwrap();
        }
        // Newest first; ids in the order of their bytes, whatever the locale of the database.
        let expected =
            ["sandbox/evt_d", "sandbox/evt_c", "sandbox/evt_b", "sandbox/evt_B", "production/evt_b", "sandbox/evt_a"];
        assert_eq!(seen, expected);
    }

    async fn filters_combine(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        record(&mut tx, "evt_1", Some("inq_1"), 1).await;
        record(&mut tx, "evt_2", Some("inq_2"), 2).await;
        record_in(&mut tx, "production", "evt_3", Some("inq_1"), at(3)).await;
        tx.settle_event(&sandbox(), &event_id("evt_1"), Outcome::Quarantined, None, None).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.read().await.unwrap();
        let table = [
            (EventFilter { environment: Some(sandbox()), ..EventFilter::default() }, vec!["evt_2", "evt_1"]),
            (EventFilter { inquiry: Some(inquiry_id("inq_1")), ..EventFilter::default() }, vec!["evt_3", "evt_1"]),
            (EventFilter { outcome: Some(Outcome::Quarantined), ..EventFilter::default() }, vec!["evt_1"]),
            (EventFilter { name: Some("inquiry.expired".to_owned()), ..EventFilter::default() }, vec![]),
            (
                EventFilter {
                    environment: Some(sandbox()),
                    name: Some("inquiry.started".to_owned()),
                    inquiry: Some(inquiry_id("inq_1")),
                    outcome: Some(Outcome::Quarantined),
                    ..EventFilter::default()
                },
                vec!["evt_1"],
            ),
        ];
        for (filter, expected) in table {
            let page = tx.list_events(&filter, None, 10).await.unwrap();
            assert_eq!(page.items.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), expected, "{filter:?}");
            assert_eq!(page.next, None);
        }
    }
}
