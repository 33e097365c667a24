//! Group commit: who has something to be stored hands it over and waits; whatever waits is committed together.
//!
//! With no load nothing waits for company, and one event is a batch. While a batch is being committed others gather, so
//! the batches grow with the load, and the cost of a commit is shared by all who wait for it.

mod gathering;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tracing::{Instrument as _, Span, error, trace_span, warn};

use crate::app::batch::Arrival;
use crate::app::committer::gathering::{Gathering, UnderWay};
use crate::app::ingest::Receipt;
use crate::storage::StorageError;
use crate::traces;

/// The first pause before the database is asked again; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// How much may wait, and how much of it is committed at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Arrivals that may wait.
    pub(super) waiting: usize,
    /// Bytes that may wait.
    pub(super) waiting_bytes: usize,
    /// Arrivals in one batch.
    pub(super) batch: usize,
    /// Bytes in one batch, give or take one arrival.
    pub(super) batch_bytes: usize,
    /// Batches under way at one time.
    pub(super) at_once: usize,
    /// Arrivals that are worth a batch of their own while another is under way: a batch has its price, however small.
    pub(super) worthwhile: usize,
    /// Longest wait for so many, or for the other to end.
    pub(super) beside: Duration,
    /// How long a database that is gone is asked again on behalf of someone who waits.
    pub(super) patience: Duration,
}

/// What batches are committed to.
pub(super) trait Books: Send + Sync + 'static {
    /// Commits all of it and gives a receipt for each, or nothing.
    fn commit(&self, arrivals: &[Arrival]) -> impl Future<Output = Result<Vec<Receipt>, StorageError>> + Send;
}

/// Why nobody can say that it is on disk.
#[derive(Debug)]
pub(super) enum NotCommitted {
    /// More waits already than can be stored in time.
    Full,
    /// The database does not take it.
    Storage(StorageError),
}

/// The way in. Dropped, everything that waits is still committed and answered.
pub(super) struct Committer {
    queue: mpsc::Sender<Waiting>,
    bytes: Arc<Semaphore>,
}

struct Waiting {
    arrival: Arrival,
    since: Instant,
    answer: oneshot::Sender<Result<Receipt, StorageError>>,
    /// What it is followed by.
    span: Span,
    /// The room it takes.
    room: OwnedSemaphorePermit,
}

impl Committer {
    /// Starts committing.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn start(books: impl Books, bounds: Bounds) -> Self {
        let (queue, waiting) = mpsc::channel(bounds.waiting);
        let gathering = Gathering { waiting, latest: 0 };
        let (books, gathering) = (Arc::new(books), Arc::new(Mutex::new(gathering)));
        let under_way = Arc::new(UnderWay::default());
        for _ in 0..bounds.at_once {
            let (books, gathering, under_way) = (books.clone(), gathering.clone(), under_way.clone());
            tokio::spawn(async move {
                loop {
                    // The lock is held while gathering, never while committing.
                    let mut gathering = gathering.lock().await;
                    let Some(batch) = gathering.batch(bounds, &under_way).await else { return };
                    under_way.count.fetch_add(1, Ordering::AcqRel);
                    drop(gathering);
                    commit(&*books, batch, bounds.patience).await;
                    under_way.count.fetch_sub(1, Ordering::AcqRel);
                    under_way.ended.notify_one();
                }
            });
        }
        Self { queue, bytes: Arc::new(Semaphore::new(bounds.waiting_bytes)) }
    }

    /// Hands something over and waits until it is on disk. Who stops waiting may be passed over.
    ///
    /// # Errors
    /// [`NotCommitted`], at once when there is no room.
    pub(super) async fn commit(&self, arrival: Arrival) -> Result<Receipt, NotCommitted> {
        let bytes = u32::try_from(arrival.bytes().max(1)).map_err(|_| NotCommitted::Full)?;
        let room = self.bytes.clone().try_acquire_many_owned(bytes).map_err(|_| NotCommitted::Full)?;
        let (answer, answered) = oneshot::channel();
        let span = trace_span!(target: traces::TARGET, "app.committer.wait");
        let waiting = Waiting { arrival, since: Instant::now(), answer, span: span.clone(), room };
        self.queue.try_send(waiting).map_err(|_| NotCommitted::Full)?;
        metrics::gauge!("rekindle_commit_waiting").increment(1.0);
        match answered.instrument(span).await {
            Ok(answer) => answer.map_err(NotCommitted::Storage),
            // Only a runtime that is being taken down drops an answer.
            Err(_) => Err(NotCommitted::Full),
        }
    }
}

