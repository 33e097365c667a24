//! The workers' side: taking what is due, keeping hold of it, giving it back, and taking over from the dead.

use std::time::Duration;

use sqlx::{PgConnection, SqliteConnection};

use crate::domain::action::{Action, Kind};
use crate::domain::ids::{ActionId, EnvironmentName};
use crate::domain::time::Timestamp;
use crate::storage::actions::attempt::{Attempt, AttemptOutcome};
use crate::storage::actions::row::{Row, action_columns};
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// What is claimed from: one kind of work in one environment. A paused lane is simply not named.
pub type Lane = (EnvironmentName, Kind);

/// The right to perform an action, until it lapses and someone else takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    /// The action.
    pub action: ActionId,
    /// Rises with every claim of the action, so that an old lease can't be taken for a new one.
    pub token: i64,
}

/// An action in the hands of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What is to be done; this attempt is counted.
    pub action: Action,
    /// The right to do it.
    pub lease: Lease,
}

/// An action taken from a worker that was not heard of again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaped {
    /// The lease that lapsed.
    pub lease: Lease,
    /// Whether that was its last attempt, so that it is a dead letter now.
    pub given_up: bool,
}

/// Why an attempt was lost, as operators read it.
const WORKER_LOST: &str = "worker lost";

/// What PostgreSQL adds to its own clock for a lease bound as microseconds.
macro_rules! lease_end {
    ($micros:literal) => {
        concat!("clock_timestamp() + ", $micros, " * interval '1 microsecond'")
    };
}

macro_rules! take {
    ($until:expr, $ids:expr) => {
        concat!(
            "UPDATE actions
             SET state = 'running', attempts = attempts + 1, lease_token = lease_token + 1, lease_owner = $1,
                 lease_until = ",
            $until,
            ", started_at = $3, updated_at = $3
             WHERE id ",
            $ids,
            " RETURNING lease_token, ",
            action_columns!()
        )
    };
}

macro_rules! take_back {
    ($ids:expr) => {
        concat!(
            "UPDATE actions
             SET state = CASE WHEN attempts >= max_attempts THEN 'failed' ELSE 'planned' END,
                 finished_at = CASE WHEN attempts >= max_attempts THEN CAST($1 AS TIMESTAMPTZ) END,
                 due_at = $1, updated_at = $1, reason = $3, lease_until = NULL
             WHERE id ",
            $ids,
            " RETURNING id, lease_token, attempts, state, lease_owner, started_at"
        )
    };
}

statements! {
    // The first `limit` of a lane. The hint keeps to the partial index whatever the statistics say.
    DUE_IN_LANE {
        sqlite "SELECT id FROM actions INDEXED BY actions_due
                WHERE environment = $1 AND kind = $2 AND state = 'planned' AND due_at <= $3
                ORDER BY due_at, id LIMIT $4",
        postgres ""
    }
    // The array of ids keeps to the primary key, and the lateral select to the partial index, whatever the
    // statistics say. Lanes take turns, so that a long one does not starve the others.
    TAKE {
        sqlite take!("$2", "IN (SELECT value FROM json_each($4))"),
        postgres take!(
            lease_end!("$2"),
            "= ANY(ARRAY(
                 SELECT due.id
                 FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS lane (environment, kind, place)
                 CROSS JOIN LATERAL (
                     SELECT id, due_at FROM actions
                     WHERE environment = lane.environment AND kind = lane.kind AND state = 'planned' AND due_at <= $3
                     ORDER BY due_at, id LIMIT $6 FOR UPDATE SKIP LOCKED
                 ) AS due
                 ORDER BY row_number() OVER (PARTITION BY lane.place ORDER BY due.due_at, due.id), lane.place
                 LIMIT $6))"
        )
    }
    // Locked in the order of ids, as every batch is, so that two batches can't wait for each other.
    RENEW {
        sqlite "UPDATE actions SET lease_until = $2
                WHERE state = 'running' AND lease_owner = $1
                  AND (id, lease_token) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')
                                            FROM json_each($3))
                RETURNING id, lease_token",
        postgres concat!(
            "UPDATE actions SET lease_until = ", lease_end!("$2"), "
             WHERE id = ANY(ARRAY(
                 SELECT held.id FROM actions AS held
                 JOIN unnest($3::text[], $4::bigint[]) AS lease (id, token)
                   ON held.id = lease.id AND held.lease_token = lease.token
                 WHERE held.state = 'running' AND held.lease_owner = $1
                 ORDER BY held.id FOR UPDATE OF held))
             RETURNING id, lease_token"
        )
    }
    RELEASE {
        sqlite "UPDATE actions
                SET state = 'planned', attempts = attempts - 1, lease_until = NULL, updated_at = $1
                WHERE state = 'running'
                  AND (id, lease_token) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')
                                            FROM json_each($2))",
        postgres "UPDATE actions
                  SET state = 'planned', attempts = attempts - 1, lease_until = NULL, updated_at = $1
                  WHERE id = ANY(ARRAY(
                      SELECT held.id FROM actions AS held
                      JOIN unnest($2::text[], $3::bigint[]) AS lease (id, token)
                        ON held.id = lease.id AND held.lease_token = lease.token
                      WHERE held.state = 'running'
                      ORDER BY held.id FOR UPDATE OF held))"
    }
    REAP {
        sqlite take_back!("IN (SELECT id FROM actions WHERE state = 'running' AND lease_until < $1
                               ORDER BY lease_until LIMIT $2)"),
        postgres take_back!("= ANY(ARRAY(SELECT id FROM actions
                                         WHERE state = 'running' AND lease_until < clock_timestamp()
                                         ORDER BY lease_until LIMIT $2 FOR UPDATE SKIP LOCKED))")
    }
    HELD { "SELECT count(*) FROM actions WHERE id = $1 AND lease_token = $2 AND state = 'running'" }
    BURY {
        "UPDATE actions SET state = 'failed', reason = $3, lease_until = NULL, finished_at = $4, updated_at = $4
         WHERE id = $1 AND lease_token = $2 AND state = 'running'"
    }
}

