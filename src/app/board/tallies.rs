//! What happened, in numbers: from tallies that were kept as it happened, and never by counting rows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::app::board::{Board, Period, Point, StorageError, Tally};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;

/// How often each thing happened within a time; what did not happen is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals(pub(super) BTreeMap<Tally, u64>);

impl Totals {
    /// How often it happened.
    #[must_use]
    pub fn of(&self, tally: Tally) -> u64 {
        self.0.get(&tally).copied().unwrap_or(0)
    }
}

/// How often something happened, period by period, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What.
    pub tally: Tally,
    /// Where; `None`: in all environments within the border.
    pub environment: Option<EnvironmentName>,
    /// Each period's beginning, and how often.
    pub points: Vec<Point>,
}

/// Where the stream of changes is: what came since can be asked for with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pulse(pub(super) i64);

/// The longest series, in points.
const MOST_POINTS: usize = 24 * 400;

/// How many changes are looked at to tell what kinds there were.
const LATEST: u32 = 256;

impl Board {
    /// How often each thing happened from `from` until before `to`, to the hour.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn totals(&self, from: Timestamp, to: Timestamp) -> Result<Totals, StorageError> {
        let mut totals = Totals::default();
        let mut tx = self.app.database().read().await?;
        for environment in self.environments() {
            for ((tally, _), count) in tx.tallies(&environment, from, to).await? {
                *totals.0.entry(tally).or_default() += count;
            }
        }
        Ok(totals)
    }

    /// Series of these tallies, added up over the environments within the border, from the period `from` lies in until
    /// before `to`; cut to 400 days of hours.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn series(
        &self,
        tallies: &[Tally],
        from: Timestamp,
        to: Timestamp,
        period: Period,
    ) -> Result<Vec<Series>, StorageError> {
        let (from, step) = (period.beginning(from), SignedDuration::from_secs(period.seconds()));
        let mut places = BTreeMap::new();
        let mut at = from;
        while at < to && places.len() < MOST_POINTS {
            places.insert(at, 0_u64);
            at = at.plus(step);
        }
        let mut series: BTreeMap<Tally, BTreeMap<Timestamp, u64>> =
            tallies.iter().map(|tally| (*tally, places.clone())).collect();
        let mut tx = self.app.database().read().await?;
        for environment in self.environments() {
            for ((tally, hour), count) in tx.tallies(&environment, from, at.min(to)).await? {
                let place = series.get_mut(&tally).and_then(|points| points.get_mut(&period.beginning(hour)));
                if let Some(place) = place {
                    *place += count;
                }
            }
        }
        let point = |(at, count)| Point { at, count };
        let in_order = tallies.iter().map(|tally| Series {
            tally: *tally,
            environment: self.within.clone(),
            points: series.get(tally).cloned().unwrap_or_default().into_iter().map(point).collect(),
        });
        Ok(in_order.collect())
    }

    /// Where the stream of changes is now.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn pulse(&self) -> Result<Pulse, StorageError> {
        Ok(Pulse(self.app.database().read().await?.latest_delta().await?))
    }

    /// What happened within the border since then, and where the stream is now. A hint: what is read is the truth.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn since(&self, pulse: Pulse) -> Result<(BTreeSet<Tally>, Pulse), StorageError> {
        let deltas = self.app.database().read().await?.deltas_since(pulse.0, LATEST).await?;
        let now = deltas.iter().map(|(number, ..)| *number).max().unwrap_or(pulse.0);
        let seen = deltas.into_iter().filter(|(_, environment, _)| self.sees(environment));
        Ok((seen.map(|(.., tally)| tally).collect(), Pulse(now)))
    }
}
