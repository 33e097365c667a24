//! Making batches of what waits: as small as there is no load, as large as waiting costs nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::app::committer::{Bounds, Waiting};

/// A batch of so many says that there is load.
const LARGE: usize = 16;

/// After a large batch, how long those who were just answered have to send again.
const BREATH: Duration = Duration::from_millis(2);

/// How many batches are being committed, and a sign whenever one ends.
#[derive(Default)]
pub(super) struct UnderWay {
    pub(super) count: AtomicUsize,
    pub(super) ended: Notify,
}

/// The end of the queue from which batches are made.
pub(super) struct Gathering {
    pub(super) waiting: mpsc::Receiver<Waiting>,
    /// How many the latest batch had.
    pub(super) latest: usize,
}

/// A batch that is being made.
#[derive(Default)]
struct Batch {
    arrivals: Vec<Waiting>,
    bytes: usize,
}

impl Gathering {
    /// Waits for the first arrival, and takes what else is there within the bounds of a batch. `None` at the end.
    ///
    /// Without load that is one arrival, at once. Under load a batch is made as large as waiting costs nothing: while
    /// another is under way until it is worthwhile, and after a large one for a breath, because those who were just
    /// answered are about to send again.
    pub(super) async fn batch(&mut self, bounds: Bounds, under_way: &UnderWay) -> Option<Vec<Waiting>> {
        let mut batch = Batch::default();
        while batch.arrivals.is_empty() {
            batch.take(self.waiting.recv().await?);
            self.take_what_is_there(&mut batch, bounds);
        }
        let began = Instant::now();
        while batch.has_room(bounds) {
            let (enough, until) = match under_way.count.load(Ordering::Acquire) {
                0 if self.latest < LARGE => break,
                0 => (self.latest / 2, began + BREATH),
                _ => (bounds.worthwhile, began + bounds.beside),
            };
            if batch.arrivals.len() >= enough || Instant::now() >= until {
                break;
            }
            tokio::select! {
                one = self.waiting.recv() => match one {
                    Some(one) => batch.take(one),
                    None => break,
                },
                () = under_way.ended.notified() => {}
                () = sleep_until(until) => {}
            }
            self.take_what_is_there(&mut batch, bounds);
        }
        self.latest = batch.arrivals.len();
        Some(batch.arrivals)
    }

    fn take_what_is_there(&mut self, batch: &mut Batch, bounds: Bounds) {
        while batch.has_room(bounds)
            && let Ok(one) = self.waiting.try_recv()
        {
            batch.take(one);
        }
    }
}

impl Batch {
    fn take(&mut self, one: Waiting) {
        metrics::gauge!("rekindle_commit_waiting").decrement(1.0);
        // Nobody waits for it any more, so nobody was promised anything, and Persona sends it again.
        if !one.answer.is_closed() {
            self.bytes += one.arrival.bytes();
            self.arrivals.push(one);
        }
    }

    const fn has_room(&self, bounds: Bounds) -> bool {
        self.arrivals.len() < bounds.batch && self.bytes < bounds.batch_bytes
    }
}
