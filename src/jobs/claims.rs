//! Claims as many due actions as there are free slots, when woken and at every poll.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tracing::warn;

use crate::app::App;
use crate::config::WorkerSettings;
use crate::jobs::backend::Job;
use crate::jobs::leases::Leases;

/// How long to wait before the database is asked again after it failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Runs until `stopped` is true, or nobody receives any more.
pub(super) async fn claim_until_stopped(
    app: App,
    settings: WorkerSettings,
    leases: Leases,
    slots: Arc<Semaphore>,
    jobs: mpsc::Sender<Job>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut wakes = app.database().wakes();
    while !*stopped.borrow() {
        let free = tokio::select! {
            free = free_slot(&slots) => free,
            _ = stopped.changed() => return,
        };
        let wait = match claim(&app, &leases, &slots, &jobs, free, settings.lease).await {
            Ok(0) => settings.poll_interval,
            Ok(_) => continue,
            Err(why) => {
                warn!(error = %why, "due actions could not be claimed");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = wakes.next() => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Waits for at least one free slot; how many there are.
async fn free_slot(slots: &Arc<Semaphore>) -> u32 {
    drop(slots.acquire().await);
    u32::try_from(slots.available_permits()).unwrap_or(u32::MAX)
}

async fn claim(
    app: &App,
    leases: &Leases,
    slots: &Arc<Semaphore>,
    jobs: &mpsc::Sender<Job>,
    free: u32,
    lease: Duration,
) -> Result<usize, crate::storage::StorageError> {
    let claimed = app.claim(leases.owner(), free, lease).await?;
    let count = claimed.len();
    // All before any is handed on: what is not handed on, because the stop came, is given back by its lease.
    for claimed in &claimed {
        leases.hold(claimed);
    }
    for claimed in claimed {
        // Only this task takes slots, so there are as many as were counted.
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else { break };
        if jobs.send(Job { claimed, slot }).await.is_err() {
            break;
        }
    }
    Ok(count)
}
