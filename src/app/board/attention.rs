//! What needs somebody: read where it stands, so that it is gone when it is mended.

use jiff::SignedDuration;

use crate::app::board::{Board, Capped, LaneSetting, Outcome, Period, Reconciliation, StorageError, Tally};
use crate::app::channels::Broken;
use crate::config::Mode;
use crate::domain::action::Kind;
use crate::domain::alert::Alert;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::Tx;

/// What needs somebody first, the most pressing first in each list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attention {
    /// Alerts that fire and that nobody silenced.
    pub alerts: Vec<Alert>,
    /// Actions that were given up, by environment, kind and reason; the latest 1,000 of each environment and kind.
    pub dead_letters: Vec<DeadLetters>,
    /// Events that wait for somebody's decision.
    pub quarantined: Vec<Waiting>,
    /// Events that were not understood.
    pub unreadable: Vec<Waiting>,
    /// Lanes that nobody paused, and whose oldest due action waits for longer than it should.
    pub late: Vec<LaneLate>,
    /// Lanes that somebody paused.
    pub paused: Vec<LaneSetting>,
    /// Notifiers that fail for everyone, as this process sees it: their notices wait.
    pub broken: Vec<Broken>,
    /// Environments that were not made sure of for too long, or whose latest run stopped.
    pub reconciliation: Vec<ReconciliationLate>,
    /// Environments with little left to ask of Persona.
    pub budget: Vec<BudgetLow>,
    /// Deliveries to these environments refused in this hour and the one before.
    pub refused: u64,
}

/// Actions that were given up for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// Their environment.
    pub environment: EnvironmentName,
    /// Their kind.
    pub kind: Kind,
    /// Why they were given up.
    pub reason: Option<String>,
    /// How many.
    pub count: u32,
    /// Whether there may be more of them, behind those that were looked at.
    pub more: bool,
    /// When the latest was given up.
    pub latest: Timestamp,
}

/// Events that wait for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Their environment.
    pub environment: EnvironmentName,
    /// How many.
    pub count: Capped,
}

/// A lane that is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneLate {
    /// Its environment.
    pub environment: EnvironmentName,
    /// Its kind.
    pub kind: Kind,
    /// When its oldest planned action was due.
    pub oldest_due: Timestamp,
}

/// An environment that was not made sure of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationLate {
    /// Which.
    pub environment: EnvironmentName,
    /// What changed at Persona before then is known; `None` when it was never made sure of.
    pub until: Option<Timestamp>,
    /// Why the latest run stopped before it was done.
    pub error: Option<String>,
}

/// An environment with little left to ask of Persona.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLow {
    /// Which.
    pub environment: EnvironmentName,
    /// Calls left in this window.
    pub left: u32,
    /// Calls a window allows, where Persona said so.
    pub limit: Option<u32>,
    /// When there will be more.
    pub opens_at: Timestamp,
    /// How much of the limit is used at present, in per cent; less than 100 after a refusal.
    pub pace: u32,
}

