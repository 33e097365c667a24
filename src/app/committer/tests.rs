//! Batches, as they are seen from the books.

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
