//! How much there is to do and what was given up, lane by lane, counted no further than is worth it.

use crate::domain::action::Kind;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::actions::claim::Lane;
use crate::storage::capped::Capped;
use crate::storage::error::Result;
use crate::storage::inquiries::{COUNT_TO, Span};
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

/// Why actions of a lane were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    /// The reason, as it stands on the actions.
    pub reason: Option<String>,
    /// How many of those that were looked at.
    pub count: u32,
    /// When the latest was given up.
    pub latest: Timestamp,
}

statements! {
    DUE {
        sqlite "SELECT (SELECT count(*) FROM (SELECT 1 FROM actions INDEXED BY actions_due
                                              WHERE environment = $1 AND kind = wanted.value ->> 0 AND state = 'planned'
                                                AND due_at >= wanted.value ->> 1 AND due_at < wanted.value ->> 2
                                              LIMIT $3))
                FROM json_each($2) AS wanted ORDER BY wanted.key",
        postgres "SELECT (SELECT count(*) FROM (SELECT 1 FROM actions
                                                WHERE environment = $1 AND kind = wanted.kind AND state = 'planned'
                                                  AND due_at >= wanted.lower AND due_at < wanted.upper
                                                LIMIT $3) AS counted)
                  FROM unnest($2::text[], $4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY
                       AS wanted (kind, lower, upper, place)
                  ORDER BY place"
    }
    OLDEST {
        sqlite "SELECT (SELECT min(due_at) FROM actions INDEXED BY actions_due
                        WHERE environment = $1 AND kind = wanted.value AND state = 'planned')
                FROM json_each($2) AS wanted ORDER BY wanted.key",
        postgres "SELECT (SELECT min(due_at) FROM actions
                          WHERE environment = $1 AND kind = wanted.kind AND state = 'planned')
                  FROM unnest($2::text[]) WITH ORDINALITY AS wanted (kind, place) ORDER BY place"
    }
    FAILURES {
        sqlite "SELECT reason, count(*), max(finished_at)
                FROM (SELECT reason, finished_at FROM actions INDEXED BY actions_failed
                      WHERE environment = $1 AND kind = $2 AND state = 'failed'
                      ORDER BY finished_at DESC LIMIT $3) AS latest
                GROUP BY reason ORDER BY 2 DESC, 1",
        postgres "SELECT reason, count(*), max(finished_at)
                  FROM (SELECT reason, finished_at FROM actions
                        WHERE environment = $1 AND kind = $2 AND state = 'failed'
                        ORDER BY finished_at DESC LIMIT $3) AS latest
                  GROUP BY reason ORDER BY 2 DESC, 1"
    }
}

impl Tx {
    /// How many planned actions of an environment are due within each of these times.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn count_due(&mut self, environment: &EnvironmentName, wanted: &[(Kind, Span)]) -> Result<Vec<Capped>> {
        let counts: Vec<i64> = on_db!(self, conn => sqlite {
            let rows: Vec<_> = wanted
                .iter()
                .map(|(kind, (from, to))| (kind.as_str(), from.as_micros(), to.as_micros()))
                .collect();
            let query = sqlx::query_scalar(DUE.sqlite).bind(environment.as_str()).bind(json(&rows));
            query.bind(COUNT_TO).fetch_all(conn).await
        } postgres {
            let kinds: Vec<&str> = wanted.iter().map(|(kind, _)| kind.as_str()).collect();
            let (lower, upper): (Vec<Timestamp>, Vec<Timestamp>) = wanted.iter().map(|(_, span)| *span).unzip();
            let query = sqlx::query_scalar(DUE.postgres).bind(environment.as_str()).bind(kinds);
            query.bind(COUNT_TO).bind(lower).bind(upper).fetch_all(conn).await
        })?;
        Ok(counts.into_iter().map(Capped::of).collect())
    }

    /// When the earliest planned action of each of these kinds is due in an environment.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn earliest_due(
        &mut self,
        environment: &EnvironmentName,
        kinds: &[Kind],
    ) -> Result<Vec<Option<Timestamp>>> {
        let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let due = on_db!(self, conn => sqlite {
            sqlx::query_scalar(OLDEST.sqlite).bind(environment.as_str()).bind(json(&words)).fetch_all(conn).await
        } postgres {
            sqlx::query_scalar(OLDEST.postgres).bind(environment.as_str()).bind(words).fetch_all(conn).await
        })?;
        Ok(due)
    }

    /// Why the latest `most` dead letters of a lane were given up, the most frequent reason first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn failures(&mut self, (environment, kind): &Lane, most: u32) -> Result<Vec<Failures>> {
        let rows: Vec<(Option<String>, i64, Timestamp)> = on_db!(self, conn, sql = FAILURES =>
            sqlx::query_as(sql)
                .bind(environment.as_str())
                .bind(kind.as_str())
                .bind(i64::from(most))
                .fetch_all(conn)
                .await)?;
        let read = |(reason, count, latest)| {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            Failures { reason, count, latest }
        };
        Ok(rows.into_iter().map(read).collect())
    }
}
