//! The worker: due actions are claimed, performed and settled, on apalis over the actions table.
//!
//! apalis gives the worker loop, its supervision and its end; the actions table is the queue, so planning,
//! cancelling and claiming are SQL in the transaction of what caused them. Claims come through a small backend of
//! our own rather than through apalis' `Persisted`, whose heartbeats stop while its buffer is not empty and whose
//! wake-ups can be lost: here a task of our own claims as many actions as there are free slots, another keeps their
//! leases, and apalis is handed each action when it can start at once.

mod backend;
mod claims;
mod handler;
mod leases;

use std::future::Future;
use std::sync::Arc;

use apalis::prelude::{Monitor, WorkerBuilder};
use tokio::sync::{Semaphore, watch};
use tracing::{error, info};
use ulid::Ulid;

use crate::app::App;
use crate::config::WorkerSettings;
use backend::ClaimedActions;
use leases::Leases;

/// Performs due actions until `stop` resolves, then finishes what was begun, within the grace of the settings.
///
/// What was claimed and not begun is given back. What could not be finished in time keeps its lease until that
/// lapses, and is then taken over.
pub async fn run(app: App, settings: WorkerSettings, stop: impl Future<Output = ()> + Send + 'static) {
    // A random name: a restarted process must not be taken for the one before it.
    let owner = format!("worker-{}", Ulid::new());
    let leases = Leases::new(app.clone(), owner.clone(), &settings);
    let slots = Arc::new(Semaphore::new(settings.concurrency));
    let (stopping, stopped) = watch::channel(false);

    let (claimed, backend) = ClaimedActions::channel(settings.concurrency);
    let claims = claims::claim_until_stopped(app.clone(), settings, leases.clone(), slots, claimed, stopped.clone());
    let claims = tokio::spawn(claims);
    let keeper = tokio::spawn(leases.clone().keep());
    let reaper = tokio::spawn(leases.clone().reap_until_stopped(stopped.clone()));
    info!(%owner, concurrency = settings.concurrency, "worker started");

    let grace = settings.shutdown_grace;
    let held = leases.clone();
    let monitor = Monitor::new().shutdown_timeout(grace).register(move |_| {
        WorkerBuilder::new(owner.clone())
            .backend(backend.clone())
            .data(app.clone())
            .data(held.clone())
            .build(handler::perform)
    });
    let signal = async move {
        stop.await;
        let _ = stopping.send(true);
        Ok(())
    };
    if let Err(why) = monitor.should_restart(|_, _| true).run_with_signal(signal).await {
        error!(error = %why, "worker ended");
    }
    let _ = claims.await;
    leases.give_back_unbegun().await;
    reaper.abort();
    keeper.abort();
    info!("worker stopped");
}
