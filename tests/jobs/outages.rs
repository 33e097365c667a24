//! The database is away for longer than leases last, and the worker goes on by itself.

use std::time::Duration;

use rekindle::domain::action::State;

use super::hall::{Hall, Play, QUICK, Seen};
use crate::storage::raw;
use crate::support::proxy::Proxy;
use crate::support::{on_both, postgres};

/// Sixteen times a lease.
const OUTAGE: Duration = Duration::from_secs(8);

/// What had an outcome is settled when the database is back; nothing is lost, and nothing that ended is repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_loses_and_repeats_nothing_that_ended() {
    let Some(scratch) = postgres().await else { return };
    let hall = Hall::new(&scratch.url, Play::For(Duration::from_millis(300))).await;
    hall.plan(120, 3).await;
    let (one, other) = (Proxy::to(&scratch.url).await, Proxy::to(&scratch.url).await);
    let few = format!("{QUICK}concurrency = 8");
    let workers = [hall.start_over(&one.url, &few).await, hall.start_over(&other.url, &few).await];
    hall.wait_for("it is in full swing", async || hall.players.total().ended > 20).await;
    one.cut();
    other.cut();
    tokio::time::sleep(OUTAGE).await;
    one.mend();
    other.mend();
    hall.until(State::Done, 120).await;
    for worker in workers {
        worker.stop().await;
    }
    assert!(hall.players.seen().iter().all(|seen| seen.ended == 1), "{:?}", hall.players.seen());
    assert_eq!(hall.players.total().ended, 120);
}

/// What was still under way when its lease lapsed is stopped, and performed again afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_when_its_lease_lapses_is_stopped_and_performed_later() {
    let Some(scratch) = postgres().await else { return };
    let hall = Hall::new(&scratch.url, Play::For(Duration::from_secs(2))).await;
    hall.plan(4, 3).await;
    let way = Proxy::to(&scratch.url).await;
    let worker = hall.start_over(&way.url, QUICK).await;
    hall.wait_for("all are under way", async || hall.players.total().begun == 4).await;
    way.cut();
    hall.wait_for("all are stopped", async || hall.players.total().stopped == 4).await;
    way.mend();
    hall.until(State::Done, 4).await;
    worker.stop().await;
    assert!(hall.players.seen().iter().all(|seen| *seen == Seen { begun: 2, ended: 1, stopped: 1 }));
}

/// Connections break all the time, in the middle of anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_lose_and_repeat_nothing_that_ended() {
    let Some(scratch) = postgres().await else { return };
    let hall = Hall::new(&scratch.url, Play::For(Duration::from_millis(100))).await;
    hall.plan(200, 5).await;
    let workers = [hall.start("concurrency = 8").await, hall.start("concurrency = 8").await];
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        raw::execute(&scratch, sql).await;
    }
    let done = async || raw::column(&scratch, "SELECT id FROM actions WHERE state = 'done'").await.len();
    hall.wait_for("all are done", async || done().await == 200).await;
    for worker in workers {
        worker.stop().await;
    }
    assert!(hall.players.seen().iter().all(|seen| *seen == Seen { begun: 1, ended: 1, stopped: 0 }));
    assert_eq!(hall.outcomes().await, vec![["done"]; 200]);
}

on_both! {
    /// Nobody hints at what others plan in a file, or by hand: idle workers find it by looking, each time.
    async fn idle_workers_find_by_looking_what_nobody_hints_at(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::For(Duration::ZERO)).await;
        hall.plan(40, 3).await;
        raw::execute(scratch, "UPDATE actions SET state = 'cancelled', cancelled_by = 'plan', finished_at = due_at").await;
        let settings = "poll_interval_ms = 100";
        let workers = [hall.start(settings).await, hall.start(settings).await, hall.start(settings).await];
        for round in 1..=40 {
            raw::execute(
                scratch,
                "UPDATE actions SET state = 'planned', cancelled_by = NULL, finished_at = NULL
                 WHERE id = (SELECT min(id) FROM actions WHERE state = 'cancelled')",
            )
            .await;
            hall.until(State::Done, round).await;
        }
        for worker in workers {
            worker.stop().await;
        }
        assert_eq!(hall.players.total(), Seen { begun: 40, ended: 40, stopped: 0 });
    }
}
