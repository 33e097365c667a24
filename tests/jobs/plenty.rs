//! Much to do: everything once, without a pause, by one worker or two.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rekindle::domain::action::State;
use rekindle::storage::Kind;
use rekindle::storage::actions::AttemptOutcome;
use tokio::time::Instant;

use super::floor::Floor;
use crate::support::on_both;

/// How late this machine wakes who sleeps, at worst: what others do on it is not the worker's fault.
struct Lateness(Arc<AtomicU64>, tokio::task::JoinHandle<()>);

impl Lateness {
    fn watch() -> Self {
        let worst = Arc::new(AtomicU64::new(0));
        let watching = tokio::spawn({
            let worst = worst.clone();
            async move {
                loop {
                    let began = Instant::now();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    let late = began.elapsed().saturating_sub(Duration::from_millis(20)).as_millis();
                    worst.fetch_max(u64::try_from(late).unwrap(), Ordering::Relaxed);
                }
            }
        });
        Self(worst, watching)
    }

    fn worst(&self) -> i64 {
        i64::try_from(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.1.abort();
    }
}

on_both! {
    /// PostgreSQL is shared by two workers, SQLite served by one.
    async fn everything_is_performed_once(scratch: &Scratch) {
        const PEOPLE: usize = 60;
        let floor = Floor::over(scratch).await;
        floor.slow(20);
        floor.people([100; PEOPLE]).await;
        let settings = "poll_interval_ms = 100\nconcurrency = 4";
        let mut workers = vec![floor.start(settings).await];
        if scratch.kind() == Kind::Postgres {
            workers.push(floor.start(settings).await);
        }
        floor.until(State::Done, PEOPLE).await;

        let mut names = BTreeSet::new();
        for action in floor.actions().await {
            let attempts = floor.attempts(&action).await;
            let outcomes: Vec<AttemptOutcome> = attempts.iter().map(|attempt| attempt.outcome).collect();
            assert_eq!(outcomes, [AttemptOutcome::Done], "{attempts:?}");
            names.extend(attempts.into_iter().map(|attempt| attempt.worker));
        }
        assert_eq!(names.len(), workers.len(), "each worker had its share: {names:?}");
        floor.everyone_was_reminded_once(PEOPLE).await;
        assert_eq!(floor.application.deliveries().len(), PEOPLE, "nothing was sent twice");
        for worker in workers {
            worker.stop().await;
        }
        assert_eq!(floor.count(State::Done).await, PEOPLE, "stopping changes nothing");
    }

    /// What is due is begun within a second, and while anything is due there is no second without a beginning.
    async fn nothing_waits_for_long(scratch: &Scratch) {
        let lateness = Lateness::watch();
        let floor = Floor::over(scratch).await;
        floor.slow(30);
        // Forty at once, which two hands can't do at once; then one every fifth of a second.
        let lifetimes: Vec<i64> = [100; 40].into_iter().chain((0..20).map(|number| 400 + 20 * number)).collect();
        let people = lifetimes.len();
        floor.people(lifetimes).await;
        let worker = floor.start("poll_interval_ms = 100\nconcurrency = 2").await;
        floor.until(State::Done, people).await;
        worker.stop().await;

        let mut begun = Vec::new();
        for action in floor.actions().await {
            begun.push((floor.attempts(&action).await[0].started_at, action.planned.due_at));
        }
        begun.sort_unstable();
        let most = 1_000 + 2 * lateness.worst();
        for pair in begun.windows(2) {
            // The later of the two could be begun once it was due and a hand was free.
            let since = pair[1].0.since(pair[0].0.max(pair[1].1));
            assert!(since.as_millis() <= i128::from(most), "a pause of {since} (allowed {most} ms) in {begun:#?}");
        }
    }
}
