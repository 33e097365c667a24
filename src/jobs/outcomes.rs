//! Outcomes, settled together: whatever has come in while the last batch was being written is the next batch.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use crate::app::App;
use crate::app::perform::Finished;

/// Most outcomes written in one transaction.
const AT_ONCE: usize = 512;

/// How long to wait before writing is tried again while the database is away.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Where attempts that ended are handed in. Cheap to clone.
#[derive(Clone)]
pub(super) struct Outcomes(mpsc::Sender<Waiting>);

struct Waiting {
    finished: Finished,
    settled: oneshot::Sender<()>,
}

/// Writes what is handed in.
pub(super) struct Committer {
    app: App,
    waiting: mpsc::Receiver<Waiting>,
}

impl Outcomes {
    /// Returns when the outcome is written, however long the database is away: the effect may have happened.
    pub(super) async fn settle(&self, finished: Finished) {
        let (settled, told) = oneshot::channel();
        if self.0.send(Waiting { finished, settled }).await.is_ok() {
            let _ = told.await;
        }
    }
}

impl Committer {
    /// One for as many outcomes as there are slots: more can't wait.
    pub(super) fn new(app: App, slots: usize) -> (Outcomes, Self) {
        let (sender, waiting) = mpsc::channel(slots.max(1));
        (Outcomes(sender), Self { app, waiting })
    }

    /// Runs until nobody can hand in anything any more.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(AT_ONCE);
        while self.waiting.recv_many(&mut batch, AT_ONCE).await > 0 {
            let (finished, settled): (Vec<Finished>, Vec<oneshot::Sender<()>>) =
                batch.drain(..).map(|Waiting { finished, settled }| (finished, settled)).unzip();
            self.write(&finished).await;
            for settled in settled {
                let _ = settled.send(());
            }
        }
    }

    /// Writes a batch, in order. What the database refuses for its content must not keep the others waiting.
    async fn write(&self, finished: &[Finished]) {
        if self.try_until_answered(finished).await {
            return;
        }
        for one in finished {
            if !self.try_until_answered(std::slice::from_ref(one)).await {
                error!(action = %one.action_id(), "its outcome can't be written; its lease will lapse");
            }
        }
    }

    /// Tries until the database answers; whether it took them.
    async fn try_until_answered(&self, finished: &[Finished]) -> bool {
        loop {
            match self.app.settle_all(finished).await {
                Ok(_) => return true,
                Err(why) if why.is_unavailable() => {
                    warn!(error = %why, outcomes = finished.len(), "outcomes could not be written yet");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                Err(why) => {
                    error!(error = %why, outcomes = finished.len(), "outcomes were refused");
                    return false;
                }
            }
        }
    }
}
