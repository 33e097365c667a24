//! The leases this process holds: renewed in time, given up when lost, and those of dead workers taken back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::app::App;
use crate::config::WorkerSettings;
use crate::storage::actions::{Claimed, Lease};

/// Most lapsed leases taken back at once.
const REAP_AT_ONCE: u32 = 200;

/// The leases of one worker. Cheap to clone.
#[derive(Clone)]
pub(super) struct Leases(Arc<Inner>);

struct Inner {
    app: App,
    owner: String,
    lease: Duration,
    renew_every: Duration,
    held: Mutex<HashMap<Lease, Held>>,
}

/// A lease as this process sees it, on its own monotonic clock.
struct Held {
    lapses: Instant,
    lost: Option<oneshot::Sender<()>>,
    /// Taken by the handler when it begins.
    told: Option<oneshot::Receiver<()>>,
}

impl Leases {
    pub(super) fn new(app: App, owner: String, settings: &WorkerSettings) -> Self {
        let (lease, renew_every) = (settings.lease, settings.renew);
        Self(Arc::new(Inner { app, owner, lease, renew_every, held: Mutex::default() }))
    }

    pub(super) fn owner(&self) -> &str {
        &self.0.owner
    }

    /// Begins to renew the lease of a claimed action.
    pub(super) fn hold(&self, claimed: &Claimed) {
        let (lost, told) = oneshot::channel();
        let held = Held { lapses: Instant::now() + self.0.lease, lost: Some(lost), told: Some(told) };
        self.held().insert(claimed.lease.clone(), held);
    }

    /// Resolves when the lease is lost; at once when it is not held.
    pub(super) fn loss(&self, token: &Lease) -> impl Future<Output = ()> + use<> {
        let told = self.held().get_mut(token).and_then(|held| held.told.take());
        async move {
            if let Some(told) = told {
                let _ = told.await;
            }
        }
    }

    /// Gives back what was claimed when the stop came and never begun, so that nobody has to wait for its lease.
    pub(super) async fn give_back_unbegun(&self) {
        let unbegun: Vec<Lease> =
            self.held().iter().filter(|(_, held)| held.told.is_some()).map(|(lease, _)| lease.clone()).collect();
        if unbegun.is_empty() {
            return;
        }
        if let Err(why) = self.0.app.release(&unbegun).await {
            warn!(error = %why, "what was claimed could not be given back; it is taken over when its lease is over");
        }
    }

    /// No longer renews a lease: its action is settled.
    pub(super) fn drop_lease(&self, token: &Lease) {
        self.held().remove(token);
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Lease, Held>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews what is held, for ever. A lease that could not be renewed before it lapsed is lost: another worker
    /// may have it, so its handler is stopped.
    pub(super) async fn keep(self) {
        let mut tick = ticking(self.0.renew_every);
        loop {
            tick.tick().await;
            let tokens: Vec<Lease> = self.held().keys().cloned().collect();
            if tokens.is_empty() {
                continue;
            }
            let asked = Instant::now();
            match tokio::time::timeout(self.0.lease, self.0.app.renew(&self.0.owner, &tokens, self.0.lease)).await {
                Ok(Ok(kept)) => self.renewed(&tokens, &kept, asked),
                Ok(Err(why)) => warn!(error = %why, "leases could not be renewed"),
                Err(_) => warn!("leases could not be renewed in time"),
            }
            self.stop_lapsed();
        }
    }

    fn renewed(&self, asked_for: &[Lease], kept: &[Lease], asked: Instant) {
        let mut held = self.held();
        for token in asked_for {
            let Some(lease) = held.get_mut(token) else { continue };
            if kept.contains(token) {
                lease.lapses = asked + self.0.lease;
            } else if let Some(lost) = lease.lost.take() {
                let _ = lost.send(());
            }
        }
    }

    fn stop_lapsed(&self) {
        let now = Instant::now();
        for lease in self.held().values_mut().filter(|lease| lease.lapses <= now) {
            if let Some(lost) = lease.lost.take() {
                let _ = lost.send(());
            }
        }
    }

    /// Takes back what dead workers held. After an outage of the database it waits one lease, so that those who
    /// held leases can renew or settle first.
    pub(super) async fn reap_until_stopped(self, stopped: watch::Receiver<bool>) {
        let mut tick = ticking(self.0.renew_every);
        while !*stopped.borrow() {
            tick.tick().await;
            match self.0.app.reap(REAP_AT_ONCE).await {
                Ok(0) => {}
                Ok(taken) => info!(actions = taken, "took over what a lost worker held"),
                Err(why) => {
                    warn!(error = %why, "lapsed leases could not be looked for");
                    self.wait_for_database().await;
                    tokio::time::sleep(self.0.lease).await;
                }
            }
        }
    }

    async fn wait_for_database(&self) {
        while self.0.app.database().ping().await.is_err() {
            tokio::time::sleep(self.0.renew_every).await;
        }
    }
}

fn ticking(every: Duration) -> tokio::time::Interval {
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}
