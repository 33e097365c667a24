//! How attempts' ends are written: many at once, and each only by whoever still holds the lease.

use std::borrow::Cow;
use std::collections::HashSet;

use sqlx::{PgConnection, SqliteConnection};

use crate::domain::action::{CancelledBy, End, Settled, State};
use crate::domain::time::Timestamp;
use crate::storage::actions::attempt::Attempt;
use crate::storage::actions::lease::Lease;
use crate::storage::error::Result;
use crate::storage::sabotage::unfenced;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// The end of one attempt, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The right under which it was made.
    pub lease: Lease,
    /// What its action becomes.
    pub settled: Settled,
    /// The attempt itself.
    pub attempt: Attempt,
}

statements! {
    // `lease_until IS NOT NULL` is `state = 'running'`, in words that don't lead PostgreSQL away from the primary key to
    // an index that its statistics think empty. Locked in the order of ids, as every batch is.
    WRITE_ENDS {
        sqlite "UPDATE actions
                SET state = ended.state, due_at = coalesce(ended.due_at, actions.due_at), reason = ended.reason,
                    cancelled_by = ended.cancelled_by, generation = ended.generation, finished_at = ended.finished_at,
                    updated_at = ended.ended_at, lease_until = NULL, attempts = actions.attempts - ended.uncounted
                FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS token,
                             json_extract(value, '$[2]') AS state, json_extract(value, '$[3]') AS due_at,
                             json_extract(value, '$[4]') AS reason, json_extract(value, '$[5]') AS cancelled_by,
                             json_extract(value, '$[6]') AS generation, json_extract(value, '$[7]') AS finished_at,
                             json_extract(value, '$[8]') AS ended_at, json_extract(value, '$[14]') AS uncounted
                      FROM jsonb_each($1)) AS ended
                WHERE actions.id = ended.id AND actions.lease_token = ended.token AND actions.lease_until IS NOT NULL
                RETURNING id, lease_token",
        postgres "WITH ended AS (
                      SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], $5::text[],
                                           $6::text[], $7::integer[], $8::timestamptz[], $9::timestamptz[],
                                           $10::integer[], $11::timestamptz[], $12::text[], $13::text[], $14::text[],
                                           $15::integer[])
                           AS ended (id, token, state, due_at, reason, cancelled_by, generation, finished_at, ended_at,
                                     number, started_at, worker, outcome, error, uncounted)
                  ), written AS (
                      UPDATE actions
                      SET state = ended.state, due_at = coalesce(ended.due_at, actions.due_at), reason = ended.reason,
                          cancelled_by = ended.cancelled_by, generation = ended.generation,
                          finished_at = ended.finished_at, updated_at = ended.ended_at, lease_until = NULL,
                          attempts = actions.attempts - ended.uncounted
                      FROM ended
                      WHERE actions.id = ended.id AND actions.lease_token = ended.token
                        AND actions.id = ANY(ARRAY(
                            SELECT held.id FROM actions AS held
                            WHERE held.id = ANY($1) AND held.lease_until IS NOT NULL
                            ORDER BY held.id FOR UPDATE))
                        AND actions.lease_until IS NOT NULL
                      RETURNING ended.*
                  ), kept AS (
                      INSERT INTO attempts (action_id, lease_token, number, started_at, ended_at, worker, outcome, error)
                      SELECT id, token, number, started_at, ended_at, worker, outcome, error FROM written
                      ON CONFLICT (action_id, lease_token) DO NOTHING
                  )
                  SELECT id, token FROM written"
    }
    KEEP {
        sqlite "INSERT INTO attempts (action_id, lease_token, number, started_at, ended_at, worker, outcome, error)
                SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[9]'),
                       json_extract(value, '$[10]'), json_extract(value, '$[8]'), json_extract(value, '$[11]'),
                       json_extract(value, '$[12]'), json_extract(value, '$[13]')
                FROM jsonb_each($1)
                WHERE true
                ON CONFLICT (action_id, lease_token) DO NOTHING",
        postgres ""
    }
    // The outcome tells it from what others may have written of the lease.
    WRITTEN_BEFORE {
        "SELECT count(*) FROM attempts
         WHERE action_id = $1 AND lease_token = $2 AND worker = $3 AND outcome = $4 AND ended_at = $5"
    }
}

impl Tx {
    /// Settles attempts and keeps them; gives the leases for which that is true now. For the others the lease was lost,
    /// and nothing was written.
    ///
    /// What was written already, in a transaction whose answer was lost, is true as well.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn settle_all(&mut self, ended: &[Ended]) -> Result<Vec<Lease>> {
        if ended.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<Row<'_>> = ended.iter().map(Row::of).collect();
        let written: HashSet<(String, i64)> = on_db!(self, conn => sqlite {
            write_sqlite(conn, &rows).await
        } postgres {
            write_postgres(conn, &rows).await
        })?
        .into_iter()
        .collect();
        let mut true_now = Vec::with_capacity(ended.len());
        for (ended, row) in ended.iter().zip(&rows) {
            if !written.contains(&(row.id.to_owned(), row.token)) && !self.written_before(row).await? {
                continue;
            }
            if let End::Again { due_at, .. } = ended.settled.end {
                self.due(due_at, ended.attempt.ended_at);
            }
            true_now.push(ended.lease.clone());
        }
        Ok(true_now)
    }

    async fn written_before(&mut self, row: &Row<'_>) -> Result<bool> {
        let count: i64 = on_db!(self, conn, sql = WRITTEN_BEFORE =>
            sqlx::query_scalar(sql)
                .bind(row.id)
                .bind(row.token)
                .bind(row.worker.as_ref())
                .bind(row.outcome)
                .bind(row.ended_at)
                .fetch_one(conn)
                .await)?;
        Ok(count > 0)
    }
}

