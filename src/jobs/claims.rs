//! Claims as many due actions as there are free slots: when something comes due, when woken, and at every poll.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::app::App;
use crate::config::WorkerSettings;
use crate::jobs::backend::Job;
use crate::jobs::leases::Leases;
use crate::storage::StorageError;

/// How long to wait before the database is asked again after it failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Shortest time between two claims that leave slots free: what comes due meanwhile is claimed together.
const BREATH: Duration = Duration::from_millis(2);

/// How long to leave alone what is due and could not be claimed, because others were just taking it.
const AFTER_OTHERS: Duration = Duration::from_millis(20);

/// What claims, and for whom.
pub(super) struct Claims {
    pub(super) app: App,
    pub(super) settings: WorkerSettings,
    pub(super) leases: Leases,
    pub(super) slots: Arc<Semaphore>,
    pub(super) jobs: mpsc::Sender<Job>,
}

impl Claims {
    /// Runs until `stopped` is true, or nobody receives any more.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let woken = Arc::new(Notify::new());
        let hints = tokio::spawn(pass_on_hints(self.app.clone(), Arc::clone(&woken)));
        while !*stopped.borrow() {
            let free = tokio::select! {
                free = self.free_slots() => free,
                _ = stopped.changed() => break,
            };
            let Some(wait) = self.claim(free).await else { continue };
            tokio::select! {
                () = async {
                    sleep(BREATH).await;
                    tokio::select! {
                        () = sleep(wait.saturating_sub(BREATH)) => {}
                        () = woken.notified() => {}
                    }
                } => {}
                _ = stopped.changed() => break,
            }
        }
        hints.abort();
    }

    /// Claims into the free slots; how long to wait before the next claim, `None` when there may be more at once.
    async fn claim(&self, mut free: Vec<OwnedSemaphorePermit>) -> Option<Duration> {
        let most = free.len();
        let asked = Instant::now();
        let at_most = u32::try_from(most).unwrap_or(u32::MAX);
        let claimed = match self.app.claim(self.leases.owner(), at_most, self.settings.lease).await {
            Ok(claimed) => claimed,
            Err(why) => {
                warn!(error = %why, "due actions could not be claimed");
                return Some(AFTER_FAILURE);
            }
        };
        let count = claimed.len();
        for (claimed, slot) in claimed.into_iter().zip(free.drain(..)) {
            self.leases.hold(&claimed, asked);
            // The channel has room for every slot, and its receiver lives as long as we do.
            let _ = self.jobs.try_send(Job { claimed, slot });
        }
        drop(free);
        match count {
            0 => Some(self.until_due().await),
            count if count < most => Some(BREATH),
            _ => None,
        }
    }

    /// Every free slot, at least one: waits for it.
    async fn free_slots(&self) -> Vec<OwnedSemaphorePermit> {
        let Ok(first) = Arc::clone(&self.slots).acquire_owned().await else { return std::future::pending().await };
        let mut free = vec![first];
        while let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            free.push(slot);
        }
        free
    }

    /// How long until something comes due, as far as we know now.
    async fn until_due(&self) -> Duration {
        let poll = self.settings.poll_interval;
        match self.app.next_due().await.map(|due| due.map(|due| due.since(self.app.clock().now()))) {
            Ok(None) => poll,
            Ok(Some(ahead)) if ahead.is_positive() => ahead.unsigned_abs().min(poll),
            Ok(Some(_)) => AFTER_OTHERS.min(poll),
            Err(why) => after(&why),
        }
    }
}

fn after(why: &StorageError) -> Duration {
    warn!(error = %why, "it is not known when the next action is due");
    AFTER_FAILURE
}

/// On a task of its own, because connecting may take longer than a wait.
async fn pass_on_hints(app: App, woken: Arc<Notify>) {
    let mut wakes = app.database().wakes();
    loop {
        wakes.next().await;
        woken.notify_one();
    }
}
