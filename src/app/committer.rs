//! Group commit: who has something to be stored hands it over and waits; whatever waits is committed together.
//!
//! With no load nothing waits for company, and one event is a batch. While a batch is being committed others gather, so
//! the batches grow with the load, and the cost of a commit is shared by all who wait for it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, warn};

use crate::app::batch::Arrival;
use crate::app::ingest::Receipt;
use crate::storage::StorageError;

/// The first pause before the database is asked again; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// A batch of so many says that there is load.
const LARGE: usize = 16;

/// After a large batch, how long those who were just answered have to send again.
const BREATH: Duration = Duration::from_millis(2);

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
        let waiting = Waiting { arrival, since: Instant::now(), answer, room };
        self.queue.try_send(waiting).map_err(|_| NotCommitted::Full)?;
        metrics::gauge!("rekindle_commit_waiting").increment(1.0);
        match answered.await {
            Ok(answer) => answer.map_err(NotCommitted::Storage),
            // Only a runtime that is being taken down drops an answer.
            Err(_) => Err(NotCommitted::Full),
        }
    }
}

/// How many batches are being committed, and a sign whenever one ends.
#[derive(Default)]
struct UnderWay {
    count: AtomicUsize,
    ended: Notify,
}

/// The end of the queue from which batches are made.
struct Gathering {
    waiting: mpsc::Receiver<Waiting>,
    /// How many the latest batch had.
    latest: usize,
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
    async fn batch(&mut self, bounds: Bounds, under_way: &UnderWay) -> Option<Vec<Waiting>> {
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

async fn commit(books: &impl Books, batch: Vec<Waiting>, patience: Duration) {
    let began = Instant::now();
    #[expect(clippy::cast_precision_loss, reason = "a batch is far smaller than 2^52")]
    metrics::histogram!("rekindle_commit_events").record(batch.len() as f64);
    let until = batch.iter().map(|waiting| waiting.since).max().unwrap_or(began) + patience;
    let (arrivals, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|Waiting { arrival, answer, room, .. }| (arrival, (answer, room))).unzip();
    match insist(books, &arrivals, until).await {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use tokio::task::JoinSet;

    use super::*;
    use crate::domain::event::Event;
    use crate::domain::ids::EnvironmentName;
    use crate::domain::signature::Age;
    use crate::domain::time::Timestamp;
    use crate::storage::events::Origin;

    const BOUNDS: Bounds = Bounds {
        waiting: 64,
        waiting_bytes: 1 << 20,
        batch: 256,
        batch_bytes: 1 << 20,
        at_once: 1,
        worthwhile: 1,
        beside: Duration::from_mins(1),
        patience: Duration::from_millis(200),
    };

    /// Books that show what is written into them, and fail as told.
    #[derive(Default)]
    struct Fake {
        /// The ids of each batch that was tried.
        tried: Mutex<Vec<Vec<String>>>,
        /// Locked, nothing is committed.
        gate: tokio::sync::Mutex<()>,
        /// How often the database is still gone.
        gone: Mutex<usize>,
    }

    impl Books for Arc<Fake> {
        async fn commit(&self, arrivals: &[Arrival]) -> Result<Vec<Receipt>, StorageError> {
            let ids: Vec<String> = arrivals.iter().map(|arrival| arrival.key().1.to_string()).collect();
            self.tried.lock().unwrap().push(ids.clone());
            let _open = self.gate.lock().await;
            let gone = std::mem::replace(&mut *self.gone.lock().unwrap(), 0);
            if gone > 0 {
                *self.gone.lock().unwrap() = gone - 1;
                return Err(StorageError::Contended);
            }
            assert!(!ids.iter().any(|id| id == "evt_panic"), "told to panic");
            if ids.iter().any(|id| id == "evt_poison") {
                return Err(StorageError::NotMigrated);
            }
            let receipt = |id: &String| {
                if id.starts_with("sha256:") { Receipt::Unreadable(String::new()) } else { Receipt::Applied(None) }
            };
            Ok(ids.iter().map(receipt).collect())
        }
    }

    fn arrival(id: &str) -> Arrival {
        let now = Timestamp::from_second(0);
        let body = serde_json::json!({ "data": { "type": "event", "id": id, "attributes": { "name": "a.b" } } });
        let event = Event::of(&body, now).unwrap();
        let environment = EnvironmentName::parse("sandbox").unwrap();
        Arrival::event(&environment, event, Age::Fresh, Origin::Webhook, now, Bytes::from(body.to_string()))
    }

    fn start(bounds: Bounds) -> (Arc<Fake>, Arc<Committer>) {
        let books = Arc::new(Fake::default());
        (books.clone(), Arc::new(Committer::start(books, bounds)))
    }

    /// Hands these over at once, in their order, while the gate holds the first of all back; then opens it.
    async fn all(books: &Fake, committer: &Arc<Committer>, ids: &[&str]) -> Vec<Result<Receipt, NotCommitted>> {
        let gate = books.gate.lock().await;
        let mut tasks = JoinSet::new();
        for (at, id) in ids.iter().enumerate() {
            let (committer, arrival) = (committer.clone(), arrival(id));
            tasks.spawn(async move { (at, committer.commit(arrival).await) });
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(gate);
        let mut answers = tasks.join_all().await;
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    fn sizes(books: &Fake) -> Vec<usize> {
        books.tried.lock().unwrap().iter().map(Vec::len).collect()
    }

    #[tokio::test]
    async fn one_is_committed_at_once_and_what_gathers_meanwhile_together() {
        let (books, committer) = start(Bounds { batch: 4, ..BOUNDS });
        let answers = all(&books, &committer, &["e0", "e1", "e2", "e3", "e4", "e5", "e6"]).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(Receipt::Applied(_)))), "{answers:?}");
        assert_eq!(sizes(&books), [1, 4, 2], "no more than a batch holds");
        assert_eq!(books.tried.lock().unwrap()[1], ["e1", "e2", "e3", "e4"], "in the order they came");
    }

    #[tokio::test]
    async fn while_one_is_under_way_another_waits_until_it_is_worthwhile() {
        let (books, committer) = start(Bounds { at_once: 2, worthwhile: 3, ..BOUNDS });
        let gate = books.gate.lock().await;
        let mut tasks = JoinSet::new();
        let mut hand_over = async |id: &str| {
            let (committer, arrival) = (committer.clone(), arrival(id));
            tasks.spawn(async move { committer.commit(arrival).await.is_ok() });
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        for id in ["e0", "e1", "e2"] {
            hand_over(id).await;
        }
        assert_eq!(sizes(&books), [1], "two are not worth a batch of their own");
        hand_over("e3").await;
        assert_eq!(sizes(&books), [1, 3]);
        drop(gate);
        assert!(tasks.join_all().await.into_iter().all(|taken| taken));
    }

    #[tokio::test]
    async fn a_batch_and_the_queue_are_bounded_in_bytes_too() {
        let bytes = arrival("e0").bytes();
        let (books, committer) = start(Bounds { batch_bytes: 2 * bytes, waiting_bytes: 4 * bytes, ..BOUNDS });
        let answers = all(&books, &committer, &["e0", "e1", "e2", "e3", "e4"]).await;
        assert!(matches!(answers[4], Err(NotCommitted::Full)), "{answers:?}");
        assert_eq!(sizes(&books), [1, 2, 1]);
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once_and_forgets_nothing_it_took() {
        let (books, committer) = start(Bounds { waiting: 2, ..BOUNDS });
        let answers = all(&books, &committer, &["e0", "e1", "e2", "e3"]).await;
        let full: Vec<bool> = answers.iter().map(|answer| matches!(answer, Err(NotCommitted::Full))).collect();
        assert_eq!(full, [false, false, false, true], "{answers:?}");
        assert!(committer.commit(arrival("e3")).await.is_ok(), "room again");
    }

    #[tokio::test]
    async fn what_can_t_be_applied_is_kept_as_unreadable_and_the_others_are_applied() {
        for poison in ["evt_poison", "evt_panic"] {
            let (books, committer) = start(BOUNDS);
            let answers = all(&books, &committer, &["e0", "e1", poison, "e3"]).await;
            let words: Vec<&str> = answers.iter().map(|answer| answer.as_ref().unwrap().as_str()).collect();
            assert_eq!(words, ["applied", "applied", "unreadable", "applied"], "{poison}");
            assert_eq!(sizes(&books), [1, 3, 1, 1, 1, 1], "together, one by one, and the poison as unreadable");
            let alone = all(&books, &committer, &[poison]).await;
            assert_eq!(alone[0].as_ref().unwrap().as_str(), "unreadable");
        }
    }

    #[tokio::test]
    async fn a_database_that_is_gone_is_asked_again_and_then_everyone_is_told() {
        let (books, committer) = start(BOUNDS);
        *books.gone.lock().unwrap() = 2;
        assert!(committer.commit(arrival("e0")).await.is_ok());
        assert_eq!(sizes(&books), [1, 1, 1]);

        *books.gone.lock().unwrap() = 1_000;
        let answers = all(&books, &committer, &["e1", "e2"]).await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(NotCommitted::Storage(_)))), "{answers:?}");
        *books.gone.lock().unwrap() = 0;
        assert!(committer.commit(arrival("e1")).await.is_ok(), "it goes on by itself");
    }

    #[tokio::test]
    async fn who_no_longer_waits_is_passed_over() {
        let (books, committer) = start(BOUNDS);
        let gate = books.gate.lock().await;
        let mut tasks = Vec::new();
        for id in ["e0", "e1", "e2"] {
            let committer = committer.clone();
            tasks.push(tokio::spawn(async move { committer.commit(arrival(id)).await.is_ok() }));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tasks[1].abort();
        tokio::time::sleep(Duration::from_millis(5)).await;
        drop(gate);
        assert!(tasks.pop().unwrap().await.unwrap());
        assert_eq!(*books.tried.lock().unwrap(), [["e0"], ["e2"]]);
    }
}
