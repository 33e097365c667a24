//! How much there is to do, as gauges.

use crate::app::App;
use crate::domain::action::{Kind, State};
use crate::domain::ids::EnvironmentName;
use crate::storage::StorageError;

impl App {
    /// Sets the gauges of what is planned, running and given up, and of how late the oldest due action of a lane is.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; the gauges then stay as they were.
    pub(super) async fn measure_backlog(&self) -> Result<(), StorageError> {
        let mut tx = self.database().read().await?;
        let (counts, oldest, lanes) = (tx.counts().await?, tx.oldest_due().await?, tx.lane_settings().await?);
        let now = self.clock().now();
        // Every lane is set, also to zero: a gauge keeps its last value for ever.
        for (environment, kind) in self.environments().keys().flat_map(|name| Kind::ALL.map(|kind| (name, kind))) {
            for state in [State::Planned, State::Running, State::Failed] {
                let found = counts.iter().find(|c| (&c.environment, c.kind, c.state) == (environment, kind, state));
                set_count(environment, kind, state, found.map_or(0, |count| count.count));
            }
            let due = oldest.iter().find(|lane| (&lane.environment, lane.kind) == (environment, kind));
            let late = due.map_or(0.0, |lane| now.since(lane.oldest_due).as_secs_f64().max(0.0));
            let paused =
                lanes.iter().any(|setting| setting.paused && (&setting.lane.0, setting.lane.1) == (environment, kind));
            let environment = environment.to_string();
            metrics::gauge!("rekindle_lanes_paused", "environment" => environment.clone(), "kind" => kind.as_str())
                .set(if paused { 1.0 } else { 0.0 });
            metrics::gauge!("rekindle_oldest_due_seconds", "environment" => environment, "kind" => kind.as_str())
                .set(late);
        }
        Ok(())
    }
}

fn set_count(environment: &EnvironmentName, kind: Kind, state: State, count: u64) {
    let environment = environment.to_string();
    let gauge = metrics::gauge!(
        "rekindle_actions", "environment" => environment, "kind" => kind.as_str(), "state" => state.as_str());
    #[expect(clippy::cast_precision_loss, reason = "a count beyond 2^53 is no worry of ours")]
    gauge.set(count as f64);
}
