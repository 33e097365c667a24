//! How attempts end when somebody ends them: an operator, a stop, a lost lease, a death.

use std::time::Duration;

use rekindle::domain::action::State;
use rekindle::storage::actions::AttemptOutcome;

use super::hall::{Hall, Play, QUICK, Seen, app};
use crate::support::{on_both, operator};

on_both! {
    /// An operator cancels what is under way: its handler is stopped, and what it did stays done.
    async fn a_cancel_reaches_the_handler(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::Forever).await;
        hall.plan(3, 3).await;
        let worker = hall.start("").await;
        hall.wait_for("all are under way", async || hall.players.total().begun == 3).await;
        let cancelled = hall.actions().await.remove(0).planned.id;
        hall.app.cancel_action(&cancelled, "asked by the person", &operator("olga")).await.unwrap();
        hall.wait_for("one was stopped", async || hall.players.total().stopped == 1).await;
        assert_eq!((hall.count(State::Cancelled).await, hall.count(State::Running).await), (1, 2));
        let mut tx = hall.app.database().read().await.unwrap();
        let attempts = tx.attempts(&cancelled).await.unwrap();
        drop(tx);
        assert_eq!(attempts.iter().map(|one| one.outcome).collect::<Vec<_>>(), [AttemptOutcome::Cancelled]);
        worker.running.abort();
    }

    /// The stop comes while a handler hangs: after the grace it is stopped, and due again at once.
    async fn what_outlasts_the_grace_is_due_again_at_once(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::Forever).await;
        hall.plan(3, 3).await;
        let worker = hall.start("shutdown_grace = \"1s\"").await;
        hall.wait_for("all are under way", async || hall.players.total().begun == 3).await;
        worker.stop().await;
        assert_eq!(hall.players.total(), Seen { begun: 3, ended: 0, stopped: 3 });
        let now = hall.app.clock().now();
        for action in hall.actions().await {
            assert_eq!((action.state, action.attempts), (State::Planned, 1));
            assert_eq!(action.reason.as_deref(), Some("its worker was stopped"));
            assert!(action.planned.due_at <= now);
        }
    }

    /// The stop comes while a whole batch was claimed and its first holds up all others: they go back untouched.
    async fn what_was_not_begun_goes_back_without_an_attempt(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::Blocking(Duration::from_secs(1))).await;
        hall.plan(40, 1).await;
        let worker = hall.start("concurrency = 64").await;
        hall.wait_for("the first is under way", async || hall.players.total().begun > 0).await;
        worker.stop().await;
        let begun = usize::try_from(hall.players.total().begun).unwrap();
        assert!(begun < 40, "the story needs some that were not begun");
        assert_eq!((hall.count(State::Done).await, hall.count(State::Planned).await), (begun, 40 - begun));
        for action in hall.actions().await.into_iter().filter(|action| action.state == State::Planned) {
            assert_eq!(action.attempts, 0);
        }
        let next = hall.start("").await;
        hall.until(State::Done, 40).await;
        next.stop().await;
        assert!(hall.players.seen().iter().all(|seen| *seen == Seen { begun: 1, ended: 1, stopped: 0 }));
    }

    /// A stop that takes longer than a lease: the leases are kept, and nobody takes anything over.
    async fn leases_are_kept_while_draining(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::For(Duration::from_secs(3))).await;
        hall.plan(4, 3).await;
        let worker = hall.start(QUICK).await;
        hall.wait_for("all are under way", async || hall.players.total().begun == 4).await;
        let other = hall.start(QUICK).await;
        let stopping = worker.ask_to_stop();
        hall.until(State::Done, 4).await;
        stopping.await.unwrap();
        other.stop().await;
        assert_eq!(hall.outcomes().await, vec![["done"]; 4]);
        assert!(hall.players.seen().iter().all(|seen| *seen == Seen { begun: 1, ended: 1, stopped: 0 }));
    }

    /// A worker dies with work in its hands, at the usual settings: another one performs it soon.
    async fn the_dead_s_work_is_taken_over(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::Forever).await;
        hall.plan(5, 3).await;
        let other = hall.playing(Play::For(Duration::ZERO));
        let dying = std::thread::spawn({
            let (url, players) = (hall.url.clone(), hall.players.clone());
            move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
                runtime.spawn(async move {
                    let (app, config) = app(&url, "").await;
                    rekindle::jobs::run_with(app, players, config.worker, std::future::pending()).await;
                });
                runtime
            }
        })
        .join()
        .unwrap();
        hall.wait_for("all are under way", async || hall.players.total().begun == 5).await;
        let alive = other.start("").await;
        // The living one looks around; nothing is taken from who lives.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(hall.players.total().begun, 5);
        dying.shutdown_background();
        let died = tokio::time::Instant::now();
        hall.until(State::Done, 5).await;
        // 3 seconds where nobody else is busy; this machine is anybody's.
        assert!(died.elapsed() < Duration::from_secs(15), "{:?}", died.elapsed());
        println!("taken over and performed {:?} after the death", died.elapsed());
        assert_eq!(hall.outcomes().await, vec![["lost", "done"]; 5]);
        alive.stop().await;
    }

    /// Few hands, two workers, and actions that outlast their leases: everything once.
    async fn what_outlasts_its_lease_runs_once(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::For(Duration::from_millis(5_500))).await;
        hall.plan(4, 3).await;
        // Not shorter: a disk that stalls for a second or two must not be taken for a worker that died.
        let few = "poll_interval_ms = 50\nlease_ms = 4000\nrenew_ms = 200\nconcurrency = 1";
        let workers = [hall.start(few).await, hall.start(few).await];
        hall.until(State::Done, 4).await;
        for worker in workers {
            worker.stop().await;
        }
        assert!(hall.players.seen().iter().all(|seen| *seen == Seen { begun: 1, ended: 1, stopped: 0 }));
        assert_eq!(hall.outcomes().await, vec![["done"]; 4]);
    }

    /// What kills its process every time is a dead letter after its last attempt.
    async fn what_kills_its_process_is_a_dead_letter_in_the_end(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::For(Duration::ZERO)).await;
        hall.plan(1, 3).await;
        let child = |url: String| move || {
            let mut test = std::process::Command::new(std::env::current_exe().unwrap());
            test.args(["--exact", "jobs::ends::a_process_that_dies_of_its_work"]).env(VICTIM, url);
            test.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status().unwrap()
        };
        for _ in 0..3 {
            let died = tokio::task::spawn_blocking(child(hall.url.clone())).await.unwrap();
            assert!(!died.success(), "the story needs a death");
        }
        let healthy = hall.start(QUICK).await;
        hall.until(State::Failed, 1).await;
        healthy.stop().await;
        let action = hall.actions().await.remove(0);
        assert_eq!((action.attempts, action.reason.as_deref()), (3, Some("worker lost")));
        assert_eq!(hall.outcomes().await, [["lost"; 3]]);
        assert_eq!(hall.players.total(), Seen::default(), "the healthy one never touched it");
    }
}

/// Names the database that a process is to die over.
const VICTIM: &str = "REKINDLE_TEST_VICTIM_OF";

/// Only a death when another test asks for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_of_its_work() {
    let Ok(url) = std::env::var(VICTIM) else { return };
    let worker = Hall::new(&url, Play::Abort).await.start(QUICK).await;
    worker.running.await.unwrap();
}
