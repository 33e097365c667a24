//! What is done by the clock: reconciliation of each environment, and the end of rows that served their time.
//!
//! Every process looks whether a reconciliation is due, and whoever takes the environment's row does it; one process
//! prunes for all, one goes on with replays, and one looks after templates.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::app::App;
use crate::app::singleton::Held;
use crate::domain::ids::EnvironmentName;

/// How often to look whether something is due: a few reads.
const LOOK: Duration = Duration::from_secs(15);

/// How often to look whether a template has a new version.
const LOOK_FOR_VERSIONS: Duration = Duration::from_secs(5);

/// How often to look whether a replay can go on.
const LOOK_FOR_REPLAYS: Duration = Duration::from_secs(1);

/// Does what is due until `stop` resolves. What was begun then is left, and gone on with by the next process.
pub async fn upkeep(app: App, stop: impl Future<Output = ()> + Send) {
    let mut tasks = JoinSet::new();
    for name in app.environments().keys() {
        tasks.spawn(reconcile(app.clone(), name.clone()));
    }
    let pruning = app.clone();
    tasks.spawn(async move { pruning.singly("prune", |_| prune(pruning.clone())).await });
    let folding = app.clone();
    tasks.spawn(async move { folding.singly("tallies", |_| fold(folding.clone())).await });
    let watching = app.clone();
    tasks.spawn(async move { watching.singly("alerts", |held| alerts(watching.clone(), held)).await });
    let closing = app.clone();
    tasks.spawn(async move { closing.singly("outcomes", |_| close(closing.clone())).await });
    let replaying = app.clone();
    tasks.spawn(async move { replaying.singly("replays", |held| replays(replaying.clone(), held)).await });
    tasks.spawn(async move { app.singly("templates", |held| templates(app.clone(), held)).await });
    stop.await;
    tasks.shutdown().await;
}

async fn reconcile(app: App, name: EnvironmentName) {
    loop {
        if let Err(error) = app.reconcile_where_due(&name).await {
            // A run that stopped has said so itself.
            debug!(environment = %name, %error, "reconciliation is not through");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Looks for new versions, and has everyone planned anew for them.
async fn templates(app: App, held: Held) {
    let asking = async {
        loop {
            for name in app.environments().keys() {
                if let Err(error) = app.poll_templates_where_due(name).await {
                    debug!(environment = %name, %error, "it is not known whether templates are to be asked for");
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    // Beside it: asking may wait for the budget.
    tokio::join!(asking, plan_for_versions(&app, &held));
}

async fn plan_for_versions(app: &App, held: &Held) {
    loop {
        if let Err(error) = app.tend_template_runs(held).await {
            warn!(%error, "a new template version is not planned for everyone yet; it will be gone on with");
        }
        tokio::time::sleep(LOOK_FOR_VERSIONS).await;
    }
}

/// Goes on with replays.
async fn replays(app: App, held: Held) {
    loop {
        if let Err(error) = app.tend_replays(&held).await {
            warn!(%error, "a replay could not go on; it will be tried again");
        }
        tokio::time::sleep(LOOK_FOR_REPLAYS).await;
    }
}

/// Adds up what was counted.
async fn fold(app: App) {
    app.fold_tallies().await;
}

/// Looks for what somebody should hear of.
async fn alerts(app: App, held: Held) {
    app.watch_for_alerts(&held).await;
}

/// Finds out what came of reminders.
async fn close(app: App) {
    app.close_outcomes().await;
}

async fn prune(app: App) {
    loop {
        if let Err(error) = app.prune_where_due().await {
            warn!(%error, "what has served its time could not be taken away; it will be tried again");
        }
        tokio::time::sleep(LOOK).await;
    }
}
