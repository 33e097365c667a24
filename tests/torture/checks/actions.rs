//! Every action has one end, every lease has one, and nothing waits for ever.

use std::collections::BTreeMap;

use rekindle::domain::action::{Action, State};
use rekindle::storage::Database;
use rekindle::storage::actions::{ActionFilter, Attempt, AttemptOutcome};

use super::{Tally, Witnesses};
use crate::torture::findings::Findings;

/// How long after its time an action is overdue when nothing stands in its way.
const OVERDUE: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

/// Every action by its id.
pub async fn check(witnesses: &Witnesses<'_>, findings: &mut Findings, tally: &mut Tally) -> BTreeMap<String, Action> {
    let actions = stored(witnesses.database, findings).await;
    for (id, action) in &actions {
        *tally.actions.entry(action.state.as_str()).or_default() += 1;
        let mut tx = witnesses.database.read().await.unwrap();
        let attempts = tx.attempts(&action.planned.id).await.unwrap();
        tally.attempts += attempts.len();
        tally.takeovers += count(&attempts, AttemptOutcome::Lost);
        outcome(id, action, &attempts, findings);
        match action.state {
            State::Running => findings.stuck.push(format!("action {id} runs for ever")),
            State::Planned if witnesses.now.since(action.planned.due_at) > OVERDUE => {
                findings.stuck.push(format!("action {id} was due at {}, and waits", action.planned.due_at));
            }
            _ => {}
        }
    }
    let running = witnesses.fleet.list(&["actions", "list", "--state", "running"]).await;
    if !running.is_empty() {
        findings.stuck.push(format!("{} actions are listed as running", running.len()));
    }
    actions
}

async fn stored(database: &Database, findings: &mut Findings) -> BTreeMap<String, Action> {
    let (mut stored, mut after) = (BTreeMap::new(), None);
    loop {
        let mut tx = database.read().await.unwrap();
        let page = tx.list_actions(&ActionFilter::default(), after.as_ref(), 1_000).await.unwrap();
        findings.wrong.extend(page.unreadable.iter().map(|key| format!("action {key}: its row can't be understood")));
        stored.extend(page.items.into_iter().map(|action| (action.planned.id.to_string(), action)));
        match page.next {
            Some(next) => after = Some(next),
            None => return stored,
        }
    }
}

fn outcome(id: &str, action: &Action, attempts: &[Attempt], findings: &mut Findings) {
    let (done, gave_up) = (count(attempts, AttemptOutcome::Done), count(attempts, AttemptOutcome::GaveUp));
    if done + gave_up > 1 {
        findings.doubled.push(format!("action {id} was done {done} times and given up {gave_up} times"));
    }
    if (action.state == State::Done) != (done > 0) {
        findings.wrong.push(format!("action {id} is {}, and was done {done} times", action.state));
    }
    if attempts.len() < usize::try_from(action.attempts).unwrap() {
        let (claims, ends) = (action.attempts, attempts.len());
        findings.doubled.push(format!("action {id} was claimed {claims} times, and {ends} of the claims have an end"));
    }
    if matches!(action.state, State::Failed | State::Cancelled) && action.reason.is_none() {
        findings.wrong.push(format!("action {id} is {} without a reason", action.state));
    }
}

fn count(attempts: &[Attempt], outcome: AttemptOutcome) -> usize {
    attempts.iter().filter(|attempt| attempt.outcome == outcome).count()
}
