//! What needs somebody: read where it stands, so that it is gone when it is mended.

use crate::app::board::{Board, Capped, LaneSetting, StorageError};
use crate::domain::action::Kind;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;

/// What needs somebody first, the most pressing first in each list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attention {
    /// Actions that were given up, by environment, kind and reason; the latest 1,000 of each environment and kind.
    pub dead_letters: Vec<DeadLetters>,
    /// Events that wait for somebody's decision.
    pub quarantined: Vec<Waiting>,
    /// Events that were not understood.
    pub unreadable: Vec<Waiting>,
    /// Lanes that nobody paused, and whose oldest due action waits for longer than it should.
    pub late: Vec<LaneLate>,
    /// Lanes that somebody paused.
    pub paused: Vec<LaneSetting>,
    /// Environments that were not made sure of for too long, or whose latest run stopped.
    pub reconciliation: Vec<ReconciliationLate>,
    /// Environments with little left to ask of Persona.
    pub budget: Vec<BudgetLow>,
    /// Deliveries refused in the last hour.
    pub refused: u64,
}

/// Actions that were given up for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// Their environment.
    pub environment: EnvironmentName,
    /// Their kind.
    pub kind: Kind,
    /// Why they were given up.
    pub reason: String,
    /// How many.
    pub count: u32,
    /// Whether there may be more of them, behind those that were looked at.
    pub more: bool,
    /// When the latest was given up.
    pub latest: Timestamp,
}

/// Events that wait for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Their environment.
    pub environment: EnvironmentName,
    /// How many.
    pub count: Capped,
}

/// A lane that is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneLate {
    /// Its environment.
    pub environment: EnvironmentName,
    /// Its kind.
    pub kind: Kind,
    /// When its oldest planned action was due.
    pub oldest_due: Timestamp,
}

/// An environment that was not made sure of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationLate {
    /// Which.
    pub environment: EnvironmentName,
    /// What changed at Persona before then is known; `None` when it was never made sure of.
    pub until: Option<Timestamp>,
    /// Why the latest run stopped before it was done.
    pub error: Option<String>,
}

/// An environment with little left to ask of Persona.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLow {
    /// Which.
    pub environment: EnvironmentName,
    /// Calls left in this window.
    pub left: u32,
    /// Calls a window allows, where Persona said so.
    pub limit: Option<u32>,
    /// When there will be more.
    pub opens_at: Timestamp,
    /// How much of the limit is used at present, in per cent; less than 100 after a refusal.
    pub pace: u32,
}

impl Attention {
    /// Whether nothing needs anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Board {
    /// What needs somebody.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn attention(&self) -> Result<Attention, StorageError> {
        todo!()
    }
}
