//! The worker: due actions are claimed, performed and settled, on apalis over the actions table.
//!
//! apalis gives the worker loop, its supervision and its end; the actions table is the queue, so planning,
//! cancelling and claiming are SQL in the transaction of what caused them. Claims come through a small backend of
//! our own rather than through apalis' `Persisted`, whose heartbeats stop while its buffer is not empty and whose
//! wake-ups can be lost: here a task of our own claims as many actions as there are free slots, another keeps their
//! leases, a third settles outcomes in batches, and apalis is handed each action when it can start at once.

mod backend;
mod claims;
mod handler;
mod leases;
mod outcomes;
mod takeover;
mod upkeep;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{Monitor, WorkerBuilder};
use tokio::sync::{Semaphore, watch};
use tracing::{error, info, warn};
use ulid::Ulid;

use crate::app::App;
use crate::app::perform::Perform;
use crate::config::WorkerSettings;
use backend::ClaimedActions;
use claims::Claims;
use handler::Tools;
use leases::Leases;
use outcomes::Committer;

pub use upkeep::upkeep;

/// How long what was cut off at the end of the grace may take to be written down.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Performs due actions until `stop` resolves; see [`run_with`].
pub async fn run(app: App, settings: WorkerSettings, stop: impl Future<Output = ()> + Send + 'static) {
    run_with(app.clone(), app, settings, stop).await;
}

/// Has due actions performed by `performer` until `stop` resolves.
///
/// Then nothing more is claimed, what was not begun is given back, and what was begun may end within the grace of the
/// settings, its leases kept. What is under way after that is stopped and due again at once, under the same key.
pub async fn run_with<P: Perform>(
    app: App,
    performer: P,
    settings: WorkerSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    // A random name: a restarted process must not be taken for the one before it.
    let owner = format!("worker-{}", Ulid::new());
    let leases = Leases::new(app.clone(), owner.clone(), &settings);
    let slots = Arc::new(Semaphore::new(settings.concurrency));
    let (stopping, stopped) = watch::channel(false);
    let (ending, over) = watch::channel(false);

    let (jobs, backend) = ClaimedActions::channel(settings.concurrency);
    let claims = Claims { app: app.clone(), settings, leases: leases.clone(), slots, jobs };
    let claims = tokio::spawn(claims.run(stopped.clone()));
    let (outcomes, committer) = Committer::new(app.clone(), settings.concurrency);
    let committer = tokio::spawn(committer.run());
    let keeper = tokio::spawn(leases.clone().keep());
    let reaper = takeover::take_over_until_stopped(app.clone(), owner.clone(), settings, stopped.clone());
    let reaper = tokio::spawn(reaper);
    info!(%owner, concurrency = settings.concurrency, "worker started");

    let held = leases.clone();
    let tools = Tools { app: app.clone(), leases, outcomes, stopping: stopped.clone(), over };
    let grace = settings.shutdown_grace;
    let monitor = Monitor::new().shutdown_timeout(grace + LAST_WORDS).register(move |_| {
        WorkerBuilder::new(owner.clone())
            .backend(backend.clone())
            .data(performer.clone())
            .data(tools.clone())
            .build(handler::perform::<P>)
    });
    // On a task of its own: handlers share one with the monitor, and one that blocks must not keep us from hearing it.
    let end = tokio::spawn(async move {
        stop.await;
        let _ = stopping.send(true);
        tokio::time::sleep(grace).await;
        let _ = ending.send(true);
        // Kept: who waits for it to be true must not take its end for that.
        std::future::pending::<()>().await;
    });
    let mut heard = stopped.clone();
    let signal = async move {
        let _ = heard.wait_for(|stopped| *stopped).await;
        Ok(())
    };
    if let Err(why) = monitor.should_restart(|_, _| true).run_with_signal(signal).await {
        error!(error = %why, "worker ended");
    }
    let _ = claims.await;
    if tokio::time::timeout(LAST_WORDS, held.give_back_unbegun()).await.is_err() {
        warn!("what was claimed could not be given back in time; it is taken over when its lease is over");
    }
    for task in [committer, keeper, reaper, end] {
        task.abort();
    }
    info!("worker stopped");
}
