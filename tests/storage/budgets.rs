//! A budget reads back as it was saved, and two processes never change it at once.

use rekindle::domain::budget::{Returned, Told, Urgency};
use rekindle::storage::Database;

use crate::storage::sample::{at, environment, sandbox};
use crate::support::on_both;

/// One exchange of a process, which wants one call.
async fn take(database: &Database, owner: &str) -> u32 {
    let mut tx = database.begin().await.unwrap();
    let mut ledger = tx.lock_budget(&sandbox(), 60, at(1)).await.unwrap();
    let grant = ledger.exchange(owner, &Returned::default(), Some((Urgency::Waiting, 1)), at(16), at(1));
    tx.save_budget(&sandbox(), &ledger, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    grant.calls
}

on_both! {
    async fn a_budget_reads_back_as_it_was_saved(database: &Scratch) {
        assert_eq!(database.read().await.unwrap().budget(&sandbox(), 60).await.unwrap(), None);
        let mut tx = database.begin().await.unwrap();
        let mut ledger = tx.lock_budget(&sandbox(), 60, at(0)).await.unwrap();
        let told = Told { limit: 300, remaining: 280, resets_at: at(60) };
        let returned = Returned { ended: 1, unheard: 1, told: Some(told), ..Returned::default() };
        ledger.exchange("one", &returned, Some((Urgency::Reminder, 7)), at(15), at(0));
        (ledger.slowed_at, ledger.closed_until, ledger.assumed_since) = (Some(at(1)), Some(at(2)), Some(at(3)));
        tx.save_budget(&sandbox(), &ledger, at(0)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.lock_budget(&sandbox(), 60, at(9)).await.unwrap(), ledger);
        assert_eq!(tx.budget(&sandbox(), 60).await.unwrap(), Some(ledger));
        assert_eq!(tx.budget(&environment("production"), 60).await.unwrap(), None, "each environment has its own");
    }

    /// The very first exchange is the hard one: there is no row to be locked yet.
    async fn exchanges_of_many_processes_come_one_after_the_other(database: &Scratch) {
        let owners: Vec<String> = (0..12).map(|number| format!("process-{number}")).collect();
        let taken = futures::future::join_all(owners.iter().map(|owner| take(database, owner))).await;
        let ledger = database.read().await.unwrap().budget(&sandbox(), 60).await.unwrap().unwrap();
        assert_eq!(taken.iter().sum::<u32>(), 3, "while nothing is known");
        assert_eq!(ledger.holdings.iter().map(|holding| holding.calls).sum::<u32>(), 3);
    }
}
