//! Every event that was answered with 2xx is there once, as it was sent, and something became of it.

use std::collections::{BTreeMap, BTreeSet};

use rekindle::domain::ids::EventId;
use rekindle::storage::Database;
use rekindle::storage::events::{EventFilter, Origin, Outcome, StoredEvent};
use sha2::{Digest, Sha256};

use super::{Tally, Witnesses, environment};
use crate::torture::findings::Findings;
use crate::torture::ledger::{Entry, Expected, Pages};

/// Every stored event by its id.
pub async fn check(
    witnesses: &Witnesses<'_>,
    findings: &mut Findings,
    tally: &mut Tally,
) -> BTreeMap<String, StoredEvent> {
    let stored = stored(witnesses.database, findings).await;
    let entries = {
        let pages = witnesses.ledger.read();
        outsiders(&pages, &stored, findings);
        pages.entries.clone()
    };
    for (id, entry) in &entries {
        match stored.get(id) {
            None if entry.answers > 0 => {
                findings.lost.push(format!("event {id}: answered {} times with 2xx, and not stored", entry.answers));
            }
            None => findings.wrong.push(format!("event {id} was never answered with 2xx")),
            Some(event) => check_one(entry, event, witnesses.database, findings).await,
        }
    }
    tally.stored = stored.len();
    let count = |outcome| stored.values().filter(|event| event.outcome == Some(outcome)).count();
    tally.ignored = count(Outcome::Ignored);
    tally.quarantined = count(Outcome::Quarantined);
    tally.unreadable = count(Outcome::Unreadable);
    shown(witnesses, "quarantined", Expected::Quarantined, &entries, findings).await;
    shown(witnesses, "unreadable", Expected::Unreadable, &entries, findings).await;
    stored
}

async fn stored(database: &Database, findings: &mut Findings) -> BTreeMap<String, StoredEvent> {
    let (mut stored, mut after) = (BTreeMap::new(), None);
    loop {
        let mut tx = database.read().await.unwrap();
        let page = tx.list_events(&EventFilter::default(), after.as_ref(), 1_000).await.unwrap();
        findings.wrong.extend(page.unreadable.iter().map(|key| format!("event {key}: its row can't be understood")));
        for event in page.items {
            if let Some(twin) = stored.insert(event.id.to_string(), event) {
                findings.doubled.push(format!("event {} is stored twice", twin.id));
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return stored,
        }
    }
}

async fn check_one(entry: &Entry, event: &StoredEvent, database: &Database, findings: &mut Findings) {
    let id = &event.id;
    let reason_given = event.reason.as_deref().is_some_and(|reason| !reason.is_empty());
    match (entry.expected, event.outcome) {
        (_, None) => findings.lost.push(format!("event {id} is stored, and nothing became of it")),
        (Expected::Understood, Some(Outcome::Applied))
        | (Expected::Quarantined, Some(Outcome::Quarantined))
        | (Expected::Unreadable, Some(Outcome::Unreadable)) => {}
        (Expected::Understood, Some(Outcome::Ignored)) if reason_given => {}
        (expected, Some(outcome)) => {
            findings.wrong.push(format!("event {id} is {outcome} ({:?}), expected: {expected:?}", event.reason));
        }
    }
    // What reconciliation fetched counts as one; it must not stand in for a delivery that was answered and lost.
    let fetched = u32::from(event.origin != Origin::Webhook);
    if event.deliveries < entry.answers + fetched {
        let (answers, deliveries) = (entry.answers, event.deliveries);
        findings.lost.push(format!("event {id}: {answers} deliveries answered with 2xx, {deliveries} counted"));
    }
    let body = database.read().await.unwrap().event_body(&environment(), id).await.unwrap();
    // What the API confirmed first is kept in the API's words.
    if event.origin == Origin::Webhook && body.is_none_or(|body| *Sha256::digest(&body) != entry.hash) {
        findings.wrong.push(format!("event {id} is not kept as it was sent"));
    }
}

/// What is stored although nobody with the secret sent it.
fn outsiders(pages: &Pages, stored: &BTreeMap<String, StoredEvent>, findings: &mut Findings) {
    for (id, event) in stored {
        if pages.forged.contains(id) {
            findings.wrong.push(format!("event {id} was forged, and is stored"));
        } else if event.origin == Origin::Webhook && !pages.entries.contains_key(id) {
            findings.wrong.push(format!("event {id} is stored, and was never sent"));
        }
    }
    if pages.forged_taken > 0 {
        findings.wrong.push(format!("{} forged deliveries were answered with 2xx", pages.forged_taken));
    }
}

/// What operators must see, they see.
async fn shown(
    witnesses: &Witnesses<'_>,
    outcome: &str,
    expected: Expected,
    entries: &BTreeMap<String, Entry>,
    findings: &mut Findings,
) {
    let listed = witnesses.fleet.list(&["events", "list", "--outcome", outcome]).await;
    let listed: BTreeSet<&str> = listed.iter().map(|event| event["id"].as_str().unwrap()).collect();
    for (id, _) in entries.iter().filter(|(_, entry)| entry.expected == expected && entry.answers > 0) {
        if !listed.contains(id.as_str()) {
            findings.lost.push(format!("event {id} is not in the list of what is {outcome}"));
        }
    }
}

/// The body of a stored event.
pub async fn body(database: &Database, id: &EventId) -> Vec<u8> {
    database.read().await.unwrap().event_body(&environment(), id).await.unwrap().unwrap_or_default()
}
