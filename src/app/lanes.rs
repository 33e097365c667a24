//! Lanes: what operators decided about a kind of work in an environment.

use crate::app::App;
use crate::domain::action::Kind;
use crate::domain::ids::EnvironmentName;
use crate::storage::StorageError;
use crate::storage::actions::{Lane, LaneSetting};

/// What an operator wants of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneChange {
    /// Claim nothing from it; what runs may end.
    Pause,
    /// Claim from it again.
    Resume,
    /// Claim from it before lanes with a lower number.
    Priority(i32),
}

impl App {
    /// Every lane of the configured environments, and what operators decided about it.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn lane_settings(&self) -> Result<Vec<(Lane, Option<LaneSetting>)>, StorageError> {
        let settings = self.database().read().await?.lane_settings().await?;
        let known = self.environments().keys().flat_map(|name| Kind::ALL.map(|kind| (name.clone(), kind)));
        let mut lanes: Vec<Lane> = known.chain(settings.iter().map(|setting| setting.lane.clone())).collect();
        lanes.sort();
        lanes.dedup();
        let setting = |lane: &Lane| settings.iter().find(|setting| setting.lane == *lane).cloned();
        Ok(lanes.into_iter().map(|lane| (setting(&lane), lane)).map(|(setting, lane)| (lane, setting)).collect())
    }

    /// Changes a lane, for every process, from its next claim on; gives the lane as it is then.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn change_lane(
        &self,
        environment: &EnvironmentName,
        kind: Kind,
        change: LaneChange,
        by: &str,
        reason: &str,
    ) -> Result<LaneSetting, StorageError> {
        let mut tx = self.database().begin().await?;
        let lane = (environment.clone(), kind);
        let before = tx.lock_lane(&lane).await?;
        let (paused, priority) = before.map_or((false, 0), |before| (before.paused, before.priority));
        let (paused, priority) = match change {
            LaneChange::Pause => (true, priority),
            LaneChange::Resume => (false, priority),
            LaneChange::Priority(priority) => (paused, priority),
        };
        let (reason, changed_by, changed_at) = (reason.to_owned(), by.to_owned(), self.clock().now());
        let setting = LaneSetting { lane, priority, paused, reason, changed_by, changed_at };
        tx.set_lane(&setting).await?;
        tx.commit().await?;
        Ok(setting)
    }
}
