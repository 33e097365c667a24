//! Lanes: what operators decided about a kind of work in an environment.

use crate::app::App;
use crate::app::operators::DeedError;
use crate::domain::act::Act;
use crate::domain::action::Kind;
use crate::domain::deed::{About, Deed};
use crate::domain::ids::EnvironmentName;
use crate::domain::operator::Operator;
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
    /// [`DeedError`].
    pub async fn change_lane(
        &self,
        environment: &EnvironmentName,
        kind: Kind,
        change: LaneChange,
        by: &Operator,
        reason: &str,
    ) -> Result<LaneSetting, DeedError> {
        let act = match change {
            LaneChange::Pause => Act::PauseLane,
            LaneChange::Resume => Act::ResumeLane,
            LaneChange::Priority(_) => Act::OrderLane,
        };
        let deed = Deed::new(by, act, Some(reason), self.clock().now())?.within(environment);
        let deed = deed.about(About { kind: "lane", id: format!("{environment}/{kind}") });
        let mut tx = self.database().begin().await?;
        let lane = (environment.clone(), kind);
        let before = tx.lock_lane(&lane).await?;
        let (paused, priority) = before.map_or((false, 0), |before| (before.paused, before.priority));
        let (paused, priority) = match change {
            LaneChange::Pause => (true, priority),
            LaneChange::Resume => (false, priority),
            LaneChange::Priority(priority) => (paused, priority),
        };
        let (reason, changed_by, changed_at) = (reason.to_owned(), by.who.clone(), deed.at());
        let setting = LaneSetting { lane, priority, paused, reason, changed_by, changed_at };
        tx.set_lane(&setting).await?;
        tx.record_deed(&deed).await?;
        tx.commit().await?;
        Ok(setting)
    }
}
