//! What is done by the clock: reconciliation of each environment, and the end of rows that served their time.
//!
//! Every process looks whether a reconciliation is due, and whoever takes the environment's row does it; one process
//! prunes for all.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::app::App;
use crate::domain::ids::EnvironmentName;

/// How often to look whether something is due: a few reads.
const LOOK: Duration = Duration::from_secs(15);

/// Does what is due until `stop` resolves. What was begun then is left, and gone on with by the next process.
pub async fn upkeep(app: App, stop: impl Future<Output = ()> + Send) {
    let mut tasks = JoinSet::new();
    for name in app.environments().keys() {
        tasks.spawn(reconcile(app.clone(), name.clone()));
    }
    tasks.spawn(async move { app.singly("prune", |_| prune(app.clone())).await });
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

async fn prune(app: App) {
    loop {
        if let Err(error) = app.prune_where_due().await {
            warn!(%error, "what has served its time could not be taken away; it will be tried again");
        }
        tokio::time::sleep(LOOK).await;
    }
}
