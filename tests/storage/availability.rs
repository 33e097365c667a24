//! What passes by itself is told apart from what does not, and no text tells a password.

use std::time::Duration;

use rekindle::storage::{Database, StorageError};
use tokio::net::TcpListener;

use crate::storage::raw;
use crate::storage::sample::{at, inquiry_id, key, reminder, sandbox, unknown};
use crate::support::{self, on_both};

const PASSWORD: &str = "hunter2-open-sesame";

/// An address on which nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("postgres://ada:{PASSWORD}@{}/rekindle", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_its_password_stays_secret() {
    let database = Database::open(&nobody().await).await.unwrap();
    assert!(!format!("{database:?}").contains(PASSWORD));
    // Each waits for a connection as long as it may; together they wait once.
    let (ping, begin, read, migrate, check) =
        tokio::join!(database.ping(), database.begin(), database.read(), database.migrate(), database.check_schema());
    for result in [ping, begin.map(drop), read.map(drop), migrate, check] {
        let error = result.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
    }
}

#[tokio::test]
async fn a_url_that_is_none_is_not_repeated() {
    for url in [
        "mysql://ada:hunter2-open-sesame@localhost/rekindle",
        "postgres://ada:hunter2-open-sesame@localhost:port/rekindle",
        "sqlite::memory:",
        "sqlite://rekindle.db?mode=hunter2-open-sesame",
        "hunter2-open-sesame",
    ] {
        let error = Database::open(url).await.unwrap_err();
        assert!(matches!(error, StorageError::InvalidUrl(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_ends_our_connections_is_unavailable_and_then_available_again() {
    let Some(database) = support::postgres().await else { return };
    let mut tx = database.begin().await.unwrap();
    tx.add_inquiries(&[&unknown("inq_1")], at(0)).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    raw::execute(&database, sql).await;
    let error = tx.lock_inquiries(&[&key("inq_1")], &[]).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    drop(tx);
    // Connections that idle in the pool may be dead too; each is found out once.
    let mut tries = 0;
    while let Err(error) = database.ping().await {
        assert!(error.is_unavailable(), "{error:?}");
        tries += 1;
        assert!(tries < 20, "it does not come back: {error:?}");
    }
    let mut tx = database.read().await.unwrap();
    assert_eq!(tx.inquiry(&sandbox(), &inquiry_id("inq_1")).await.unwrap(), None, "the transaction never happened");
}

#[tokio::test]
async fn of_two_transactions_that_wait_for_each_other_one_can_be_repeated() {
    let Some(database) = support::postgres().await else { return };
    let keys = [key("inq_1"), key("inq_2")];
    let mut tx = database.begin().await.unwrap();
    tx.add_inquiries(&[&unknown("inq_1"), &unknown("inq_2")], at(0)).await.unwrap();
    tx.commit().await.unwrap();

    let barrier = tokio::sync::Barrier::new(2);
    let cross = async |first: usize, second: usize| {
        let mut tx = database.begin().await?;
        tx.lock_inquiries(&[&keys[first]], &[]).await?;
        barrier.wait().await;
        tx.lock_inquiries(&[&keys[second]], &[]).await?;
        tx.commit().await
    };
    let (one, other) = tokio::join!(cross(0, 1), cross(1, 0));
    let error = one.and(other).unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

#[tokio::test]
async fn a_sqlite_file_that_another_process_keeps_busy_is_unavailable() {
    let database = support::sqlite().await;
    let other = Database::open(&database.url).await.unwrap();
    let _held = other.begin().await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_mins(1), database.begin()).await.unwrap();
    let error = waiting.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

on_both! {
    async fn a_defect_is_not_unavailable_and_quotes_no_row(database: &Scratch) {
        raw::execute(database, "CREATE UNIQUE INDEX actions_of_one_inquiry ON actions (inquiry_id)").await;
        let mut tx = database.begin().await.unwrap();
        let two = [50, 75].map(|percent| reminder(&sandbox(), "inq_of_nobody", percent, 1));
        let error = tx.insert_actions(&two, 3, at(0)).await.unwrap_err();
        assert!(matches!(error, StorageError::Sqlx(_)), "{error:?}");
        assert!(!error.is_unavailable());
        assert!(!format!("{error} {error:?}").contains("inq_of_nobody"), "{error:?}");
    }

    async fn a_closed_database_is_unavailable(database: &Scratch) {
        database.close().await;
        let error = database.begin().await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        assert!(database.ping().await.unwrap_err().is_unavailable());
    }

    async fn a_state_that_can_t_be_understood_names_its_row(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        tx.add_inquiries(&[&unknown("inq_1")], at(0)).await.unwrap();
        tx.commit().await.unwrap();
        raw::execute(database, "UPDATE inquiries SET state = '{\"v\":99}'").await;
        let error = database.read().await.unwrap().inquiry(&sandbox(), &inquiry_id("inq_1")).await.unwrap_err();
        let StorageError::Inconsistent { table, column, row } = &error else { panic!("{error:?}") };
        assert_eq!((*table, *column, row.as_str()), ("inquiries", "state", "sandbox/inq_1"));
        assert!(!error.is_unavailable());
    }
}
