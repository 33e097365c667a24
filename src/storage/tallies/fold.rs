//! Appending deltas, and folding them.

use std::collections::BTreeMap;

use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::sql::json;
use crate::storage::tallies::Tally;
use crate::storage::tallies::read::hour_of;
use crate::storage::transaction::Tx;

/// How often something happened, by environment.
pub type Deltas = BTreeMap<(EnvironmentName, Tally), u64>;

statements! {
    APPEND {
        sqlite "INSERT INTO tally_deltas (environment, tally, hour, count)
                SELECT value ->> 0, value ->> 1, $2, value ->> 2 FROM json_each($1)",
        postgres "INSERT INTO tally_deltas (environment, tally, hour, count)
                  SELECT environment, tally, $2, count
                  FROM unnest($1::text[], $3::text[], $4::bigint[]) AS given (environment, tally, count)"
    }
    // Whatever order transactions commit in, what is taken away is what was added up.
    FOLD {
        sqlite "INSERT INTO tallies (environment, tally, hour, count)
                SELECT environment, tally, hour, sum(count)
                FROM (SELECT environment, tally, hour, count FROM tally_deltas
                      WHERE number <= (SELECT max(number) FROM tally_deltas) - $1 ORDER BY number LIMIT $2)
                WHERE true
                GROUP BY environment, tally, hour
                ON CONFLICT (environment, tally, hour) DO UPDATE SET count = tallies.count + excluded.count",
        postgres "WITH taken AS (
                      DELETE FROM tally_deltas WHERE number IN (
                          SELECT number FROM tally_deltas
                          WHERE number <= (SELECT max(number) FROM tally_deltas) - $1
                          ORDER BY number LIMIT $2 FOR UPDATE SKIP LOCKED)
                      RETURNING environment, tally, hour, count
                  )
                  INSERT INTO tallies (environment, tally, hour, count)
                  SELECT environment, tally, hour, sum(count)::bigint FROM taken GROUP BY environment, tally, hour
                  ON CONFLICT (environment, tally, hour) DO UPDATE SET count = tallies.count + excluded.count"
    }
    TAKE_AWAY {
        sqlite "DELETE FROM tally_deltas WHERE number IN (
                    SELECT number FROM tally_deltas
                    WHERE number <= (SELECT max(number) FROM tally_deltas) - $1 ORDER BY number LIMIT $2)",
        postgres ""
    }
    FORGET { "DELETE FROM tallies WHERE hour < $1" }
}

impl Tx {
    /// Counts what happened, in the transaction that makes it happen: one statement, whatever there is.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn tally(&mut self, deltas: &Deltas, now: Timestamp) -> Result<()> {
        let happened = || deltas.iter().filter(|(_, count)| **count > 0);
        if happened().next().is_none() {
            return Ok(());
        }
        let number = |count: &u64| i64::try_from(*count).unwrap_or(i64::MAX);
        on_db!(self, conn => sqlite {
            let rows: Vec<_> =
                happened().map(|((name, tally), count)| (name.as_str(), tally.as_str(), number(count))).collect();
            sqlx::query(APPEND.sqlite).bind(json(&rows)).bind(hour_of(now)).execute(conn).await.map(drop)
        } postgres {
            let environments: Vec<&str> = happened().map(|((name, _), _)| name.as_str()).collect();
            let tallies: Vec<&str> = happened().map(|((_, tally), _)| tally.as_str()).collect();
            let counts: Vec<i64> = happened().map(|(_, count)| number(count)).collect();
            let query = sqlx::query(APPEND.postgres).bind(environments).bind(hour_of(now));
            query.bind(tallies).bind(counts).execute(conn).await.map(drop)
        })?;
        Ok(())
    }

    /// Adds up to `most` deltas to the hours they belong to and takes them away; all but the latest `keep`, by which
    /// others learn that something changed. How many rows of hours were written: none when there was nothing to do.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn fold_tallies(&mut self, keep: u32, most: u32) -> Result<u64> {
        let (keep, most) = (i64::from(keep), i64::from(most));
        let written = on_db!(self, conn => sqlite {
            let done = sqlx::query(FOLD.sqlite).bind(keep).bind(most).execute(&mut *conn).await?;
            sqlx::query(TAKE_AWAY.sqlite).bind(keep).bind(most).execute(conn).await?;
            done.rows_affected()
        } postgres {
            sqlx::query(FOLD.postgres).bind(keep).bind(most).execute(conn).await?.rows_affected()
        });
        Ok(written)
    }

    /// Forgets the hours before a time.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_tallies(&mut self, before: Timestamp) -> Result<u64> {
        let done = on_db!(self, conn, sql = FORGET => sqlx::query(sql).bind(before).execute(conn).await
            .map(|done| done.rows_affected()))?;
        Ok(done)
    }
}
