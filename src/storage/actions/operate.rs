//! The operators' side: trying again, and calling off.

use crate::domain::action::{CancelledBy, State};
use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;
use crate::storage::actions::attempt::{Attempt, AttemptOutcome};
use crate::storage::actions::lease::Lease;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

statements! {
    RETRY {
        "UPDATE actions
         SET state = 'planned', due_at = $2, attempts = 0, reason = $3, cancelled_by = NULL, finished_at = NULL,
             updated_at = $2
         WHERE id = $1 AND state IN ('failed', 'cancelled')"
    }
    RESCHEDULE {
        "UPDATE actions SET due_at = $2, reason = $3, updated_at = $4 WHERE id = $1 AND state = 'planned'"
    }
    LOCK { lock "SELECT state, attempts, lease_token, lease_owner, started_at FROM actions WHERE id = $1" }
    CANCEL {
        "UPDATE actions
         SET state = 'cancelled', reason = $2, cancelled_by = $3, finished_at = $4, updated_at = $4, lease_until = NULL
         WHERE id = $1"
    }
}

impl Tx {
    /// Plans a failed or cancelled action for now, with all its attempts before it; false in any other state.
    ///
    /// `by` names the operator and is shown as the reason until the next attempt.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn retry_action(&mut self, id: &ActionId, by: &str, now: Timestamp) -> Result<bool> {
        let reason = format!("retried by {by}");
        let retried = on_db!(self, conn, sql = RETRY =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(now)
                .bind(fit(&reason).as_ref())
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        if retried {
            self.due(now, now);
        }
        Ok(retried)
    }

    /// Puts a planned action to another time; false in any other state. `why` is shown until the next attempt.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn reschedule_action(
        &mut self,
        id: &ActionId,
        due_at: Timestamp,
        why: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let moved = on_db!(self, conn, sql = RESCHEDULE =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(due_at)
                .bind(fit(why).as_ref())
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        if moved {
            self.due(due_at, now);
        }
        Ok(moved)
    }

    /// Calls off a planned or running action for good; false in any other state.
    ///
    /// A running one loses its lease, so that whatever its worker has to say comes too late; what it did stays done.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn cancel_action(&mut self, id: &ActionId, reason: &str, now: Timestamp) -> Result<bool> {
        let row: Option<Row> =
            on_db!(self, conn, sql = LOCK => sqlx::query_as(sql).bind(id.as_str()).fetch_optional(conn).await)?;
        let Some(row) = row else { return Ok(false) };
        let place = Place { table: "actions", row: id.as_str() };
        let state = place.some("state", State::parse(&row.state))?;
        if !matches!(state, State::Planned | State::Running) {
            return Ok(false);
        }
        on_db!(self, conn, sql = CANCEL =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(fit(reason).as_ref())
                .bind(CancelledBy::Operator.as_str())
                .bind(now)
                .execute(conn)
                .await
                .map(drop))?;
        if state == State::Running {
            let attempt = Attempt {
                number: place.count("attempts", row.attempts)?,
                started_at: row.started_at.unwrap_or(now),
                ended_at: now,
                worker: row.lease_owner.unwrap_or_default(),
                outcome: AttemptOutcome::Cancelled,
                error: Some(reason.to_owned()),
            };
            self.keep_attempt(&Lease { action: id.clone(), token: row.lease_token }, &attempt).await?;
        }
        Ok(true)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    state: String,
    attempts: i32,
    lease_token: i64,
    lease_owner: Option<String>,
    started_at: Option<Timestamp>,
}
