//! How each environment does: its mode, its reconciliation, its budget, its lanes.

use crate::app::board::{Board, LaneSetting, Reconciliation, StorageError};
use crate::config::Mode;
use crate::domain::action::Kind;
use crate::domain::budget::URGENCIES;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;

/// How an environment does.
#[derive(Debug, Clone)]
pub struct EnvironmentState {
    /// Which.
    pub environment: EnvironmentName,
    /// Whether what is planned is performed.
    pub mode: Mode,
    /// Whether there is a key to ask Persona with.
    pub has_key: bool,
    /// When the latest delivery came, by our clock.
    pub last_delivery: Option<Timestamp>,
    /// Its reconciliation; `None` before the first look.
    pub reconciliation: Option<Reconciliation>,
    /// What may be asked of Persona; `None` before the first call.
    pub budget: Option<BudgetState>,
    /// Every kind of work, with what operators decided about it.
    pub lanes: Vec<(Kind, Option<LaneSetting>)>,
}

/// What may still be asked of Persona.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetState {
    /// Calls a window of a minute allows; `None` until an answer said so.
    pub limit: Option<u32>,
    /// Calls left in this window by the last answer.
    pub left: u32,
    /// Calls in hand or under way, in all processes.
    pub under_way: u32,
    /// How much of the limit is used, in per cent; halved by a refusal.
    pub pace: u32,
    /// When this window ends, where that is known.
    pub resets_at: Option<Timestamp>,
    /// Until when nothing is asked, because Persona said so.
    pub closed_until: Option<Timestamp>,
    /// Calls granted in this window, in the order of [`Urgency::ALL`](crate::domain::budget::Urgency::ALL).
    pub granted: [u32; URGENCIES],
    /// Calls that could be made now for something of the least urgency.
    pub free_for_replay: u32,
    /// When it is worth asking for more.
    pub opens_at: Timestamp,
}

impl Board {
    /// How each environment does.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn states(&self) -> Result<Vec<EnvironmentState>, StorageError> {
        todo!()
    }
}
