//! One claimed action: performed under its lease, then settled.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use apalis::prelude::Data;
use futures::FutureExt;
use tokio::sync::watch;
use tracing::{Instrument, Span, info_span, warn};

use crate::app::App;
use crate::app::perform::{Finished, Perform};
use crate::domain::action::Outcome;
use crate::jobs::backend::Job;
use crate::jobs::leases::Leases;
use crate::jobs::outcomes::Outcomes;
use crate::storage::actions::Claimed;
use crate::traces;

/// Longest an attempt may take: several calls to Persona and one to a notifier, each with a timeout of its own.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(90);

/// What every handler of a worker works with.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) app: App,
    pub(super) leases: Leases,
    pub(super) outcomes: Outcomes,
    /// True from the stop on: nothing is begun any more.
    pub(super) stopping: watch::Receiver<bool>,
    /// True when the grace is over: what is under way ends now.
    pub(super) over: watch::Receiver<bool>,
}

/// Performs and settles one action. Never an error for apalis: an attempt's end is in the actions table.
pub(super) async fn perform<P: Perform>(job: Job, performer: Data<P>, tools: Data<Tools>) {
    let Job { claimed, slot } = job;
    let lease = claimed.lease.clone();
    if *tools.stopping.borrow() {
        give_back(&tools, &claimed).await;
    } else {
        let span = span(&claimed);
        traces::belongs_to(&span, &claimed.action.planned.id);
        attempt(claimed, &*performer, &tools).instrument(span).await;
    }
    tools.leases.drop_lease(&lease);
    drop(slot);
}

async fn attempt<P: Perform>(claimed: Claimed, performer: &P, tools: &Tools) {
    let began = tools.app.clock().now();
    let attempt = tokio::time::timeout(ATTEMPT_TIMEOUT, AssertUnwindSafe(performer.perform(&claimed)).catch_unwind());
    let outcome = tokio::select! {
        biased;
        () = tools.leases.loss(&claimed.lease) => {
            warn!("lease lost; the attempt was stopped");
            // Told all the same: where nobody else has it by now, it need not wait for its lease to be found lapsed.
            retry("its lease lapsed while it was performed")
        }
        () = until(tools.over.clone()) => {
            warn!("the worker had to stop; the attempt was stopped");
            Outcome::Retry { error: "its worker was stopped".to_owned(), at: Some(began), new_key: false }
        }
        attempt = attempt => match attempt {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => retry("the attempt panicked"),
            Err(_) => retry("the attempt took too long"),
        },
    };
    let now = tools.app.clock().now();
    tools.outcomes.settle(Finished::new(claimed, tools.leases.owner(), began, now, outcome)).await;
}

/// Gives back what was not begun; tried as long as we may.
async fn give_back(tools: &Tools, claimed: &Claimed) {
    let lease = std::slice::from_ref(&claimed.lease);
    let release = async {
        while let Err(why) = tools.app.release(lease).await {
            warn!(error = %why, action = %claimed.lease.action, "could not be given back yet");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::select! {
        () = release => {}
        () = until(tools.over.clone()) => {}
    }
}

fn span(claimed: &Claimed) -> Span {
    let action = &claimed.action;
    info_span!(
        "jobs.action.perform",
        action = %action.planned.id,
        kind = %action.planned.work.kind(),
        attempt = action.attempts,
    )
}

fn retry(error: &str) -> Outcome {
    Outcome::Retry { error: error.to_owned(), at: None, new_key: false }
}

/// Returns when it is true. When nobody can say so any more it never will be.
async fn until(mut told: watch::Receiver<bool>) {
    if told.wait_for(|told| *told).await.is_err() {
        std::future::pending::<()>().await;
    }
}