impl Tx {
    /// Takes up to `n` due actions of the lanes, in due order within a lane, lanes in turn, for as long as `lease`.
    ///
    /// What is due is judged by `now`; leases run by the database's clock on PostgreSQL, by `now` on SQLite. An action
    /// that can't be understood becomes a dead letter at once, and no worker's problem.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn claim(
        &mut self,
        lanes: &[Lane],
        n: u32,
        owner: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claimed>> {
        if lanes.is_empty() || n == 0 {
            return Ok(Vec::new());
        }
        let rows = on_db!(self, conn => sqlite {
            take_sqlite(conn, lanes, n, owner, lease, now).await
        } postgres {
            take_postgres(conn, lanes, n, owner, lease, now).await
        })?;
        let mut claimed = Vec::with_capacity(rows.len());
        for ClaimedRow { lease_token: token, action: row } in rows {
            let lease =
                Lease { action: Place { table: "actions", row: &row.id }.id("id", &row.id, ActionId::parse)?, token };
            match Action::try_from(row) {
                Ok(action) => claimed.push(Claimed { action, lease }),
                Err(error) => self.bury(&lease, owner, &error.to_string(), now).await?,
            }
        }
        claimed.sort_by(|a, b| (a.action.planned.due_at, &a.lease).cmp(&(b.action.planned.due_at, &b.lease)));
        Ok(claimed)
    }

    /// Prolongs what `owner` still holds; gives the leases that it does still hold.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn renew(
        &mut self,
        owner: &str,
        leases: &[Lease],
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Lease>> {
        let (ids, tokens) = columns(leases);
        let rows: Vec<(String, i64)> = on_db!(self, conn => sqlite {
            let end = end(now, lease);
            sqlx::query_as(RENEW.sqlite).bind(owner).bind(end).bind(pairs(leases)).fetch_all(conn).await
        } postgres {
            sqlx::query_as(RENEW.postgres).bind(owner).bind(micros(lease)).bind(ids).bind(tokens).fetch_all(conn).await
        })?;
        Ok(leases
            .iter()
            .filter(|held| rows.iter().any(|row| row.0 == held.action.as_str() && row.1 == held.token))
            .cloned()
            .collect())
    }

