//! Leases: kept, given back, lapsed and taken over. An old token settles nothing.
//!
//! Leases run by the database's clock on PostgreSQL, so that lapsing is told there by moving `lease_until`.

use std::time::Duration;

use rekindle::domain::action::{CancelledBy, End, Settled, State};
use rekindle::domain::time::Timestamp;
use rekindle::storage::Database;
use rekindle::storage::Kind;
use rekindle::storage::actions::{Attempt, AttemptOutcome, Claimed, Ended, Lane, Lease};

use crate::storage::raw;
use crate::storage::sample::{at, lane, plan, reminder, sandbox};
use crate::support::{Scratch, on_both, sqlite};

/// Longer than any test takes.
pub const LEASE: Duration = Duration::from_mins(10);

pub async fn claim(database: &Database, lanes: &[Lane], n: u32, owner: &str, now: Timestamp) -> Vec<Claimed> {
    let mut tx = database.begin().await.unwrap();
    let claimed = tx.claim(lanes, n, owner, LEASE, now).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

pub async fn settle(database: &Database, claimed: &Claimed, end: End, now: Timestamp) -> bool {
    let outcome = match &end {
        End::Done => AttemptOutcome::Done,
        End::Again { .. } => AttemptOutcome::Retry,
        End::Failed { .. } => AttemptOutcome::GaveUp,
        End::Cancelled { .. } => AttemptOutcome::Cancelled,
    };
    let error = match &end {
        End::Done => None,
        End::Again { reason, .. } | End::Failed { reason } | End::Cancelled { reason, .. } => Some(reason.clone()),
    };
    let attempt = Attempt {
        number: claimed.action.attempts,
        started_at: now,
        ended_at: now,
        worker: "w".to_owned(),
        outcome,
        error,
    };
    let mut tx = database.begin().await.unwrap();
    let settled = Settled { end, generation: claimed.action.generation + 1, counts: true };
    let written = tx.settle_all(&[Ended { lease: claimed.lease.clone(), settled, attempt }]).await.unwrap();
    tx.commit().await.unwrap();
    written == std::slice::from_ref(&claimed.lease)
}

/// Makes every lease lapse, and gives the time by which it has.
async fn lapse(database: &Scratch) -> Timestamp {
    if database.kind() == Kind::Postgres {
        let sql = "UPDATE actions SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL";
        raw::execute(database, sql).await;
    }
    at(10_000)
}

async fn reap(database: &Database, now: Timestamp) -> Vec<(Lease, bool)> {
    let mut tx = database.begin().await.unwrap();
    let reaped = tx.reap(100, "reaper", LEASE, now).await.unwrap();
    tx.commit().await.unwrap();
    reaped.into_iter().map(|reaped| (reaped.lease, reaped.given_up)).collect()
}

async fn held(database: &Database, lease: &Lease) -> bool {
    database.read().await.unwrap().held(lease).await.unwrap()
}

on_both! {
    async fn every_end_is_written_with_its_attempt(database: &Scratch) {
        let reason = || "because".to_owned();
        let table = [
            (End::Done, State::Done, AttemptOutcome::Done, None, None, Some(at(9))),
            (
                End::Again { due_at: at(77), reason: reason() },
                State::Planned, AttemptOutcome::Retry, Some("because"), None, None,
            ),
            (End::Failed { reason: reason() }, State::Failed, AttemptOutcome::GaveUp, Some("because"), None, Some(at(9))),
            (
                End::Cancelled { reason: reason(), by: CancelledBy::Plan },
                State::Cancelled, AttemptOutcome::Cancelled, Some("because"), Some(CancelledBy::Plan), Some(at(9)),
            ),
        ];
        for (number, (end, state, outcome, reason, cancelled_by, finished_at)) in table.into_iter().enumerate() {
            let planned = reminder(&sandbox(), &format!("inq_{number}"), 50, 1);
            plan(database, std::slice::from_ref(&planned), 3).await;
            let claimed = claim(database, &[lane("sandbox")], 1, "w", at(5)).await.remove(0);
            assert!(held(database, &claimed.lease).await);
            let due_at = if let End::Again { due_at, .. } = end { due_at } else { at(1) };
            assert!(settle(database, &claimed, end.clone(), at(9)).await);
            assert!(!settle(database, &claimed, end, at(10)).await, "once");
            assert!(!held(database, &claimed.lease).await);

            let mut tx = database.read().await.unwrap();
            let action = tx.action(&planned.id).await.unwrap().unwrap();
            assert_eq!((action.state, action.planned.due_at, action.attempts, action.generation), (state, due_at, 1, 1));
            assert_eq!((action.reason.as_deref(), action.cancelled_by, action.finished_at), (reason, cancelled_by, finished_at));
            let attempts = tx.attempts(&planned.id).await.unwrap();
            assert_eq!(attempts.len(), 1);
            assert_eq!((attempts[0].number, attempts[0].outcome, attempts[0].error.as_deref()), (1, outcome, reason));
        }
    }

    async fn a_lapsed_lease_is_taken_over_and_the_old_token_settles_nothing(database: &Scratch) {
        let planned = reminder(&sandbox(), "inq_1", 50, 1);
        plan(database, std::slice::from_ref(&planned), 3).await;
        let old = claim(database, &[lane("sandbox")], 1, "dead", at(5)).await.remove(0);
        assert_eq!(reap(database, at(6)).await, [], "a lease that holds is left alone");
        let now = lapse(database).await;
        assert_eq!(reap(database, now).await, [(old.lease.clone(), false)]);
        assert!(!held(database, &old.lease).await);
        let new = claim(database, &[lane("sandbox")], 1, "alive", now).await.remove(0);
        assert!(new.lease.token > old.lease.token);
        assert_eq!(new.action.attempts, 2);

        assert!(!settle(database, &old, End::Done, now).await, "the old worker comes too late");
        let mut tx = database.begin().await.unwrap();
        let both = [old.lease.clone(), new.lease.clone()];
        assert_eq!(tx.renew("dead", &both, LEASE, now).await.unwrap(), []);
        assert_eq!(tx.renew("alive", &both, LEASE, now).await.unwrap(), std::slice::from_ref(&new.lease));
        assert_eq!(tx.release(std::slice::from_ref(&old.lease), now).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert!(settle(database, &new, End::Done, now).await);

        let mut tx = database.read().await.unwrap();
        let attempts = tx.attempts(&planned.id).await.unwrap();
        let told: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.worker.as_str(), attempt.outcome)).collect();
        assert_eq!(told, [(1, "dead", AttemptOutcome::Lost), (2, "w", AttemptOutcome::Done)]);
        assert_eq!((attempts[0].started_at, attempts[0].ended_at), (at(5), now));
    }

    async fn what_kills_its_worker_every_time_becomes_a_dead_letter(database: &Scratch) {
        let planned = reminder(&sandbox(), "inq_1", 50, 1);
        plan(database, std::slice::from_ref(&planned), 2).await;
        for (second, given_up) in [(5, false), (20_000, true)] {
            let claimed = claim(database, &[lane("sandbox")], 1, "w", at(second)).await.remove(0);
            let now = lapse(database).await.max(at(second + 10_000));
            assert_eq!(reap(database, now).await, [(claimed.lease, given_up)]);
        }
        let mut tx = database.read().await.unwrap();
        let action = tx.action(&planned.id).await.unwrap().unwrap();
        assert_eq!((action.state, action.reason.as_deref(), action.attempts), (State::Failed, Some("worker lost"), 2));
        assert!(action.finished_at.is_some());
        assert_eq!(tx.attempts(&planned.id).await.unwrap().len(), 2);
    }

    async fn a_renewed_lease_does_not_lapse(database: &Scratch) {
        plan(database, &[reminder(&sandbox(), "inq_1", 50, 1)], 3).await;
        let claimed = claim(database, &[lane("sandbox")], 1, "w", at(5)).await.remove(0);
        let now = lapse(database).await;
        let mut tx = database.begin().await.unwrap();
        let renewed = tx.renew("w", std::slice::from_ref(&claimed.lease), LEASE, now).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(renewed, std::slice::from_ref(&claimed.lease), "nobody took it meanwhile");
        assert_eq!(reap(database, now).await, []);
        assert!(held(database, &claimed.lease).await);
    }

    async fn what_was_not_begun_goes_back_without_an_attempt(database: &Scratch) {
        let planned = [reminder(&sandbox(), "inq_1", 50, 1), reminder(&sandbox(), "inq_2", 50, 2)];
        plan(database, &planned, 1).await;
        let first = claim(database, &[lane("sandbox")], 2, "w", at(5)).await;
        let mut tx = database.begin().await.unwrap();
        let leases: Vec<Lease> = first.iter().map(|claimed| claimed.lease.clone()).collect();
        assert_eq!(tx.release(&leases, at(6)).await.unwrap(), 2);
        assert_eq!(tx.release(&[], at(6)).await.unwrap(), 0);
        tx.commit().await.unwrap();

        let again = claim(database, &[lane("sandbox")], 2, "w", at(5)).await;
        assert_eq!(again.len(), 2);
        for (before, after) in first.iter().zip(&again) {
            assert_eq!((after.action.attempts, after.action.planned.due_at), (1, before.action.planned.due_at));
            assert!(after.lease.token > before.lease.token, "a fresh token all the same");
        }
        let mut tx = database.read().await.unwrap();
        assert_eq!(tx.attempts(&planned[0].id).await.unwrap(), []);
    }

    /// The commit happened and its answer was lost: what is settled again is told to be settled.
    async fn what_was_settled_already_is_true(database: &Scratch) {
        plan(database, &[reminder(&sandbox(), "inq_1", 50, 1), reminder(&sandbox(), "inq_2", 50, 1)], 3).await;
        let claimed = claim(database, &[lane("sandbox")], 2, "w", at(5)).await;
        for claimed in &claimed {
            assert!(settle(database, claimed, End::Done, at(9)).await);
            assert!(settle(database, claimed, End::Done, at(9)).await, "again, the very same");
            assert!(!settle(database, claimed, End::Failed { reason: "no".to_owned() }, at(9)).await, "another one");
        }
    }

    async fn reaping_is_bounded(database: &Scratch) {
        let planned: Vec<_> = (0..5).map(|number| reminder(&sandbox(), &format!("inq_{number}"), 50, 1)).collect();
        plan(database, &planned, 3).await;
        assert_eq!(claim(database, &[lane("sandbox")], 5, "w", at(5)).await.len(), 5);
        let now = lapse(database).await;
        let mut sizes = Vec::new();
        for _ in 0..3 {
            let mut tx = database.begin().await.unwrap();
            sizes.push(tx.reap(3, "reaper", LEASE, now).await.unwrap().len());
            tx.commit().await.unwrap();
        }
        assert_eq!(sizes, [3, 2, 0]);
    }
}

/// On SQLite leases run by our clock. When it was set back, what a process before us held is not kept for ever; what we
/// hold ourselves is ours.
#[tokio::test]
async fn a_clock_that_was_set_back_keeps_nothing_from_being_taken_over() {
    let database = sqlite().await;
    plan(&database, &[reminder(&sandbox(), "inq_1", 50, 1), reminder(&sandbox(), "inq_2", 50, 2)], 3).await;
    let dead = claim(&database, &[lane("sandbox")], 1, "dead", at(7_200)).await.remove(0);
    claim(&database, &[lane("sandbox")], 1, "reaper", at(7_200)).await.remove(0);
    let an_hour_back = at(3_600);
    assert_eq!(reap(&database, an_hour_back).await, [(dead.lease, false)]);
    assert_eq!(claim(&database, &[lane("sandbox")], 9, "alive", an_hour_back).await.len(), 1);
}
