//! The right to do what only one process may do: one holder, a rising token, a fence.

use std::time::Duration;

use rekindle::domain::time::Timestamp;
use rekindle::storage::singletons::Held;
use rekindle::storage::{Database, Kind};

use crate::storage::raw;
use crate::storage::sample::at;
use crate::support::on_both;

const LEASE: Duration = Duration::from_mins(10);

async fn take(database: &Database, owner: &str, now: Timestamp) -> Option<Held> {
    let mut tx = database.begin().await.unwrap();
    let held = tx.take_singleton("sweep", owner, LEASE, now).await.unwrap();
    tx.commit().await.unwrap();
    held
}

on_both! {
    async fn a_right_is_held_by_one_and_its_token_rises_with_every_change_of_hands(database: &Scratch) {
        let first = take(database, "one", at(0)).await.unwrap();
        assert_eq!(take(database, "two", at(1)).await, None);
        assert_eq!(take(database, "one", at(2)).await.as_ref(), Some(&first), "renewed");
        if database.kind() == Kind::Postgres {
            raw::execute(database, "UPDATE singletons SET until = now() - interval '1 second'").await;
        }
        let second = take(database, "two", at(10_000)).await.unwrap();
        assert!(second.token > first.token);
        assert_eq!(take(database, "one", at(10_001)).await, None);

        let mut tx = database.begin().await.unwrap();
        assert!(!tx.fence(&first).await.unwrap(), "who lost it writes nothing more");
        assert!(tx.fence(&second).await.unwrap());
        tx.leave_singleton(&first).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(take(database, "three", at(10_002)).await, None, "nobody gives back what is another's");

        let mut tx = database.begin().await.unwrap();
        tx.leave_singleton(&second).await.unwrap();
        tx.commit().await.unwrap();
        assert!(take(database, "three", at(10_003)).await.unwrap().token > second.token);
    }

    async fn rights_of_different_names_have_nothing_to_do_with_each_other(database: &Scratch) {
        assert!(take(database, "one", at(0)).await.is_some());
        let mut tx = database.begin().await.unwrap();
        assert!(tx.take_singleton("prune", "two", LEASE, at(0)).await.unwrap().is_some());
        tx.commit().await.unwrap();
    }
}
