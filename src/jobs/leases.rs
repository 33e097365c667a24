//! The leases this process holds: renewed in time, and given up when lost.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tracing::warn;

use crate::app::App;
use crate::config::WorkerSettings;
use crate::storage::actions::{Claimed, Lease};

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
    /// When it was asked for last, with success.
    given: Instant,
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

    /// Begins to renew the lease of an action that was claimed at `asked` at the earliest.
    pub(super) fn hold(&self, claimed: &Claimed, asked: Instant) {
        let (lost, told) = oneshot::channel();
        let held = Held { given: asked, lost: Some(lost), told: Some(told) };
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

    /// Keeps what is held, for ever. A lease that could not be renewed before it lapsed is lost: another worker may
    /// have it, so its handler is stopped; the same when an operator cancelled its action.
    pub(super) async fn keep(self) {
        tokio::join!(self.renew_for_ever(), self.watch_for_ever());
    }

    async fn renew_for_ever(&self) {
        let mut tick = ticking(self.0.renew_every);
        loop {
            tick.tick().await;
            let tokens = self.to_renew();
            if tokens.is_empty() {
                continue;
            }
            let asked = Instant::now();
            match tokio::time::timeout(self.0.lease, self.0.app.renew(&self.0.owner, &tokens, self.0.lease)).await {
                Ok(Ok(kept)) => self.renewed(&tokens, kept, asked),
                Ok(Err(why)) => warn!(error = %why, leases = tokens.len(), "leases could not be renewed"),
                Err(_) => warn!(leases = tokens.len(), "leases could not be renewed in time"),
            }
        }
    }

    /// A claim of a moment ago holds until the next turn, and what is done by then need never be renewed.
    fn to_renew(&self) -> Vec<Lease> {
        let now = Instant::now();
        let old = |held: &Held| now.duration_since(held.given) >= self.0.renew_every / 2;
        self.held().iter().filter(|(_, held)| old(held)).map(|(token, _)| token.clone()).collect()
    }

    fn renewed(&self, asked_for: &[Lease], kept: Vec<Lease>, asked: Instant) {
        let kept: HashSet<Lease> = kept.into_iter().collect();
        let mut held = self.held();
        for token in asked_for {
            let Some(lease) = held.get_mut(token) else { continue };
            if kept.contains(token) {
                lease.given = asked;
            } else if let Some(lost) = lease.lost.take() {
                let _ = lost.send(());
            }
        }
    }

    /// Apart from the renewals, because one that the database never answers would keep us from looking.
    async fn watch_for_ever(&self) {
        let mut tick = ticking(self.0.renew_every / 4);
        loop {
            let now = tick.tick().await;
            for held in self.held().values_mut().filter(|held| held.given + self.0.lease <= now) {
                if let Some(lost) = held.lost.take() {
                    let _ = lost.send(());
                }
            }
        }
    }
}

pub(super) fn ticking(every: Duration) -> Interval {
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}
