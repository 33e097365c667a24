//! Deliveries that were refused: the last of them, with why, and nothing of their bodies.

use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::page::{Cursor, Page};
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// A delivery that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When, by our clock.
    pub at: Timestamp,
    /// The environment its route named; `None` where that is none of ours.
    pub environment: Option<EnvironmentName>,
    /// What kind of refusal it was, in a word: `signature`, `too_large` …
    pub outcome: String,
    /// Why, in words of ours.
    pub reason: String,
    /// Where it came from, where that is known.
    pub address: Option<String>,
}

statements! {
    ADD {
        sqlite "INSERT INTO refusals (refused_at, environment, outcome, reason, address)
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($1)",
        postgres "INSERT INTO refusals (refused_at, environment, outcome, reason, address)
                  SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[])"
    }
    KEEP { "DELETE FROM refusals WHERE number <= (SELECT max(number) FROM refusals) - $1" }
    BY_OUTCOME { "SELECT count(*) FROM refusals WHERE environment = $1 AND outcome = $2 AND refused_at >= $3" }
    // There are never more than a thousand or so: whatever the filter, all of them are looked at.
    LIST {
        "SELECT number, refused_at, environment, outcome, reason, address FROM refusals
         WHERE number < $1 AND (environment = $2 OR $3) ORDER BY number DESC LIMIT $4"
    }
}

impl Tx {
    /// How many refusals of this outcome an environment had since then, of those that are kept.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn count_refusals(
        &mut self,
        environment: &EnvironmentName,
        outcome: &str,
        since: Timestamp,
    ) -> Result<u64> {
        let count: i64 = on_db!(self, conn, sql = BY_OUTCOME =>
            sqlx::query_scalar(sql).bind(environment.as_str()).bind(outcome).bind(since).fetch_one(conn).await)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Keeps refusals, and of all of them the latest `keep`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn add_refusals(&mut self, refusals: &[Refused], keep: u32) -> Result<()> {
        if refusals.is_empty() {
            return Ok(());
        }
        let environment = |refused: &Refused| refused.environment.as_ref().map(ToString::to_string);
        on_db!(self, conn => sqlite {
            let rows: Vec<_> = refusals
                .iter()
                .map(|one| (one.at.as_micros(), environment(one), &one.outcome, fit(&one.reason), &one.address))
                .collect();
            sqlx::query(ADD.sqlite).bind(json(&rows)).execute(&mut *conn).await?;
            sqlx::query(KEEP.sqlite).bind(i64::from(keep)).execute(conn).await?;
        } postgres {
            sqlx::query(ADD.postgres)
                .bind(refusals.iter().map(|one| one.at).collect::<Vec<_>>())
                .bind(refusals.iter().map(environment).collect::<Vec<_>>())
                .bind(refusals.iter().map(|one| one.outcome.as_str()).collect::<Vec<_>>())
                .bind(refusals.iter().map(|one| fit(&one.reason).into_owned()).collect::<Vec<_>>())
                .bind(refusals.iter().map(|one| one.address.as_deref()).collect::<Vec<_>>())
                .execute(&mut *conn)
                .await?;
            sqlx::query(KEEP.postgres).bind(i64::from(keep)).execute(conn).await?;
        });
        Ok(())
    }

    /// Refused deliveries, the latest first; with an environment only those whose route named it.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_refusals(
        &mut self,
        environment: Option<&EnvironmentName>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Refused>> {
        let before = after.and_then(|after| after.id.parse().ok()).unwrap_or(i64::MAX);
        let rows: Vec<Row> = on_db!(self, conn, sql = LIST =>
            sqlx::query_as(sql)
                .bind(before)
                .bind(environment.map(EnvironmentName::as_str))
                .bind(environment.is_none())
                .bind(i64::from(limit) + 1)
                .fetch_all(conn)
                .await)?;
        let place = |row: &Row| Cursor { at: row.refused_at, environment: String::new(), id: row.number.to_string() };
        Page::of(rows, limit, place)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    refused_at: Timestamp,
    environment: Option<String>,
    outcome: String,
    reason: String,
    address: Option<String>,
}

impl TryFrom<Row> for Refused {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "refusals", row: &row.number.to_string() };
        Ok(Self {
            at: row.refused_at,
            environment: place.optional_id("environment", row.environment.as_deref(), EnvironmentName::parse)?,
            outcome: row.outcome,
            reason: row.reason,
            address: row.address,
        })
    }
}
