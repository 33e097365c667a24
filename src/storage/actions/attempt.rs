//! Attempts: every try of every action, one row per lease.

use std::collections::HashMap;

use crate::domain::action::End;
use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;
use crate::storage::actions::lease::Lease;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

stored_words! {
    /// How an attempt ended.
    AttemptOutcome {
        /// Performed.
        Done = "done",
        /// To be tried again.
        Retry = "retry",
        /// Given up.
        GaveUp = "gave_up",
        /// No longer wanted.
        Cancelled = "cancelled",
        /// Its worker was not heard of again.
        Lost = "lost",
    }
}

/// One execution of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which attempt it was, from 1; begins anew when an operator retries the action.
    pub number: u32,
    /// When it began, by our clock.
    pub started_at: Timestamp,
    /// When it ended, by our clock.
    pub ended_at: Timestamp,
    /// Who performed it.
    pub worker: String,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What went wrong; free of secrets and of people's data.
    pub error: Option<String>,
}

impl From<&End> for AttemptOutcome {
    fn from(end: &End) -> Self {
        match end {
            End::Done => Self::Done,
            End::Again { .. } => Self::Retry,
            End::Failed { .. } => Self::GaveUp,
            End::Cancelled { .. } => Self::Cancelled,
        }
    }
}

statements! {
    INSERT {
        "INSERT INTO attempts (action_id, lease_token, number, started_at, ended_at, worker, outcome, error)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (action_id, lease_token) DO NOTHING"
    }
    OF_ACTIONS {
        sqlite "SELECT action_id, number, started_at, ended_at, worker, outcome, error FROM attempts
                WHERE action_id IN (SELECT value FROM json_each($1)) ORDER BY action_id, lease_token",
        postgres "SELECT action_id, number, started_at, ended_at, worker, outcome, error FROM attempts
                  WHERE action_id = ANY($1) ORDER BY action_id, lease_token"
    }
    OF_ACTION {
        "SELECT number, started_at, ended_at, worker, outcome, error FROM attempts
         WHERE action_id = $1 ORDER BY lease_token"
    }
}

impl Tx {
    /// The attempts of some actions, each in their order.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn attempts_of(&mut self, actions: &[&ActionId]) -> Result<HashMap<ActionId, Vec<Attempt>>> {
        if actions.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<&str> = actions.iter().map(|id| id.as_str()).collect();
        let rows: Vec<OneOf> = on_db!(self, conn => sqlite {
            sqlx::query_as(OF_ACTIONS.sqlite).bind(json(&ids)).fetch_all(conn).await
        } postgres {
            sqlx::query_as(OF_ACTIONS.postgres).bind(ids).fetch_all(conn).await
        })?;
        let mut attempts: HashMap<ActionId, Vec<Attempt>> = HashMap::new();
        for row in rows {
            let id =
                Place { table: "attempts", row: &row.action_id }.id("action_id", &row.action_id, ActionId::parse)?;
            let attempt = row.attempt.read(&id)?;
            attempts.entry(id).or_default().push(attempt);
        }
        Ok(attempts)
    }

    /// The attempts of an action, in their order.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn attempts(&mut self, action: &ActionId) -> Result<Vec<Attempt>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = OF_ACTION =>
            sqlx::query_as(sql).bind(action.as_str()).fetch_all(conn).await)?;
        rows.into_iter().map(|row| row.read(action)).collect()
    }

    /// Keeps what became of a lease.
    pub(super) async fn keep_attempt(&mut self, lease: &Lease, attempt: &Attempt) -> Result<()> {
        let error = attempt.error.as_deref().map(fit);
        on_db!(self, conn, sql = INSERT =>
            sqlx::query(sql)
                .bind(lease.action.as_str())
                .bind(lease.token)
                .bind(i32::try_from(attempt.number.max(1)).unwrap_or(i32::MAX))
                .bind(attempt.started_at)
                .bind(attempt.ended_at)
                .bind(fit(&attempt.worker).as_ref())
                .bind(attempt.outcome.as_str())
                .bind(error.as_deref())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct OneOf {
    action_id: String,
    #[sqlx(flatten)]
    attempt: Row,
}

#[derive(sqlx::FromRow)]
struct Row {
    number: i32,
    started_at: Timestamp,
    ended_at: Timestamp,
    worker: String,
    outcome: String,
    error: Option<String>,
}

impl Row {
    fn read(self, action: &ActionId) -> Result<Attempt, StorageError> {
        let place = Place { table: "attempts", row: action.as_str() };
        Ok(Attempt {
            number: place.count("number", self.number)?,
            started_at: self.started_at,
            ended_at: self.ended_at,
            outcome: place.some("outcome", AttemptOutcome::parse(&self.outcome))?,
            worker: self.worker,
            error: self.error,
        })
    }
}
