//! Reading tallies back, by the hour or the day.

use std::collections::BTreeMap;

use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::tallies::Tally;
use crate::storage::transaction::Tx;

/// How long the parts of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// Hours.
    Hour,
    /// Days, by UTC.
    Day,
}

/// How often something happened within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When the period begins.
    pub at: Timestamp,
    /// How often.
    pub count: u64,
}

impl Period {
    /// How long one is, in seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The beginning of the period a time lies in.
    #[must_use]
    pub const fn beginning(self, at: Timestamp) -> Timestamp {
        Timestamp::from_second(at.as_second().div_euclid(self.seconds()) * self.seconds())
    }
}

/// The hour a time lies in.
pub(super) const fn hour_of(at: Timestamp) -> Timestamp {
    Period::Hour.beginning(at)
}

statements! {
    // The folded ones by their key, and the few that are not yet.
    BETWEEN {
        "SELECT tally, hour, CAST(sum(count) AS BIGINT) FROM (
             SELECT tally, hour, count FROM tallies WHERE environment = $1 AND hour >= $2 AND hour < $3
             UNION ALL
             SELECT tally, hour, count FROM tally_deltas WHERE environment = $1 AND hour >= $2 AND hour < $3
         ) AS counted GROUP BY tally, hour ORDER BY tally, hour"
    }
    TOTALS {
        "SELECT tally, CAST(sum(count) AS BIGINT) FROM (
             SELECT tally, count FROM tallies WHERE environment = $1 AND hour >= $2 AND hour < $3
             UNION ALL
             SELECT tally, count FROM tally_deltas WHERE environment = $1 AND hour >= $2 AND hour < $3
         ) AS counted GROUP BY tally"
    }
    LATEST { "SELECT coalesce(max(number), 0) FROM tally_deltas" }
    SINCE { "SELECT number, environment, tally FROM tally_deltas WHERE number > $1 ORDER BY number DESC LIMIT $2" }
}

impl Tx {
    /// How often each thing happened in an environment, hour by hour, from `from` until before `to`; hours in which it
    /// did not are left out.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn tallies(
        &mut self,
        environment: &EnvironmentName,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<BTreeMap<(Tally, Timestamp), u64>> {
        let rows: Vec<(String, Timestamp, i64)> = on_db!(self, conn, sql = BETWEEN =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(from).bind(to).fetch_all(conn).await)?;
        // What another release counts is none of ours.
        let read = |(tally, hour, count): (String, Timestamp, i64)| {
            Some(((Tally::parse(&tally)?, hour), u64::try_from(count).unwrap_or(0)))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// How often each thing happened in an environment from `from` until before `to`, to the hour.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn tally_totals(
        &mut self,
        environment: &EnvironmentName,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<BTreeMap<Tally, u64>> {
        let rows: Vec<(String, i64)> = on_db!(self, conn, sql = TOTALS =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(from).bind(to).fetch_all(conn).await)?;
        let read = |(tally, count): (String, i64)| Some((Tally::parse(&tally)?, u64::try_from(count).unwrap_or(0)));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The number of the latest delta; 0 while there is none.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn latest_delta(&mut self) -> Result<i64> {
        let latest = on_db!(self, conn, sql = LATEST => sqlx::query_scalar(sql).fetch_one(conn).await)?;
        Ok(latest)
    }

    /// The latest deltas after a number, the latest first, at most `most`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn deltas_since(&mut self, number: i64, most: u32) -> Result<Vec<(i64, EnvironmentName, Tally)>> {
        let rows: Vec<(i64, String, String)> = on_db!(self, conn, sql = SINCE =>
            sqlx::query_as(sql).bind(number).bind(i64::from(most)).fetch_all(conn).await)?;
        let read = |(number, environment, tally): (i64, String, String)| {
            Some((number, EnvironmentName::parse(&environment).ok()?, Tally::parse(&tally)?))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_lies_in_one_hour_and_one_day() {
        let at = Timestamp::parse("2026-03-04T05:06:07Z").unwrap();
        assert_eq!(Period::Hour.beginning(at).to_string(), "2026-03-04T05:00:00Z");
        assert_eq!(Period::Day.beginning(at).to_string(), "2026-03-04T00:00:00Z");
        let before = Timestamp::from_second(-1);
        assert_eq!(Period::Hour.beginning(before), Timestamp::from_second(-3_600));
    }
}
