//! Workers that are stopped, hang, lose their database or find what they can't read: nothing is lost, nobody harmed.

use std::time::Duration;

use rekindle::domain::action::State;
use rekindle::storage::actions::{Attempt, AttemptOutcome};

use super::floor::Floor;
use crate::support::change::change;
use crate::support::proxy::Proxy;
use crate::support::{on_both, postgres};

const QUICK: &str = "poll_interval_ms = 50\nlease_ms = 1500\nrenew_ms = 200\n";

on_both! {
    async fn a_soft_stop_finishes_what_was_begun_and_begins_no_more(scratch: &Scratch) {
        let floor = Floor::over(scratch).await;
        floor.people([100; 12]).await;
        floor.application.hold();
        let worker = floor.start("poll_interval_ms = 50\nconcurrency = 4").await;
        floor.wait_for("four are under way", || async { floor.application.deliveries().len() == 4 }).await;
        let stopping = worker.ask_to_stop();
        // Several looks for due work later, nothing more was begun.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!((floor.count(State::Running).await, floor.count(State::Planned).await), (4, 8));
        assert!(!stopping.is_finished(), "it waits for what was begun");
        floor.application.release();
        stopping.await.unwrap();
        assert_eq!((floor.count(State::Done).await, floor.count(State::Planned).await), (4, 8));
        assert!(floor.actions().await.iter().all(|action| action.state == State::Done || action.attempts == 0));

        let next = floor.start("").await;
        floor.until(State::Done, 12).await;
        floor.everyone_was_reminded_once(12).await;
        next.stop().await;
    }

    /// Whenever a worker is asked to stop, it leaves nothing half done behind.
    async fn a_stop_at_any_time_leaves_nothing_running(scratch: &Scratch) {
        const PEOPLE: usize = 48;
        let floor = Floor::over(scratch).await;
        floor.people([100; PEOPLE]).await;
        floor.wait_for("they are due", || async {
            floor.actions().await.iter().all(|action| action.planned.due_at <= floor.app.clock().now())
        })
        .await;
        let mut stops = 0;
        while floor.count(State::Done).await < PEOPLE {
            let worker = floor.start("poll_interval_ms = 10\nconcurrency = 3").await;
            tokio::time::sleep(Duration::from_millis(20 + 7 * (stops % 5))).await;
            worker.stop().await;
            assert_eq!(floor.count(State::Running).await, 0, "after stop {stops}");
            stops += 1;
        }
        floor.everyone_was_reminded_once(PEOPLE).await;
        for action in floor.actions().await {
            let attempts = floor.attempts(&action).await;
            assert_eq!(attempts.len(), 1, "an attempt was lost: {attempts:?}");
        }
    }

    /// The application never answers, and the worker is stopped without patience: another one takes over.
    async fn a_handler_that_hangs_loses_nothing(scratch: &Scratch) {
        let floor = Floor::over(scratch).await;
        floor.people([100; 3]).await;
        floor.application.hold();
        let worker = floor.start(&format!("{QUICK}shutdown_grace = \"1s\"")).await;
        floor.wait_for("all are under way", || async { floor.application.deliveries().len() >= 3 }).await;
        // Longer than the lease: it is renewed for as long as the handler hangs, and no attempt is lost.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!((floor.count(State::Running).await, floor.application.deliveries().len()), (3, 3));
        worker.stop().await;
        assert_eq!(floor.count(State::Done).await, 0, "nobody knows how it ended");

        floor.application.release();
        let next = floor.start(QUICK).await;
        floor.until(State::Done, 3).await;
        next.stop().await;
        let deliveries = floor.application.deliveries();
        for action in floor.actions().await {
            let outcomes: Vec<AttemptOutcome> = floor.attempts(&action).await.iter().map(|one| one.outcome).collect();
            assert_eq!(outcomes, [AttemptOutcome::Retry, AttemptOutcome::Done]);
            let id = action.planned.id.to_string();
            let of_action: Vec<&str> = deliveries.iter().filter(|one| one.id == id).map(|one| &*one.link).collect();
            assert!(matches!(of_action[..], [one, other] if one == other), "the same link again");
        }
        assert!(floor.persona.inquiries().iter().all(|inquiry| inquiry.links.len() == 1));
    }

    async fn what_can_t_be_read_becomes_a_dead_letter_and_harms_nobody(scratch: &Scratch) {
        let floor = Floor::over(scratch).await;
        floor.people([100; 6]).await;
        let actions = floor.actions().await;
        let (bad, odd) = (&actions[0].planned, &actions[1].planned);
        change(&scratch.url, &format!("UPDATE actions SET arguments = '{{\"x\":1}}' WHERE id = '{}'", bad.id)).await;
        change(&scratch.url, &format!("UPDATE actions SET generation = 2000000000 WHERE id = '{}'", odd.id)).await;
        let worker = floor.start(QUICK).await;
        floor.until(State::Done, 5).await;
        worker.stop().await;

        let mut tx = floor.app.database().read().await.unwrap();
        let attempts = tx.attempts(&bad.id).await.unwrap();
        assert_eq!(attempts.len(), 1, "{attempts:?}");
        assert_eq!(attempts[0].outcome, AttemptOutcome::GaveUp);
        let told = format!("the row {} of actions can't be understood: see its arguments", bad.id);
        assert_eq!(attempts[0].error.as_deref(), Some(told.as_str()));
        let failed = tx.counts().await.unwrap().into_iter().find(|count| count.state == State::Failed);
        assert_eq!(failed.map(|count| count.count), Some(1), "it is counted as a dead letter");
        drop(tx);

        // News of the person with the bad row is still taken in.
        floor.app.import(&crate::jobs::floor::environment(), |_| ()).await.unwrap();
        assert_eq!(floor.application.notices().len(), 5);
    }
}

/// A worker that can't reach its database any more gives up what it holds before another one takes it over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_without_a_database_lets_go() {
    let Some(scratch) = postgres().await else { return };
    let floor = Floor::over(&scratch).await;
    let way = Proxy::to(&scratch.url).await;
    floor.people([100; 3]).await;
    floor.application.hold();
    let lonely = floor.start_over(&way.url, QUICK).await;
    floor.wait_for("all are under way", || async { floor.application.deliveries().len() >= 3 }).await;
    way.cut();
    let other = floor.start(QUICK).await;
    floor.wait_for("the other one took over", || async { floor.application.deliveries().len() >= 6 }).await;
    floor.application.release();
    floor.until(State::Done, 3).await;
    way.mend();
    lonely.stop().await;
    other.stop().await;
    for action in floor.actions().await {
        taken_over(&floor.attempts(&action).await);
    }
    assert_eq!(floor.application.most_at_once(), 1, "never two workers at one notice");
    assert!(floor.persona.inquiries().iter().all(|inquiry| inquiry.links.len() == 1));
}

/// Lost by one worker, done by another.
fn taken_over(attempts: &[Attempt]) {
    let outcomes: Vec<AttemptOutcome> = attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Lost, AttemptOutcome::Done], "{attempts:?}");
    assert_ne!(attempts[0].worker, attempts[1].worker);
}