    /// Gives back what was claimed and not begun: due as before, and no attempt counted. Gives how many were.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn release(&mut self, leases: &[Lease], now: Timestamp) -> Result<u64> {
        let (ids, tokens) = columns(leases);
        let released = on_db!(self, conn => sqlite {
            let done = sqlx::query(RELEASE.sqlite).bind(now).bind(pairs(leases)).execute(conn).await;
            done.map(|done| done.rows_affected())
        } postgres {
            let done = sqlx::query(RELEASE.postgres).bind(now).bind(ids).bind(tokens).execute(conn).await;
            done.map(|done| done.rows_affected())
        })?;
        if released > 0 {
            self.due(now, now);
        }
        Ok(released)
    }

    /// Takes up to `n` actions whose lease lapsed from their workers: due now, or given up after the last attempt.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn reap(&mut self, n: u32, now: Timestamp) -> Result<Vec<Reaped>> {
        let rows: Vec<ReapedRow> = on_db!(self, conn, sql = REAP =>
            sqlx::query_as(sql).bind(now).bind(i64::from(n)).bind(WORKER_LOST).fetch_all(conn).await)?;
        let mut reaped = Vec::with_capacity(rows.len());
        for row in rows {
            let place = Place { table: "actions", row: &row.id };
            let lease = Lease { action: place.id("id", &row.id, ActionId::parse)?, token: row.lease_token };
            let attempt = Attempt {
                number: place.count("attempts", row.attempts)?,
                started_at: row.started_at.unwrap_or(now),
                ended_at: now,
                worker: row.lease_owner.unwrap_or_default(),
                outcome: AttemptOutcome::Lost,
                error: Some(WORKER_LOST.to_owned()),
            };
            self.keep_attempt(&lease, &attempt).await?;
            reaped.push(Reaped { lease, given_up: row.state == "failed" });
        }
        if !reaped.is_empty() {
            self.due(now, now);
        }
        reaped.sort_by(|a, b| a.lease.cmp(&b.lease));
        Ok(reaped)
    }

    /// Whether a lease still holds.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn held(&mut self, lease: &Lease) -> Result<bool> {
        let count: i64 = on_db!(self, conn, sql = HELD =>
            sqlx::query_scalar(sql).bind(lease.action.as_str()).bind(lease.token).fetch_one(conn).await)?;
        Ok(count == 1)
    }

    /// Makes a dead letter of an action that can't be understood.
    async fn bury(&mut self, lease: &Lease, owner: &str, reason: &str, now: Timestamp) -> Result<()> {
        tracing::error!(action = %lease.action, reason, "an action was given up unread");
        on_db!(self, conn, sql = BURY =>
            sqlx::query(sql).bind(lease.action.as_str()).bind(lease.token).bind(reason).bind(now).execute(conn).await
                .map(drop))?;
        let attempt = Attempt {
            number: 1,
            started_at: now,
            ended_at: now,
            worker: owner.to_owned(),
            outcome: AttemptOutcome::GaveUp,
            error: Some(reason.to_owned()),
        };
        self.keep_attempt(lease, &attempt).await
    }
}

async fn take_sqlite(
    conn: &mut SqliteConnection,
    lanes: &[Lane],
    n: u32,
    owner: &str,
    lease: Duration,
    now: Timestamp,
) -> sqlx::Result<Vec<ClaimedRow>> {
    let mut due: Vec<(usize, usize, String)> = Vec::new();
    for (place, (environment, kind)) in lanes.iter().enumerate() {
        let ids: Vec<String> = sqlx::query_scalar(DUE_IN_LANE.sqlite)
            .bind(environment.as_str())
            .bind(kind.as_str())
            .bind(now)
            .bind(i64::from(n))
            .fetch_all(&mut *conn)
            .await?;
        due.extend(ids.into_iter().enumerate().map(|(turn, id)| (turn, place, id)));
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    due.sort();
    due.truncate(usize::try_from(n).unwrap_or(usize::MAX));
    let ids: Vec<&str> = due.iter().map(|(_, _, id)| id.as_str()).collect();
    sqlx::query_as(TAKE.sqlite)
        .bind(owner)
        .bind(end(now, lease))
        .bind(now)
        .bind(serde_json::json!(ids).to_string())
        .fetch_all(conn)
        .await
}

async fn take_postgres(
    conn: &mut PgConnection,
    lanes: &[Lane],
    n: u32,
    owner: &str,
    lease: Duration,
    now: Timestamp,
) -> sqlx::Result<Vec<ClaimedRow>> {
    let environments: Vec<&str> = lanes.iter().map(|(environment, _)| environment.as_str()).collect();
    let kinds: Vec<&str> = lanes.iter().map(|(_, kind)| kind.as_str()).collect();
    sqlx::query_as(TAKE.postgres)
        .bind(owner)
        .bind(micros(lease))
        .bind(now)
        .bind(environments)
        .bind(kinds)
        .bind(i64::from(n))
        .fetch_all(conn)
        .await
}

fn micros(lease: Duration) -> i64 {
    i64::try_from(lease.as_micros()).unwrap_or(i64::MAX)
}

fn end(now: Timestamp, lease: Duration) -> Timestamp {
    now.plus(jiff::SignedDuration::from_micros(micros(lease)))
}

fn columns(leases: &[Lease]) -> (Vec<&str>, Vec<i64>) {
    leases.iter().map(|lease| (lease.action.as_str(), lease.token)).unzip()
}

/// Leases as a JSON array of pairs, for SQLite.
fn pairs(leases: &[Lease]) -> String {
    let pairs: Vec<_> = leases.iter().map(|lease| (lease.action.as_str(), lease.token)).collect();
    serde_json::json!(pairs).to_string()
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    lease_token: i64,
    #[sqlx(flatten)]
    action: Row,
}

#[derive(sqlx::FromRow)]
struct ReapedRow {
    id: String,
    lease_token: i64,
    attempts: i32,
    state: String,
    lease_owner: Option<String>,
    started_at: Option<Timestamp>,
}
