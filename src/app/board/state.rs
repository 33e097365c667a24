//! How each environment does: its mode, its reconciliation, its budget, its lanes.

use crate::app::board::{Board, LaneSetting, Reconciliation, StorageError};
use crate::config::Mode;
use crate::domain::action::Kind;
use crate::domain::budget::{Ledger, URGENCIES, Urgency};
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
        let mut tx = self.app.database().read().await?;
        let (settings, reconciliations) = (tx.lane_settings().await?, tx.reconciliations().await?);
        let now = self.app.clock().now();
        let mut states = Vec::new();
        for (name, environment) in self.app.environments().iter().filter(|(name, _)| self.sees(name)) {
            let careful = environment.settings.careful_calls_per_minute;
            let budget = tx.budget(name, careful).await?.map(|ledger| state_of(ledger, now));
            let setting = |kind: Kind| settings.iter().find(|one| one.lane.0 == *name && one.lane.1 == kind).cloned();
            states.push(EnvironmentState {
                environment: name.clone(),
                mode: environment.settings.mode,
                has_key: environment.persona.is_some(),
                last_delivery: tx.last_delivery(name).await?,
                reconciliation: reconciliations.iter().find(|known| known.environment == *name).cloned(),
                budget,
                lanes: Kind::ALL.into_iter().map(|kind| (kind, setting(kind))).collect(),
            });
        }
        Ok(states)
    }
}

fn state_of(mut ledger: Ledger, now: Timestamp) -> BudgetState {
    ledger.advance(now);
    BudgetState {
        limit: ledger.limit,
        left: ledger.left,
        under_way: ledger.holdings.iter().map(|holding| holding.calls).sum(),
        pace: ledger.pace,
        resets_at: ledger.resets_at,
        closed_until: ledger.closed_until,
        granted: ledger.granted,
        free_for_replay: ledger.available(Urgency::Reading, now),
        opens_at: ledger.opens_at(now),
    }
}
