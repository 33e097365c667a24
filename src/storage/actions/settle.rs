//! How an attempt's end is written: only by whoever still holds the lease.

use crate::domain::action::{CancelledBy, End, Settled, State};
use crate::domain::time::Timestamp;
use crate::storage::actions::attempt::Attempt;
use crate::storage::actions::lease::Lease;
use crate::storage::error::Result;
use crate::storage::sabotage::unfenced;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

statements! {
    SETTLE {
        "UPDATE actions
         SET state = $3, due_at = coalesce($4, due_at), reason = $5, cancelled_by = $6, generation = $7,
             finished_at = $8, updated_at = $9, lease_until = NULL
         WHERE id = $1 AND lease_token = $2 AND state = 'running'"
    }
}

impl Tx {
    /// Settles an attempt and keeps it; false when the lease was lost, and nothing was written.
    ///
    /// Several in one transaction should come in the order of their leases, so that two transactions can't wait for
    /// each other.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn settle(
        &mut self,
        lease: &Lease,
        settled: &Settled,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<bool> {
        let (state, due_at, reason, by) = match &settled.end {
            End::Done => (State::Done, None, None, None),
            End::Again { due_at, reason } => (State::Planned, Some(*due_at), Some(reason), None),
            End::Failed { reason } => (State::Failed, None, Some(reason), None),
            End::Cancelled { reason, by } => (State::Cancelled, None, Some(reason), Some(*by)),
        };
        let reason = reason.map(|reason| fit(reason));
        let written = on_db!(self, conn, sql = SETTLE =>
            sqlx::query(unfenced(sql))
                .bind(lease.action.as_str())
                .bind(lease.token)
                .bind(state.as_str())
                .bind(due_at)
                .bind(reason.as_deref())
                .bind(by.map(CancelledBy::as_str))
                .bind(i32::try_from(settled.generation).unwrap_or(i32::MAX))
                .bind((state != State::Planned).then_some(now))
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        if written {
            self.keep_attempt(lease, attempt).await?;
        }
        Ok(written)
    }
}
