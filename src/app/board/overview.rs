//! The first thing to look at: what needs somebody, what flows, what is open, what comes, and what came of it.

use jiff::SignedDuration;

use crate::app::board::{Attention, Board, Capped, Period, StorageError, Totals};
use crate::domain::action::Kind;
use crate::domain::ids::EnvironmentName;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// Everything on the first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// When it was read, by our clock.
    pub at: Timestamp,
    /// What needs somebody first; empty in a good hour.
    pub attention: Attention,
    /// Inquiries by environment and status, in the order a verification takes.
    pub statuses: Vec<OpenByStatus>,
    /// Open inquiries by the time that is left to their deadline.
    pub deadlines: Vec<OpenByDeadline>,
    /// Planned work by kind and the time until it is due.
    pub due: Vec<DueSoon>,
    /// What happened in the last 24 hours.
    pub day: Totals,
    /// What happened in the last 30 days.
    pub month: Totals,
}

/// How many inquiries have a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenByStatus {
    /// Their environment.
    pub environment: EnvironmentName,
    /// The status.
    pub status: Status,
    /// How many.
    pub count: Capped,
}

/// How many open inquiries have so much time left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenByDeadline {
    /// Their environment.
    pub environment: EnvironmentName,
    /// From so long from now; `None`: their deadline has passed.
    pub from: Option<SignedDuration>,
    /// To so long from now; `None`: without an end.
    pub to: Option<SignedDuration>,
    /// How many.
    pub count: Capped,
}

/// How much planned work is due within a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSoon {
    /// Its environment.
    pub environment: EnvironmentName,
    /// Its kind.
    pub kind: Kind,
    /// From so long from now; `None`: it is due already.
    pub from: Option<SignedDuration>,
    /// To so long from now; `None`: without an end.
    pub to: Option<SignedDuration>,
    /// How much.
    pub count: Capped,
}

impl Board {
    /// Everything on the first page.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn overview(&self) -> Result<Overview, StorageError> {
        let _ = Period::Day;
        todo!()
    }
}
