//! What reached Persona and the application: no effect twice under two keys, no person troubled who was done.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use rekindle::domain::action::{Action, State};
use rekindle::domain::time::Timestamp;

use super::{Tally, Witnesses};
use crate::torture::RACE;
use crate::torture::findings::Findings;
use crate::torture::receiver::Notice;

/// What may pass between an answer to a notice and the row that says so.
const MARGIN: SignedDuration = SignedDuration::from_secs(1);

/// One generation of one action's calls for a link.
#[derive(Default)]
struct Calls {
    /// Answered with 2xx, and not from memory.
    acted: usize,
    succeeded: usize,
    refused: usize,
}

pub fn check(
    witnesses: &Witnesses<'_>,
    actions: &BTreeMap<String, Action>,
    findings: &mut Findings,
    tally: &mut Tally,
) {
    links(witnesses, findings, tally);
    notices(witnesses, actions, findings, tally);
    the_finished(witnesses, findings, tally);
}

fn links(witnesses: &Witnesses<'_>, findings: &mut Findings, tally: &mut Tally) {
    let mut calls: BTreeMap<(String, u32), Calls> = BTreeMap::new();
    for request in witnesses.persona.requests() {
        if !request.path.ends_with("/generate-one-time-link") {
            continue;
        }
        let Some(key) = request.idempotency_key.as_deref().and_then(parts) else {
            findings.wrong.push(format!("{} without a key of an action", request.line()));
            continue;
        };
        let calls = calls.entry(key).or_default();
        let status = request.status.unwrap_or_default();
        let succeeded = (200..300).contains(&status);
        calls.succeeded += usize::from(succeeded);
        calls.acted += usize::from(succeeded && !request.replayed);
        // 401 and 429 are decided before keys are looked at.
        calls.refused += usize::from(status >= 400 && !matches!(status, 401 | 429));
        tally.mints += usize::from(succeeded && !request.replayed);
        tally.mint_replays += usize::from(succeeded && request.replayed);
    }
    for ((action, generation), here) in &calls {
        if here.acted > 1 {
            findings.doubled.push(format!("action {action}: {} links under one key", here.acted));
        }
        let Some(before) = generation.checked_sub(1) else { continue };
        tally.new_generations += 1;
        let before = calls.get(&(action.clone(), before));
        if before.is_none_or(|before| before.refused == 0 || before.succeeded > 0) {
            findings.doubled.push(format!("action {action}: a new key, though the one before it may have succeeded"));
        }
    }
}

/// The action and the generation of a key `action/link/generation`.
fn parts(key: &str) -> Option<(String, u32)> {
    let mut parts = key.split('/');
    let (action, _, generation) = (parts.next()?, parts.next()?, parts.next()?);
    Some((action.to_owned(), generation.parse().ok()?))
}

fn notices(witnesses: &Witnesses<'_>, actions: &BTreeMap<String, Action>, findings: &mut Findings, tally: &mut Tally) {
    let mut by_id: BTreeMap<&str, Vec<&Notice>> = BTreeMap::new();
    for notice in witnesses.notices {
        by_id.entry(&notice.id).or_default().push(notice);
    }
    tally.notices = by_id.len();
    tally.repeats = witnesses.notices.len() - by_id.len();
    for (id, notices) in &by_id {
        let links: BTreeSet<&str> = notices.iter().map(|notice| notice.link.as_str()).collect();
        if links.len() > 1 {
            findings.doubled.push(format!("notice {id} came with {} links", links.len()));
        }
        let Some(action) = actions.get(*id) else {
            findings.lost.push(format!("notice {id} came, and there is no such action"));
            continue;
        };
        if notices.iter().any(|notice| notice.inquiry != action.planned.inquiry.as_str()) {
            findings.wrong.push(format!("notice {id} is about another inquiry than its action"));
        }
        let Some(finished) = action.finished_at.filter(|_| action.state == State::Done) else { continue };
        for late in notices.iter().filter(|notice| notice.at.since(finished) > MARGIN) {
            tally.late_repeats += 1;
            if !stood_still(witnesses, finished, late.at) {
                findings
                    .doubled
                    .push(format!("notice {id} came again, {:#} after it was done", late.at.since(finished)));
            }
        }
    }
    let told: BTreeSet<&str> =
        witnesses.notices.iter().filter(|notice| notice.answered < 300).map(|notice| notice.id.as_str()).collect();
    for (id, _) in actions.iter().filter(|(_, action)| action.state == State::Done) {
        if !told.contains(id.as_str()) {
            findings.lost.push(format!("action {id} is done, and nobody was told"));
        }
    }
}

/// Nobody is reminded who was done longer ago than the race between the last look and the notice can take.
fn the_finished(witnesses: &Witnesses<'_>, findings: &mut Findings, tally: &mut Tally) {
    let finished = witnesses.people.finished();
    for notice in witnesses.notices {
        let Some(finished) = finished.get(&notice.inquiry) else { continue };
        let after = notice.at.since(*finished);
        if !after.is_positive() {
            continue;
        }
        if after <= RACE || stood_still(witnesses, *finished, notice.at) {
            tally.reminded_in_the_window += 1;
        } else {
            findings.wrong.push(format!("inquiry {} was over for {after:#} when its notice came", notice.inquiry));
        }
    }
}

/// Whether a process stood still in between: it can't look again before it sends what it was about to send.
fn stood_still(witnesses: &Witnesses<'_>, from: Timestamp, to: Timestamp) -> bool {
    witnesses.counts.freezes.iter().any(|(since, until)| *since <= to && until.plus(MARGIN) >= from)
}
