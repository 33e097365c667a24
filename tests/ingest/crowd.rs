//! Two processes, the same few people, every order that could make them wait for each other.

use std::collections::BTreeMap;

use rekindle::app::App;
use rekindle::domain::ids::InquiryId;
use rekindle::domain::inquiry::Inquiry;
use rekindle::storage::actions::ActionFilter;
use rekindle::storage::inquiries::InquiryFilter;
use tokio::task::JoinSet;

use super::stage::{app, deliver, environment, event, events};
use crate::storage::raw;
use crate::support;

/// Few enough that every batch of one process meets one of the other.
const PEOPLE: usize = 7;
const INQUIRIES: usize = 40;
const ROUNDS: usize = 8;

/// Events about the inquiries: at first nobody knows whose they are, then one person's, then another's.
fn story() -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for round in 0..ROUNDS {
        for inquiry in 0..INQUIRIES {
            let status = ["created", "pending", "expired", "pending", "completed"][(round + inquiry % 2).min(4)];
            let person = (round > 0).then(|| format!("person-{}", (inquiry + round / 3) % PEOPLE));
            let (id, inquiry) = (format!("evt_{round}_{inquiry}"), format!("inq_{inquiry}"));
            let second = i64::try_from(round * 100).unwrap();
            bodies.push(event(&id, &inquiry, status, person.as_deref(), second));
        }
    }
    bodies
}

/// Every inquiry as it is known in the end.
async fn known(app: &App) -> BTreeMap<String, Inquiry> {
    let mut tx = app.database().read().await.unwrap();
    let rows = tx.list_inquiries(&InquiryFilter::default(), None, 1_000).await.unwrap().items;
    let mut known = BTreeMap::new();
    for row in rows {
        let id: InquiryId = row.id;
        let stored = tx.inquiry(&environment(), &id).await.unwrap().unwrap();
        known.insert(id.to_string(), stored.inquiry);
    }
    known
}

/// Every action in the end: its key and its state.
async fn plan(app: &App) -> BTreeMap<String, String> {
    let mut tx = app.database().read().await.unwrap();
    let actions = tx.list_actions(&ActionFilter::default(), None, 1_000).await.unwrap().items;
    actions.into_iter().map(|action| (action.planned.key.as_str().to_owned(), action.state.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_never_deadlock_and_end_where_one_would() {
    let Some(database) = support::postgres().await else { return };
    let (one, other) = (app(&database.url).await, app(&database.url).await);
    let bodies = story();
    let mut deliveries = JoinSet::new();
    for at in 0..bodies.len() {
        // One from the front, the other from the back, and each event to both.
        for (app, body) in [(&one, &bodies[at]), (&other, &bodies[bodies.len() - 1 - at])] {
            let (app, body) = (app.clone(), body.clone());
            deliveries.spawn(async move { deliver(&app, &body).await.unwrap() });
        }
    }
    let receipts = deliveries.join_all().await;
    assert_eq!(receipts.len(), bodies.len() * 2);
    let stored = events(&one).await;
    assert_eq!(stored.len(), bodies.len());
    assert!(stored.iter().all(|event| event.deliveries == 2 && event.outcome.is_some()), "each once, told twice");

    let alone = support::sqlite().await;
    let orderly = app(&alone.url).await;
    for body in &bodies {
        deliver(&orderly, body).await.unwrap();
    }
    assert_eq!(known(&one).await, known(&orderly).await);
    let planned = |actions: BTreeMap<String, String>| -> Vec<String> {
        actions.into_iter().filter(|(_, state)| state == "planned").map(|(key, _)| key).collect()
    };
    assert_eq!(planned(plan(&one).await), planned(plan(&orderly).await));

    // Counted when a connection ends, at the latest.
    one.database().close().await;
    other.database().close().await;
    let sql = "SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(raw::column(&database, sql).await, ["0"], "deadlocks");
}