/// What is bound for one attempt.
struct Row<'a> {
    id: &'a str,
    token: i64,
    state: State,
    due_at: Option<Timestamp>,
    reason: Option<Cow<'a, str>>,
    cancelled_by: Option<&'static str>,
    generation: i32,
    ended_at: Timestamp,
    number: i32,
    started_at: Timestamp,
    worker: Cow<'a, str>,
    outcome: &'static str,
    error: Option<Cow<'a, str>>,
    /// 1 where the attempt does not count, else 0.
    uncounted: i32,
}

impl<'a> Row<'a> {
    fn of(ended: &'a Ended) -> Self {
        let Ended { lease, settled, attempt } = ended;
        let (state, due_at, reason, by) = match &settled.end {
            End::Done => (State::Done, None, None, None),
            End::Again { due_at, reason } => (State::Planned, Some(*due_at), Some(reason), None),
            End::Failed { reason } => (State::Failed, None, Some(reason), None),
            End::Cancelled { reason, by } => (State::Cancelled, None, Some(reason), Some(*by)),
        };
        Self {
            id: lease.action.as_str(),
            token: lease.token,
            state,
            due_at,
            reason: reason.map(|reason| fit(reason)),
            cancelled_by: by.map(CancelledBy::as_str),
            generation: i32::try_from(settled.generation).unwrap_or(i32::MAX),
            ended_at: attempt.ended_at,
            number: i32::try_from(attempt.number.max(1)).unwrap_or(i32::MAX),
            started_at: attempt.started_at,
            worker: fit(&attempt.worker),
            outcome: attempt.outcome.as_str(),
            error: attempt.error.as_deref().map(fit),
            uncounted: i32::from(!settled.counts),
        }
    }

    fn finished_at(&self) -> Option<Timestamp> {
        (self.state != State::Planned).then_some(self.ended_at)
    }

    /// As SQLite reads it, by place.
    fn json(&self) -> serde_json::Value {
        serde_json::json!([
            self.id,
            self.token,
            self.state.as_str(),
            self.due_at.map(Timestamp::as_micros),
            self.reason,
            self.cancelled_by,
            self.generation,
            self.finished_at().map(Timestamp::as_micros),
            self.ended_at.as_micros(),
            self.number,
            self.started_at.as_micros(),
            self.worker,
            self.outcome,
            self.error,
            self.uncounted,
        ])
    }
}

async fn write_sqlite(conn: &mut SqliteConnection, rows: &[Row<'_>]) -> sqlx::Result<Vec<(String, i64)>> {
    let json =
        |rows: &mut dyn Iterator<Item = &Row<'_>>| serde_json::Value::Array(rows.map(Row::json).collect()).to_string();
    let written: Vec<(String, i64)> =
        sqlx::query_as(unfenced(WRITE_ENDS.sqlite)).bind(json(&mut rows.iter())).fetch_all(&mut *conn).await?;
    let leases: HashSet<(&str, i64)> = written.iter().map(|(id, token)| (id.as_str(), *token)).collect();
    let mut kept = rows.iter().filter(|row| leases.contains(&(row.id, row.token)));
    sqlx::query(KEEP.sqlite).bind(json(&mut kept)).execute(conn).await?;
    Ok(written)
}

async fn write_postgres(conn: &mut PgConnection, rows: &[Row<'_>]) -> sqlx::Result<Vec<(String, i64)>> {
    fn column<'a, T>(rows: &'a [Row<'_>], of: impl Fn(&'a Row<'_>) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    sqlx::query_as(unfenced(WRITE_ENDS.postgres))
        .bind(column(rows, |row| row.id))
        .bind(column(rows, |row| row.token))
        .bind(column(rows, |row| row.state.as_str()))
        .bind(column(rows, |row| row.due_at))
        .bind(column(rows, |row| row.reason.as_deref()))
        .bind(column(rows, |row| row.cancelled_by))
        .bind(column(rows, |row| row.generation))
        .bind(rows.iter().map(Row::finished_at).collect::<Vec<_>>())
        .bind(column(rows, |row| row.ended_at))
        .bind(column(rows, |row| row.number))
        .bind(column(rows, |row| row.started_at))
        .bind(column(rows, |row| row.worker.as_ref()))
        .bind(column(rows, |row| row.outcome))
        .bind(column(rows, |row| row.error.as_deref()))
        .bind(column(rows, |row| row.uncounted))
        .fetch_all(conn)
        .await
}
