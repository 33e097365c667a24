//! Takes back what dead workers held, so that it is performed by someone.

use tokio::sync::watch;
use tracing::{info, warn};

use crate::app::App;
use crate::config::WorkerSettings;
use crate::jobs::leases::ticking;

/// Most lapsed leases taken back at once.
const AT_ONCE: u32 = 200;

/// Looks for lapsed leases until stopped.
///
/// While the database was away nobody could renew: after an outage, and after our own start, which may be at its end,
/// whoever holds leases is given the time of one to renew or settle first.
pub(super) async fn take_over_until_stopped(
    app: App,
    owner: String,
    settings: WorkerSettings,
    mut stopped: watch::Receiver<bool>,
) {
    let take_over = async {
        wait_for(&app, &settings).await;
        let mut tick = ticking(settings.renew);
        loop {
            tick.tick().await;
            match app.reap(&owner, AT_ONCE, settings.lease).await {
                Ok(0) => {}
                Ok(taken) => info!(actions = taken, "took over what a lost worker held"),
                Err(why) => {
                    warn!(error = %why, "lapsed leases could not be looked for");
                    wait_for(&app, &settings).await;
                }
            }
        }
    };
    tokio::select! {
        () = take_over => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// Waits until the database answers, and for one lease more.
async fn wait_for(app: &App, settings: &WorkerSettings) {
    while app.database().ping().await.is_err() {
        tokio::time::sleep(settings.renew).await;
    }
    tokio::time::sleep(settings.lease).await;
}
