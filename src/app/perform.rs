//! Claimed actions, performed and settled.

use std::time::Duration;

use tracing::{info, warn};

use crate::app::App;
use crate::domain::action::{Outcome, State, Work};
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::actions::{Attempt, Claimed, LeaseToken};

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
        let mut tx = self.database().begin().await?;
        let claimed = tx.claim(&lanes, most, owner, lease, self.clock().now()).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Prolongs leases of `owner`; which of them it still holds.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn renew(
        &self,
        owner: &str,
        tokens: &[LeaseToken],
        lease: Duration,
    ) -> Result<Vec<LeaseToken>, StorageError> {
        let mut tx = self.database().begin().await?;
        let kept = tx.renew(owner, tokens, lease, self.clock().now()).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Takes back up to `most` actions whose leases lapsed: due again, or given up where no attempt is left.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn reap(&self, most: u32) -> Result<u64, StorageError> {
        let mut tx = self.database().begin().await?;
        let taken = tx.reap(self.clock().now(), most).await?;
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
        let settlement = action.settlement(outcome, now);
        let attempt = Attempt {
            number: action.attempts,
            started_at: began,
            ended_at: now,
            worker: owner.to_owned(),
            outcome: settlement.attempt.to_owned(),
            error: settlement.reason.clone(),
        };
        let mut tx = self.database().begin().await?;
        let held = tx.settle(&action.planned.id, &claimed.token, &settlement, &attempt, now).await?;
        tx.commit().await?;

        let id = &action.planned.id;
        let (kind, inquiry) = (action.planned.work.kind(), &action.planned.inquiry);
        let reason = settlement.reason.as_deref().unwrap_or("");
        match settlement.state {
            _ if !held => warn!(action = %id, %kind, %inquiry, "lease lost; another worker has it"),
            State::Failed => warn!(action = %id, %kind, %inquiry, reason, "action given up"),
            State::Planned => info!(action = %id, %kind, %inquiry, reason, due_at = %settlement.due_at, "action will be tried again"),
            state => info!(action = %id, %kind, %inquiry, reason, "action {state}"),
        }
        metrics::counter!("rekindle_attempts_total", "kind" => kind.as_str(), "outcome" => settlement.attempt).increment(1);
        Ok(held)
    }
}
