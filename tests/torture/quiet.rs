//! Waits, within a bound, until nothing is left to do.

use std::time::Duration;

use rekindle::clock::Clock;
use rekindle::domain::action::State;
use rekindle::persona::simulator::Simulator;
use rekindle::storage::Database;

use super::courier::Courier;
use super::people::People;

/// Longer than every wait there is: Persona's patience, leases, and the waits between attempts before the last deadline.
const BOUND: Duration = Duration::from_secs(90);
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// Looks in a row that must find nothing to do.
const QUIET_LOOKS: u32 = 4;

/// How long it took; the bound when it never came, and then the checks say what is stuck.
pub async fn wait(people: &People, persona: &Simulator, courier: &Courier, database: &Database) -> Duration {
    let began = tokio::time::Instant::now();
    let quiet = async {
        people.gone().await;
        let mut looks = 0;
        while looks < QUIET_LOOKS {
            let delivered = persona.pending_deliveries().is_empty() && courier.carried() == 0;
            let still = delivered && nothing_due(database).await;
            looks = if still { looks + 1 } else { 0 };
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    let _ = tokio::time::timeout(BOUND, quiet).await;
    began.elapsed()
}

/// Nothing is under way, and nothing falls due in the next minute.
async fn nothing_due(database: &Database) -> bool {
    let soon = Clock::System.now().plus(jiff::SignedDuration::from_mins(1));
    let Ok(mut tx) = database.read().await else { return false };
    let (Ok(counts), Ok(backlog)) = (tx.counts().await, tx.oldest_due().await) else { return false };
    let running = counts.iter().any(|count| count.state == State::Running && count.count > 0);
    !running && backlog.iter().all(|lane| lane.oldest_due > soon)
}
