//! What happened, in numbers: from tallies that were kept as it happened, and never by counting rows.

use std::collections::{BTreeMap, BTreeSet};

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

impl Board {
    /// How often each thing happened from `from` until before `to`, to the hour.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn totals(&self, from: Timestamp, to: Timestamp) -> Result<Totals, StorageError> {
        todo!()
    }

    /// Series of these tallies, added up over the environments within the border, from `from` until before `to`.
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
        todo!()
    }

    /// Where the stream of changes is now.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn pulse(&self) -> Result<Pulse, StorageError> {
        todo!()
    }

    /// What happened within the border since then, and where the stream is now. A hint: what is read is the truth.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn since(&self, pulse: Pulse) -> Result<(BTreeSet<Tally>, Pulse), StorageError> {
        todo!()
    }
}
