//! One run at a time holds an environment's row, and who lost it writes nothing.

use jiff::SignedDuration;
use rekindle::storage::Database;
use rekindle::storage::reconciliation::{Found, Holding, Reconciliation, Run, Stage, Why};

use crate::storage::sample::{at, environment, sandbox};
use crate::support::on_both;

const LONGEST: SignedDuration = SignedDuration::from_mins(10);

async fn hold(database: &Database, holder: &str, now: i64, until: i64) -> Option<Reconciliation> {
    let mut tx = database.begin().await.unwrap();
    tx.begin_reconciling(&sandbox(), at(now)).await.unwrap();
    let holding = Holding { holder, until: at(until) };
    let held = tx.hold_reconciliation(&sandbox(), holding, at(now), LONGEST).await.unwrap();
    tx.commit().await.unwrap();
    held
}

async fn save(database: &Database, holder: &str, run: &Run, keep_until: Option<i64>) -> bool {
    let mut tx = database.begin().await.unwrap();
    let keep_until = keep_until.map(at);
    let saved = tx.save_reconciliation(&sandbox(), holder, at(50), run, keep_until).await.unwrap();
    tx.commit().await.unwrap();
    saved
}

fn run(touched: i64) -> Run {
    Run {
        why: Why::Silence,
        began_at: at(0),
        since: at(-180),
        stage: Stage::Events,
        place: Some("evt_1".to_owned()),
        found: Found { searched: 7, errors: u64::from(u32::MAX) + 1, ..Found::default() },
        touched_at: at(touched),
        error: Some("it stopped\0here".to_owned()),
    }
}

on_both! {
    async fn a_run_reads_back_as_it_was_written(database: &Scratch) {
        assert_eq!(hold(database, "a", 0, 60).await.unwrap().run, None);
        assert!(save(database, "a", &run(10), Some(70)).await);
        let mut tx = database.read().await.unwrap();
        let known = tx.reconciliations().await.unwrap().remove(0);
        let written = Run { error: Some("it stopped?here".to_owned()), ..run(10) };
        assert_eq!(known.run, Some(written));
        assert_eq!((known.reconciled_until, known.held), (at(50), Some(("a".to_owned(), at(70)))));
    }

    async fn one_run_at_a_time(database: &Scratch) {
        assert!(hold(database, "a", 0, 60).await.is_some());
        assert!(hold(database, "b", 59, 120).await.is_none(), "a holds it");
        assert!(hold(database, "b", 60, 120).await.is_some(), "a was not heard of");
        assert!(!save(database, "a", &run(61), Some(130)).await, "a lost it");
        assert!(save(database, "b", &run(62), None).await);
        assert!(!save(database, "b", &run(63), Some(130)).await, "b let go of it");
        assert!(hold(database, "c", 63, 100_000).await.is_some());
        assert!(hold(database, "d", 64, 120).await.is_some(), "nobody holds it for a day: c's clock was wrong");
    }

    async fn environments_do_not_wait_for_each_other(database: &Scratch) {
        assert!(hold(database, "a", 0, 60).await.is_some());
        let mut tx = database.begin().await.unwrap();
        let production = environment("production");
        tx.begin_reconciling(&production, at(0)).await.unwrap();
        let holding = Holding { holder: "b", until: at(60) };
        assert!(tx.hold_reconciliation(&production, holding, at(0), LONGEST).await.unwrap().is_some());
    }
}
