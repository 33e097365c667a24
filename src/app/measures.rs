//! What is, as gauges: read where it stands, so that it is right after every start and in every process alike.

use jiff::SignedDuration;

use crate::app::{App, budget};
use crate::domain::alert::{AlertName, AlertState};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::events::Outcome;
use crate::storage::tallies::Tally;
use crate::storage::{StorageError, Tx};

/// The times that people are counted over, by their labels.
const WINDOWS: [(&str, SignedDuration); 2] =
    [("24h", SignedDuration::from_hours(24)), ("30d", SignedDuration::from_hours(30 * 24))];

impl App {
    /// Sets the gauges of what is planned, late, set aside, left to ask, not made sure of and firing.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; the gauges then stay as they were.
    pub async fn measure(&self) -> Result<(), StorageError> {
        self.measure_backlog().await?;
        let now = self.clock().now();
        let mut tx = self.database().read().await?;
        for known in tx.reconciliations().await?.iter().filter(|one| self.environments().contains_key(&one.environment))
        {
            measure_reconciliation(&known.environment, known.reconciled_until, now);
        }
        let alerts = tx.alerts().await?;
        for (name, environment) in self.environments() {
            if let Some(mut ledger) = tx.budget(name, environment.settings.careful_calls_per_minute).await? {
                ledger.advance(now);
                budget::measure(name, &ledger);
            }
            measure_events(&mut tx, name).await?;
            measure_people(&mut tx, name, now).await?;
            for alert in AlertName::ALL {
                let fires = alerts
                    .iter()
                    .any(|one| (&one.environment, one.name, one.state) == (name, *alert, AlertState::Firing));
                metrics::gauge!("rekindle_alerts", "environment" => name.to_string(), "alert" => alert.as_str())
                    .set(if fires { 1.0 } else { 0.0 });
            }
        }
        Ok(())
    }
}

/// Sets the gauges of until when an environment is known to be complete.
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
pub(super) fn measure_reconciliation(name: &EnvironmentName, until: Timestamp, now: Timestamp) {
    metrics::gauge!("rekindle_reconciled_at", "environment" => name.to_string()).set(until.as_second() as f64);
    metrics::gauge!("rekindle_reconciliation_lag_seconds", "environment" => name.to_string())
        .set(now.since(until).as_secs_f64().max(0.0));
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
async fn measure_events(tx: &mut Tx, name: &EnvironmentName) -> Result<(), StorageError> {
    if let Some(last) = tx.last_delivery(name).await? {
        metrics::gauge!("rekindle_last_delivery_at", "environment" => name.to_string()).set(last.as_second() as f64);
    }
    for outcome in [Outcome::Quarantined, Outcome::Unreadable] {
        let count = tx.count_set_aside(name, outcome).await?;
        metrics::gauge!("rekindle_set_aside", "environment" => name.to_string(), "outcome" => outcome.as_str())
            .set(f64::from(count.count));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of people is far below 2^53")]
async fn measure_people(tx: &mut Tx, name: &EnvironmentName, now: Timestamp) -> Result<(), StorageError> {
    for (window, long) in WINDOWS {
        let totals = tx.tally_totals(name, now.minus(long), now.plus(long)).await?;
        let of = |tally: Tally| totals.get(&tally).copied().unwrap_or(0) as f64;
        metrics::gauge!("rekindle_people_finished", "environment" => name.to_string(), "window" => window)
            .set(of(Tally::Finished));
        metrics::gauge!("rekindle_people_came_back", "environment" => name.to_string(), "window" => window)
            .set(of(Tally::CameBack));
    }
    Ok(())
}
