//! Claims: what is due, once, fairly, and by nobody else.

use std::collections::BTreeSet;
use std::time::Duration;

use rekindle::domain::action::{End, State};
use rekindle::storage::Database;
use rekindle::storage::actions::AttemptOutcome;

use crate::storage::leases::{LEASE, claim, settle};
use crate::storage::raw;
use crate::storage::sample::{at, environment, lane, plan, reminder, sandbox};
use crate::support::on_both;

fn inquiries(claimed: &[rekindle::storage::actions::Claimed]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.action.planned.inquiry.as_str()).collect()
}

on_both! {
    async fn only_what_is_due_is_claimed_in_due_order_and_counted(database: &Scratch) {
        let planned: Vec<_> =
            [("inq_1", 30), ("inq_2", 10), ("inq_3", 20), ("inq_4", 31)].map(|(id, due)| reminder(&sandbox(), id, 50, due)).into();
        plan(database, &planned, 3).await;
        assert_eq!(claim(database, &[lane("sandbox")], 10, "w", at(9)).await, []);
        assert_eq!(claim(database, &[], 10, "w", at(99)).await, []);
        let first = claim(database, &[lane("sandbox")], 2, "w", at(30)).await;
        assert_eq!(inquiries(&first), ["inq_2", "inq_3"]);
        assert!(first.iter().all(|claimed| claimed.action.state == State::Running && claimed.action.attempts == 1));
        assert_eq!(inquiries(&claim(database, &[lane("sandbox")], 2, "w", at(30)).await), ["inq_1"]);
        assert_eq!(claim(database, &[lane("sandbox")], 2, "w", at(30)).await, []);
    }

    async fn lanes_take_turns_and_a_lane_not_named_is_left_alone(database: &Scratch) {
        let (busy, quiet, paused) = (environment("busy"), environment("quiet"), environment("paused"));
        for number in 0..8 {
            plan(database, &[reminder(&busy, &format!("inq_busy_{number}"), 50, 1)], 3).await;
        }
        plan(database, &[reminder(&quiet, "inq_quiet", 50, 5)], 3).await;
        plan(database, &[reminder(&paused, "inq_paused", 50, 0)], 3).await;
        let claimed = claim(database, &[lane("busy"), lane("quiet")], 4, "w", at(10)).await;
        assert_eq!(inquiries(&claimed), ["inq_busy_0", "inq_busy_1", "inq_busy_2", "inq_quiet"]);
        assert_eq!(claim(database, &[lane("busy"), lane("quiet")], 100, "w", at(10)).await.len(), 5);
        assert_eq!(inquiries(&claim(database, &[lane("paused")], 4, "w", at(10)).await), ["inq_paused"]);
    }

    async fn concurrent_workers_never_hold_the_same_action(database: &Scratch) {
        const ACTIONS: usize = 120;
        let planned: Vec<_> =
            (0..ACTIONS).map(|number| reminder(&sandbox(), &format!("inq_{number}"), 50, 1)).collect();
        plan(database, &planned, 3).await;
        let work = |owner: String, database: Database| async move {
            let mut taken = Vec::new();
            // A pass can come back empty while others hold the rows it saw; a bounded number of them is enough.
            for _ in 0..200 {
                for claimed in claim(&database, &[lane("sandbox")], 7, &owner, at(2)).await {
                    assert_eq!(claimed.lease.token, 1, "claimed before");
                    taken.push(claimed.lease.action);
                }
                let mut tx = database.read().await.unwrap();
                if tx.next_due(&[lane("sandbox")]).await.unwrap().is_none() {
                    break;
                }
            }
            taken
        };
        let workers: Vec<_> =
            (0..6).map(|number| tokio::spawn(work(format!("w{number}"), Database::clone(database)))).collect();
        let mut taken = Vec::new();
        for worker in workers {
            taken.extend(worker.await.unwrap());
        }
        assert_eq!(taken.len(), ACTIONS, "each once");
        assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), ACTIONS);
    }

    async fn an_action_that_can_t_be_understood_is_a_dead_letter_and_no_worker_s_problem(database: &Scratch) {
        let planned = [reminder(&sandbox(), "inq_1", 50, 1), reminder(&sandbox(), "inq_2", 50, 2)];
        plan(database, &planned, 3).await;
        raw::execute(database, "UPDATE actions SET arguments = '{\"v\":9}' WHERE inquiry_id = 'inq_1'").await;
        assert_eq!(inquiries(&claim(database, &[lane("sandbox")], 9, "w", at(9)).await), ["inq_2"]);
        assert_eq!(claim(database, &[lane("sandbox")], 9, "w", at(9)).await, []);
        let state = raw::column(database, "SELECT state || ': ' || reason FROM actions WHERE inquiry_id = 'inq_1'").await;
        let reason = format!("failed: the row {} of actions can't be understood: see its arguments", planned[0].id);
        assert_eq!(state, [reason]);
        let mut tx = database.read().await.unwrap();
        let attempts = tx.attempts(&planned[0].id).await.unwrap();
        assert_eq!(attempts.iter().map(|attempt| attempt.outcome).collect::<Vec<_>>(), [AttemptOutcome::GaveUp]);
    }

    async fn the_next_due_time_is_the_earliest_of_the_lanes_asked_for(database: &Scratch) {
        let lanes = [lane("sandbox"), lane("production")];
        let next_due = async |lanes: &[_]| database.read().await.unwrap().next_due(lanes).await.unwrap();
        assert_eq!(next_due(&lanes).await, None);
        plan(database, &[reminder(&sandbox(), "inq_1", 50, 30)], 3).await;
        plan(database, &[reminder(&environment("production"), "inq_1", 50, 20)], 3).await;
        plan(database, &[reminder(&environment("paused"), "inq_1", 50, 10)], 3).await;
        assert_eq!(next_due(&lanes).await, Some(at(20)));
        let claimed = claim(database, &lanes, 1, "w", at(25)).await.remove(0);
        assert_eq!(next_due(&lanes).await, Some(at(30)), "what runs is not due");
        assert!(settle(database, &claimed, End::Again { due_at: at(26), reason: "busy".to_owned() }, at(25)).await);
        assert_eq!(next_due(&lanes).await, Some(at(26)));
        assert_eq!(next_due(&[]).await, None);
    }
}

#[test]
fn a_lease_outlives_a_test() {
    assert!(LEASE > Duration::from_secs(30), "stories that are not about lapsing must not see any");
}
