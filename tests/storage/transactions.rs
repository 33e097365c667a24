//! Transactions: all or nothing, one writer at a time, readers beside it; and the hints that follow a commit.

use std::time::Duration;

use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::storage::{Database, StorageError};

use crate::storage::sample::{at, inquiry_id, key, plan, reminder, said, sandbox, store};
use crate::support::on_both;

/// Far more than a hint takes, far less than anyone waits for a test.
const PATIENCE: Duration = Duration::from_secs(20);

/// Polls so many times at most, without a pause, and then drops it.
async fn given_up_after<T>(mut work: std::pin::Pin<&mut impl Future<Output = T>>, polls: usize) {
    for _ in 0..polls {
        if futures::poll!(work.as_mut()).is_ready() {
            return;
        }
    }
}

on_both! {
    async fn what_is_not_committed_never_happened(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        tx.set_rules_fingerprint(&sandbox(), "rules", at(0)).await.unwrap();
        drop(tx);
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.rules_fingerprint(&sandbox()).await.unwrap(), None);
    }

    async fn a_reader_sees_one_moment_and_waits_for_nobody(database: &Scratch) {
        let mut writer = database.begin().await.unwrap();
        writer.set_rules_fingerprint(&sandbox(), "new", at(0)).await.unwrap();
        let mut reader = database.read().await.unwrap();
        assert_eq!(reader.rules_fingerprint(&sandbox()).await.unwrap(), None);
        writer.commit().await.unwrap();
        assert_eq!(reader.rules_fingerprint(&sandbox()).await.unwrap(), None, "still the same moment");
        let mut later = database.read().await.unwrap();
        assert_eq!(later.rules_fingerprint(&sandbox()).await.unwrap().as_deref(), Some("new"));
    }

    async fn a_reader_can_t_write(database: &Scratch) {
        let mut reader = database.read().await.unwrap();
        let error = reader.set_rules_fingerprint(&sandbox(), "rules", at(0)).await.unwrap_err();
        assert!(matches!(error, StorageError::Sqlx(_) | StorageError::Unavailable(_)), "{error:?}");
        drop(reader);
        assert_eq!(database.read().await.unwrap().rules_fingerprint(&sandbox()).await.unwrap(), None);
    }

    /// Who waits for an answer and leaves, as a closed connection does, leaves no half-begun transaction behind.
    async fn who_no_longer_waits_for_a_transaction_leaves_none_behind(database: &Scratch) {
        for polls in 1..4 {
            // As many as there are connections, and each of them is used again afterwards.
            for _ in 0..8 {
                given_up_after(std::pin::pin!(database.read()), polls).await;
            }
            for number in 0..16 {
                let rules = format!("{polls} {number}");
                let mut tx = database.begin().await.unwrap();
                tx.set_rules_fingerprint(&sandbox(), &rules, at(0)).await.unwrap();
                tx.commit().await.unwrap();
                let known = database.read().await.unwrap().rules_fingerprint(&sandbox()).await.unwrap();
                assert_eq!(known, Some(rules));
            }
        }
    }

    async fn writers_that_read_first_lose_no_update(database: &Scratch) {
        store(database, &sandbox(), said("inq_1", Status::Created, None, None, 0)).await;
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let database = Database::clone(database);
            writers.spawn(async move {
                for _ in 0..5 {
                    let mut tx = database.begin().await.unwrap();
                    let mut inquiry = tx.lock_inquiries(&[&key("inq_1")], &[]).await.unwrap().remove(0);
                    let count = inquiry.last_active.map_or(0, Timestamp::as_micros);
                    inquiry.last_active = Some(Timestamp::from_micros(count + 1));
                    tx.save_inquiries(&[&inquiry], at(1)).await.unwrap();
                    tx.commit().await.unwrap();
                }
            });
        }
        writers.join_all().await;
        let stored = database.read().await.unwrap().inquiry(&sandbox(), &inquiry_id("inq_1")).await.unwrap().unwrap();
        assert_eq!(stored.inquiry.last_active, Some(Timestamp::from_micros(40)));
    }

    async fn what_becomes_due_at_once_is_hinted_at(database: &Scratch) {
        let mut wakes = database.wakes();
        plan(database, &[reminder(&sandbox(), "inq_1", 50, 0)], 3).await;
        tokio::time::timeout(PATIENCE, wakes.next()).await.expect("a hint that came before anyone waited counts");
        plan(database, &[reminder(&sandbox(), "inq_2", 50, 3_600)], 3).await;
        let quiet = tokio::time::timeout(Duration::from_millis(200), wakes.next()).await;
        assert!(quiet.is_err() || database.kind() == rekindle::storage::Kind::Postgres, "nothing is due yet");
    }
}

#[tokio::test]
async fn on_postgres_another_process_is_hinted_too() {
    let Some(database) = crate::support::postgres().await else { return };
    let other = Database::open(&database.url).await.unwrap();
    let mut wakes = other.wakes();
    let hinted = tokio::spawn(async move { wakes.next().await });
    // Listening begins with the wait; how soon is not ours to say, so hint until it is heard.
    for number in 0..200 {
        plan(&database, &[reminder(&sandbox(), &format!("inq_{number}"), 50, 0)], 3).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        if hinted.is_finished() {
            return;
        }
    }
    panic!("no hint was heard");
}
