//! The workers' side: keeping hold of what was taken, giving it back, and taking over from the dead.

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;
use crate::storage::actions::attempt::{Attempt, AttemptOutcome};
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// The right to perform an action, until it lapses and someone else takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    /// The action.
    pub action: ActionId,
    /// Rises with every claim of the action, so that an old lease can't be taken for a new one.
    pub token: i64,
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

pub(in crate::storage) use lease_end;

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

/// On SQLite leases run by a wall clock, which may have been set back since: nobody but us is given a lease, so one of
/// a process before us that reaches further than a lease can is as good as lapsed.
macro_rules! lapsed_by_our_clock {
    ($now:literal, $furthest:literal, $us:literal) => {
        concat!(
            "SELECT id FROM actions WHERE state = 'running' AND lease_until < ",
            $now,
            " UNION ALL SELECT id FROM actions WHERE state = 'running' AND lease_until > ",
            $furthest,
            " AND lease_owner <> ",
            $us
        )
    };
}

statements! {
    // Locked in the order of ids, as every batch is, so that two batches can't wait for each other.
    RENEW {
        sqlite "UPDATE actions SET lease_until = $2
                WHERE state = 'running' AND lease_owner = $1
                  AND (id, lease_token) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')
                                            FROM jsonb_each($3))
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
                                            FROM jsonb_each($2))",
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
        sqlite take_back!(concat!("IN (", lapsed_by_our_clock!("$1", "$4", "$5"), " LIMIT $2)")),
        postgres take_back!("= ANY(ARRAY(SELECT id FROM actions
                                         WHERE state = 'running' AND lease_until < clock_timestamp()
                                         ORDER BY lease_until LIMIT $2 FOR UPDATE SKIP LOCKED))")
    }
    LAPSED {
        sqlite concat!("SELECT EXISTS (", lapsed_by_our_clock!("$1", "$2", "$3"), ")"),
        postgres "SELECT EXISTS (SELECT 1 FROM actions WHERE state = 'running' AND lease_until < clock_timestamp())"
    }
    HELD { "SELECT count(*) FROM actions WHERE id = $1 AND lease_token = $2 AND state = 'running'" }
}

impl Tx {
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
        let kept: HashSet<(&str, i64)> = rows.iter().map(|(id, token)| (id.as_str(), *token)).collect();
        Ok(leases.iter().filter(|held| kept.contains(&(held.action.as_str(), held.token))).cloned().collect())
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

    /// Whether there is anything to [`Tx::reap`]. Takes no lock, which on SQLite would be the one writer's.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn any_lapsed(&mut self, us: &str, lease: Duration, now: Timestamp) -> Result<bool> {
        let any = on_db!(self, conn => sqlite {
            let furthest = end(now, lease);
            sqlx::query_scalar(LAPSED.sqlite).bind(now).bind(furthest).bind(us).fetch_one(conn).await
        } postgres {
            sqlx::query_scalar(LAPSED.postgres).fetch_one(conn).await
        });
        Ok(any?)
    }

    /// Takes up to `n` actions whose lease lapsed from their workers: due now, or given up after the last attempt.
    ///
    /// `us` is who asks, and `lease` how long leases are: on SQLite a lease of anyone else that reaches further than
    /// that was given by a clock that has been set back since.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn reap(&mut self, n: u32, us: &str, lease: Duration, now: Timestamp) -> Result<Vec<Reaped>> {
        let limit = i64::from(n);
        let rows: Vec<ReapedRow> = on_db!(self, conn => sqlite {
            let reaped = sqlx::query_as(REAP.sqlite).bind(now).bind(limit).bind(WORKER_LOST);
            reaped.bind(end(now, lease)).bind(us).fetch_all(conn).await
        } postgres {
            sqlx::query_as(REAP.postgres).bind(now).bind(limit).bind(WORKER_LOST).fetch_all(conn).await
        })?;
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
}

pub(in crate::storage) fn micros(lease: Duration) -> i64 {
    i64::try_from(lease.as_micros()).unwrap_or(i64::MAX)
}

pub(in crate::storage) fn end(now: Timestamp, lease: Duration) -> Timestamp {
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
struct ReapedRow {
    id: String,
    lease_token: i64,
    attempts: i32,
    state: String,
    lease_owner: Option<String>,
    started_at: Option<Timestamp>,
}
