//! One claimed action: performed under its lease, then settled.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use apalis::prelude::Data;
use futures::FutureExt;
use tracing::{Instrument, info_span, warn};

use crate::app::App;
use crate::domain::action::Outcome;
use crate::jobs::backend::Job;
use crate::jobs::leases::Leases;

/// Longest an attempt may take: several calls to Persona and one to a notifier, each with a timeout of its own.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(90);

/// How long to wait before settling is tried again while the database is away.
const SETTLE_AGAIN: Duration = Duration::from_millis(500);

/// Performs and settles one action. Never an error for apalis: an attempt's end is in the actions table.
pub(super) async fn perform(job: Job, app: Data<App>, leases: Data<Leases>) {
    let Job { claimed, slot } = job;
    let action = &claimed.action;
    let span = info_span!("jobs.action.perform", action = %action.planned.id, kind = %action.planned.work.kind(), attempt = action.attempts);
    let began = app.clock().now();
    let loss = leases.loss(&claimed.lease);
    let attempt = tokio::time::timeout(ATTEMPT_TIMEOUT, AssertUnwindSafe(app.perform(&claimed)).catch_unwind());
    async {
        let outcome = tokio::select! {
            biased;
            () = loss => {
                warn!("lease lost; the attempt was stopped");
                return;
            }
            attempt = attempt => match attempt {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => retry("the attempt panicked"),
                Err(_) => retry("the attempt took too long"),
            },
        };
        // The effect may have happened, so its outcome is written however long the database is away.
        while let Err(why) = app.settle(&claimed, leases.owner(), began, outcome.clone()).await {
            warn!(error = %why, "the outcome could not be written yet");
            tokio::time::sleep(SETTLE_AGAIN).await;
        }
    }
    .instrument(span)
    .await;
    leases.drop_lease(&claimed.lease);
    drop(slot);
}

fn retry(error: &str) -> Outcome {
    Outcome::Retry { error: error.to_owned(), at: None, new_key: false }
}
