//! Claimed actions, performed and settled.

use std::time::Duration;

use tracing::{info, warn};

use crate::app::App;
use crate::domain::action::{Action, End, Outcome, Work};
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::actions::{Attempt, AttemptOutcome, Claimed, Lease};

impl App {
    /// Takes up to `most` due actions, each with a lease of its own, in the name of `owner`.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn claim(&self, owner: &str, most: u32, lease: Duration) -> Result<Vec<Claimed>, StorageError> {
        let lanes = self.lanes();
        if lanes.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        // A look takes no lock; on SQLite a claim takes the one writer.
        let now = self.clock().now();
        let due = self.database().read().await?.next_due(&lanes).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let mut tx = self.database().begin().await?;
        let claimed = tx.claim(&lanes, most, owner, lease, now).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Prolongs leases of `owner`; which of them it still holds.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn renew(&self, owner: &str, leases: &[Lease], lease: Duration) -> Result<Vec<Lease>, StorageError> {
        let mut tx = self.database().begin().await?;
        let kept = tx.renew(owner, leases, lease, self.clock().now()).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Gives back claimed actions that were not begun: due as before, and no attempt counted.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; they are then taken over when their leases lapse.
    pub async fn release(&self, leases: &[Lease]) -> Result<(), StorageError> {
        let mut tx = self.database().begin().await?;
        tx.release(leases, self.clock().now()).await?;
        tx.commit().await
    }

    /// Takes back up to `most` actions whose leases lapsed: due again, or given up where no attempt is left.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn reap(&self, most: u32) -> Result<usize, StorageError> {
        let mut tx = self.database().begin().await?;
        let taken = tx.reap(most, self.clock().now()).await?.len();
        tx.commit().await?;
        Ok(taken)
    }

    /// Performs one action and says how it went; writes nothing about the action itself.
    pub async fn perform(&self, claimed: &Claimed) -> Outcome {
        let action = &claimed.action;
        match &action.planned.work {
            Work::Remind(reminder) => self.remind(action, reminder).await,
        }
    }

    /// Writes how an attempt ended. False when the lease was lost: then nothing is written.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; the caller tries again.
    pub async fn settle(
        &self,
        claimed: &Claimed,
        owner: &str,
        began: Timestamp,
        outcome: Outcome,
    ) -> Result<bool, StorageError> {
        let action = &claimed.action;
        let now = self.clock().now();
        let settled = action.settled(outcome, now);
        let attempt = Attempt {
            number: action.attempts,
            started_at: began,
            ended_at: now,
            worker: owner.to_owned(),
            outcome: AttemptOutcome::from(&settled.end),
            error: reason_of(&settled.end).map(str::to_owned),
        };
        let mut tx = self.database().begin().await?;
        let held = tx.settle(&claimed.lease, &settled, &attempt, now).await?;
        tx.commit().await?;
        tell(action, &settled.end, held);
        let kind = action.planned.work.kind().as_str();
        metrics::counter!("rekindle_attempts_total", "kind" => kind, "outcome" => attempt.outcome.as_str())
            .increment(1);
        Ok(held)
    }
}

fn reason_of(end: &End) -> Option<&str> {
    match end {
        End::Done => None,
        End::Again { reason, .. } | End::Failed { reason } | End::Cancelled { reason, .. } => Some(reason),
    }
}

/// The one log line of an attempt.
fn tell(action: &Action, end: &End, held: bool) {
    let (id, kind, inquiry) = (&action.planned.id, action.planned.work.kind(), &action.planned.inquiry);
    match end {
        _ if !held => warn!(action = %id, %kind, %inquiry, "lease lost; another worker has the action"),
        End::Done => info!(action = %id, %kind, %inquiry, "action done"),
        End::Again { due_at, reason } => {
            info!(action = %id, %kind, %inquiry, reason, %due_at, "action will be tried again");
        }
        End::Failed { reason } => warn!(action = %id, %kind, %inquiry, reason, "action given up"),
        End::Cancelled { reason, .. } => info!(action = %id, %kind, %inquiry, reason, "action cancelled"),
    }
}
