//! What alerts are found by, read where it stands.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::app::App;
use crate::config::Mode;
use crate::domain::action::Kind;
use crate::domain::alert::{BudgetFacts, ExpectDeliveries, Facts, LEARNT_FROM, learnt_silence};
use crate::domain::budget::Urgency;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::events::Outcome;
use crate::storage::reconciliation::Why;
use crate::storage::tallies::{Period, Tally};
use crate::storage::{StorageError, Tx};

/// Within which time wrong signatures are counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// How many windows an hour has.
const WINDOWS: u64 = 4;

/// How far back is looked for how many refusals are usual.
const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Dead letters of one lane beyond which nobody counts.
const MOST: u32 = 1_000;

/// What people, or the application, wait for; the rest may be late by design.
const WAITED_FOR: [Kind; 4] = [Kind::Remind, Kind::Invite, Kind::Tell, Kind::Revive];

impl App {
    /// What is known of an environment now.
    pub(super) async fn alert_facts(&self, name: &EnvironmentName, now: Timestamp) -> Result<Facts, StorageError> {
        let Some(environment) = self.environments().get(name) else { return Ok(Facts::default()) };
        let expected = environment.settings.silence.unwrap_or(self.shared.alerts.silence);
        let mut tx = self.database().read().await?;
        let mut facts = work(&mut tx, name, environment.settings.mode == Mode::Act).await?;
        facts.last_delivery = tx.last_delivery(name).await?;
        let weeks = tx.tallies(name, now.minus(LEARNT_FROM), now.plus(WINDOW)).await?;
        let hours = |wanted: Tally| weeks.iter().filter(move |((tally, _), _)| *tally == wanted);
        facts.silent_after = match expected {
            ExpectDeliveries::Off => None,
            ExpectDeliveries::Within(allowed) => Some(allowed),
            ExpectDeliveries::Learnt => {
                learnt_silence(&hours(Tally::Delivered).map(|((_, hour), _)| *hour).collect::<BTreeSet<_>>())
            }
        };
        facts.signature_failures = tx.count_refusals(name, "signature", now.minus(WINDOW)).await?;
        let refused = hours(Tally::Refused).filter(|((_, hour), _)| now.since(*hour) <= USUAL).map(|(_, count)| *count);
        facts.usual_failures = usual(refused.collect()) / WINDOWS;
        facts.quarantined = tx.count_set_aside(name, Outcome::Quarantined).await?.count.into();
        facts.unreadable = tx.count_set_aside(name, Outcome::Unreadable).await?.count.into();
        if environment.persona.is_some() {
            let known = tx.reconciliations().await?.into_iter().find(|known| known.environment == *name);
            facts.reconciled_until = known.as_ref().map(|known| known.reconciled_until);
            // Who asked for a run reads what it found.
            let run = known.and_then(|known| known.run).filter(|run| run.why != Why::Asked);
            facts.losses = run.map_or(0, |run| run.found.recovered);
        }
        if let Some(mut ledger) = tx.budget(name, environment.settings.careful_calls_per_minute).await? {
            ledger.advance(now);
            let for_reminders = ledger.available(Urgency::Reminder, now);
            facts.budget = Some(BudgetFacts { for_reminders, left: ledger.left, pace: ledger.pace });
        }
        Ok(facts)
    }
}

/// What is known of an environment's work.
async fn work(tx: &mut Tx, name: &EnvironmentName, acts: bool) -> Result<Facts, StorageError> {
    let mut facts = Facts::default();
    for kind in Kind::ALL {
        let failures = tx.failures(&(name.clone(), kind), MOST).await?;
        let count = failures.iter().map(|one| u64::from(one.count)).sum::<u64>();
        if count > 0 {
            facts.dead_letters.push((kind, count));
        }
    }
    let settings = tx.lane_settings().await?;
    let paused = settings.into_iter().filter(|one| one.paused && one.lane.0 == *name);
    facts.paused = paused.map(|one| (one.lane.1, one.changed_at, one.changed_by)).collect();
    if acts {
        let due = tx.earliest_due(name, &WAITED_FOR).await?;
        let waits = |kind: &Kind| facts.paused.iter().all(|(paused, ..)| paused != kind);
        let due = WAITED_FOR.into_iter().zip(due).filter(|(kind, _)| waits(kind));
        facts.due = due.filter_map(|(kind, due)| Some((kind, due?))).collect();
    }
    Ok(facts)
}

/// How many refusals an hour usually has: in half of all hours there are no more.
fn usual(mut refused: Vec<u64>) -> u64 {
    let hours = usize::try_from(USUAL.as_secs() / Period::Hour.seconds()).unwrap_or(1);
    refused.resize(refused.len().max(hours), 0);
    refused.sort_unstable();
    refused.get(refused.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_hour_is_not_usual_and_a_bad_week_is() {
        assert_eq!(usual(Vec::new()), 0);
        assert_eq!(usual(vec![500; 24]), 0, "a day is not half a week");
        assert_eq!(usual(vec![80; 100]), 80);
    }
}