async fn commit(books: &impl Books, batch: Vec<Waiting>, patience: Duration) {
    let began = Instant::now();
    #[expect(clippy::cast_precision_loss, reason = "a batch is far smaller than 2^52")]
    metrics::histogram!("rekindle_commit_events").record(batch.len() as f64);
    let until = batch.iter().map(|waiting| waiting.since).max().unwrap_or(began) + patience;
    let span = trace_span!(target: traces::TARGET, parent: None, "app.committer.commit", events = batch.len());
    if !span.is_disabled() {
        traces::comes_from(&span, &batch.iter().map(|waiting| waiting.span.clone()).collect::<Vec<_>>());
    }
    let (arrivals, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|Waiting { arrival, answer, room, .. }| (arrival, (answer, room))).unzip();
    match insist(books, &arrivals, until).instrument(span).await {
        Ok(receipts) => {
            for ((answer, _), receipt) in answers.into_iter().zip(receipts) {
                let _ = answer.send(Ok(receipt));
            }
        }
        Err(Trouble::Gone(error)) => {
            warn!(%error, events = arrivals.len(), "a batch was not committed");
            for (answer, _) in answers {
                let _ = answer.send(Err(same(&error)));
            }
        }
        Err(Trouble::Content(why)) => {
            let alone = arrivals.len() == 1;
            for (arrival, (answer, _)) in arrivals.iter().zip(answers) {
                let known = alone.then(|| why.clone());
                let _ = answer.send(commit_alone(books, arrival, known, until).await);
            }
        }
    }
    metrics::histogram!("rekindle_commit_seconds").record(began.elapsed().as_secs_f64());
}

/// Commits one of a batch that failed by what is in it; what fails by itself is kept as unreadable.
async fn commit_alone(
    books: &impl Books,
    arrival: &Arrival,
    known: Option<String>,
    until: Instant,
) -> Result<Receipt, StorageError> {
    let one = std::slice::from_ref(arrival);
    let tried = match known {
        Some(why) => Err(Trouble::Content(why)),
        None => insist(books, one, until).await,
    };
    let why = match tried {
        Ok(receipts) => return only(receipts),
        Err(Trouble::Gone(error)) => return Err(error),
        Err(Trouble::Content(why)) => why,
    };
    let (environment, event) = arrival.key();
    error!(%environment, %event, error = why, "an event could not be applied and is kept as unreadable");
    only(books.commit(&[arrival.set_aside(&why)]).await?)
}

fn only(receipts: Vec<Receipt>) -> Result<Receipt, StorageError> {
    receipts.into_iter().next().ok_or(StorageError::Contended)
}

/// Why a batch was not committed.
enum Trouble {
    /// The database is gone, or can't agree with itself: not the batch's fault.
    Gone(StorageError),
    /// Something in it can't be stored or applied.
    Content(String),
}

/// Commits, and again while the database is gone and somebody still waits.
async fn insist(books: &impl Books, arrivals: &[Arrival], until: Instant) -> Result<Vec<Receipt>, Trouble> {
    let mut pause = FIRST_PAUSE;
    loop {
        match AssertUnwindSafe(books.commit(arrivals)).catch_unwind().await {
            Ok(Ok(receipts)) => return Ok(receipts),
            Ok(Err(error)) if !error.is_unavailable() => return Err(Trouble::Content(error.to_string())),
            Ok(Err(error)) if Instant::now() + pause >= until => return Err(Trouble::Gone(error)),
            Ok(Err(_)) => {
                sleep(pause).await;
                pause *= 2;
            }
            Err(_) => return Err(Trouble::Content("a defect of ours, which the log tells of".to_owned())),
        }
    }
}

/// The same again for everyone who waits; only what passes by itself is told to several.
fn same(error: &StorageError) -> StorageError {
    match error {
        StorageError::Unavailable(failure) => StorageError::Unavailable(failure.clone()),
        _ => StorageError::Contended,
    }
}