impl Attention {
    /// Whether nothing needs anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How many dead letters of a lane are looked at.
const LATEST: u32 = 1_000;

/// How late due work may be before somebody should look: workers take it within seconds.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// How many times its schedule a reconciliation may be late.
const LATE_TIMES: i32 = 3;

/// What is left of a budget that is low, in per cent: below that Persona recommends to slow down
/// (<https://docs.withpersona.com/rate-limiting>).
const LOW: u32 = 15;

impl Board {
    /// What needs somebody.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn attention(&self) -> Result<Attention, StorageError> {
        let now = self.app.clock().now();
        let mut attention = Attention::default();
        let mut tx = self.app.database().read().await?;
        let lanes = tx.lane_settings().await?;
        let reconciliations = tx.reconciliations().await?;
        for name in self.environments() {
            let paused: Vec<Kind> =
                lanes.iter().filter(|one| one.paused && one.lane.0 == name).map(|one| one.lane.1).collect();
            self.failed_and_late(&mut tx, &name, &paused, &mut attention).await?;
            for (outcome, list) in
                [(Outcome::Quarantined, &mut attention.quarantined), (Outcome::Unreadable, &mut attention.unreadable)]
            {
                let count = tx.count_set_aside(&name, outcome).await?;
                if !count.is_zero() {
                    list.push(Waiting { environment: name.clone(), count });
                }
            }
            let known = reconciliations.iter().find(|known| known.environment == name);
            attention.reconciliation.extend(self.reconciliation_late(&name, known, now));
            attention.budget.extend(self.budget_low(&mut tx, &name, now).await?);
            let hour = Period::Hour.beginning(now);
            let told = tx.tallies(&name, hour.minus(SignedDuration::from_hours(1)), now.plus(LATE)).await?;
            attention.refused +=
                told.iter().filter(|((tally, _), _)| *tally == Tally::Refused).map(|(_, count)| count).sum::<u64>();
        }
        drop(tx);
        attention.alerts = self.firing().await?;
        attention.broken = self.app.broken_channels();
        attention.paused = lanes.into_iter().filter(|one| one.paused && self.sees(&one.lane.0)).collect();
        attention.late.sort_by_key(|late| late.oldest_due);
        attention.dead_letters.sort_by_key(|letters| std::cmp::Reverse((letters.count, letters.latest)));
        Ok(attention)
    }

    async fn failed_and_late(
        &self,
        tx: &mut Tx,
        name: &EnvironmentName,
        paused: &[Kind],
        attention: &mut Attention,
    ) -> Result<(), StorageError> {
        let now = self.app.clock().now();
        let acts = self.app.environments().get(name).is_some_and(|known| known.settings.mode == Mode::Act);
        let earliest = tx.earliest_due(name, &Kind::ALL).await?;
        for (kind, oldest_due) in Kind::ALL.into_iter().zip(earliest) {
            let late = oldest_due.filter(|due| acts && !paused.contains(&kind) && now.since(*due) > LATE);
            if let Some(oldest_due) = late {
                attention.late.push(LaneLate { environment: name.clone(), kind, oldest_due });
            }
            let failures = tx.failures(&(name.clone(), kind), LATEST + 1).await?;
            let more = failures.iter().map(|one| one.count).sum::<u32>() > LATEST;
            attention.dead_letters.extend(failures.into_iter().map(|one| DeadLetters {
                environment: name.clone(),
                kind,
                reason: one.reason,
                count: one.count,
                more,
                latest: one.latest,
            }));
        }
        Ok(())
    }

    /// Whether an environment that can be asked was not made sure of for longer than it should.
    fn reconciliation_late(
        &self,
        name: &EnvironmentName,
        known: Option<&Reconciliation>,
        now: Timestamp,
    ) -> Option<ReconciliationLate> {
        self.app.environments().get(name).filter(|environment| environment.persona.is_some())?;
        let known = known?;
        let error = known.run.as_ref().and_then(|run| run.error.clone());
        let patience = self.app.reconciles_every() * LATE_TIMES;
        let late = now.since(known.reconciled_until) > patience;
        let until = Some(known.reconciled_until);
        (late || error.is_some()).then(|| ReconciliationLate { environment: name.clone(), until, error })
    }

    async fn budget_low(
        &self,
        tx: &mut Tx,
        name: &EnvironmentName,
        now: Timestamp,
    ) -> Result<Option<BudgetLow>, StorageError> {
        let Some(environment) = self.app.environments().get(name) else { return Ok(None) };
        let Some(mut ledger) = tx.budget(name, environment.settings.careful_calls_per_minute).await? else {
            return Ok(None);
        };
        ledger.advance(now);
        let few = ledger.limit.is_some_and(|limit| ledger.left.saturating_mul(100) < limit.saturating_mul(LOW));
        let low = few || ledger.pace < 100 || ledger.closed_until.is_some();
        Ok(low.then(|| BudgetLow {
            environment: name.clone(),
            left: ledger.left,
            limit: ledger.limit,
            opens_at: ledger.opens_at(now),
            pace: ledger.pace,
        }))
    }
}
