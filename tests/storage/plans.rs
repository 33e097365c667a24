//! The plan's verbs: what is planned exists once, and turns only as it may.

use rekindle::domain::action::{CancelledBy, End, Planned, State};
use rekindle::domain::time::Timestamp;
use rekindle::storage::Tx;
use rekindle::storage::actions::ActionFilter;

use crate::storage::leases::{claim, settle};
use crate::storage::raw;
use crate::storage::sample::{at, environment, key, lane, plan, reminder, sandbox, unknown};
use crate::support::on_both;

async fn cancel(tx: &mut Tx, planned: &Planned, reason: &str, by: CancelledBy, now: Timestamp) -> u64 {
    tx.cancel_planned(&[(planned.id.clone(), reason.to_owned())], by, now).await.unwrap()
}

async fn replan(tx: &mut Tx, planned: &Planned, now: Timestamp) -> u64 {
    tx.replan_actions(std::slice::from_ref(planned), now).await.unwrap()
}

on_both! {
    async fn what_is_planned_twice_exists_once(database: &Scratch) {
        let planned = [reminder(&sandbox(), "inq_1", 50, 10), reminder(&sandbox(), "inq_1", 0, 20)];
        plan(database, &planned[..1], 3).await;
        let mut tx = database.begin().await.unwrap();
        let moved = Planned { due_at: at(99), ..planned[0].clone() };
        assert_eq!(tx.insert_actions(&[moved, planned[1].clone()], 5, at(1)).await.unwrap(), 1);
        assert_eq!(tx.insert_actions(&[], 5, at(1)).await.unwrap(), 0);
        tx.commit().await.unwrap();

        let mut tx = database.read().await.unwrap();
        let first = tx.action(&planned[0].id).await.unwrap().unwrap();
        assert_eq!((&first.planned, first.state), (&planned[0], State::Planned), "as it was planned first");
        assert_eq!((first.attempts, first.max_attempts, first.generation), (0, 3, 0));
        assert_eq!((first.created_at, first.finished_at, first.reason), (at(0), None, None));
        let second = tx.action(&planned[1].id).await.unwrap().unwrap();
        assert_eq!((&second.planned, second.max_attempts), (&planned[1], 5));
    }

    async fn an_action_is_of_the_lineage_of_its_inquiry(database: &Scratch) {
        plan(database, &[reminder(&sandbox(), "inq_1", 50, 10)], 3).await;
        let mut tx = database.begin_batch().await.unwrap();
        let (old, new, other) = (unknown("inq_1"), unknown("inq_2"), unknown("inq_3"));
        assert_eq!(tx.add_inquiries(&[&new, &other], at(1)).await.unwrap(), 2);
        tx.join_lineage(&sandbox(), &new.id, &old.id).await.unwrap();
        let planned = [reminder(&sandbox(), "inq_2", 50, 20), reminder(&sandbox(), "inq_3", 50, 30)];
        assert_eq!(tx.insert_actions(&planned, 3, at(1)).await.unwrap(), 2);
        tx.commit().await.unwrap();
        // Looked up, in a transaction that added none of them; and of one that is not there, its own.
        let mut tx = database.begin_batch().await.unwrap();
        let later = ["inq_2", "inq_3", "inq_4"].map(|id| reminder(&sandbox(), id, 0, 40));
        assert_eq!(tx.insert_actions(&later, 3, at(2)).await.unwrap(), 3);
        tx.commit().await.unwrap();
        let lineages = raw::column(database, "SELECT lineage FROM actions ORDER BY due_at, inquiry_id").await;
        assert_eq!(lineages, ["inq_1", "inq_1", "inq_3", "inq_1", "inq_3", "inq_4"]);
    }

    async fn a_batch_changes_plans_as_any_transaction_does(database: &Scratch) {
        let planned = [reminder(&sandbox(), "inq_1", 50, 10), reminder(&sandbox(), "inq_2", 50, 20)];
        plan(database, &planned, 3).await;
        let mut tx = database.begin_batch().await.unwrap();
        assert_eq!(tx.actions_of(&[&key("inq_1"), &key("inq_2")]).await.unwrap().len(), 2);
        let moved = Planned { due_at: at(99), ..planned[0].clone() };
        assert_eq!(replan(&mut tx, &moved, at(1)).await, 1);
        assert_eq!(cancel(&mut tx, &planned[1], "the person is done", CancelledBy::Plan, at(1)).await, 1);
        assert_eq!(tx.insert_actions(&planned, 3, at(1)).await.unwrap(), 0, "both are there");
        tx.commit().await.unwrap();
        let mut tx = database.read().await.unwrap();
        assert_eq!(tx.action(&planned[0].id).await.unwrap().unwrap().planned.due_at, at(99));
        assert_eq!(tx.action(&planned[1].id).await.unwrap().unwrap().state, State::Cancelled);
    }

    async fn one_environment_s_actions_are_not_another_s(database: &Scratch) {
        plan(database, &[reminder(&sandbox(), "inq_1", 50, 1)], 3).await;
        plan(database, &[reminder(&environment("production"), "inq_1", 50, 1)], 3).await;
        plan(database, &[reminder(&sandbox(), "inq_2", 50, 1), reminder(&sandbox(), "inq_2", 0, 2)], 3).await;
        plan(database, &[reminder(&sandbox(), "inq_3", 50, 1)], 3).await;
        let mut tx = database.begin().await.unwrap();
        let found = tx.actions_of(&[&key("inq_2"), &key("inq_1")]).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|action| action.planned.id.as_str()).collect();
        assert_eq!(ids.len(), 3);
        assert!(ids.is_sorted(), "locked in the order of ids: {ids:?}");
        assert_eq!(tx.actions_of(&[]).await.unwrap(), []);
    }

    async fn the_plan_takes_back_only_what_the_plan_cancelled(database: &Scratch) {
        let planned = reminder(&sandbox(), "inq_1", 50, 10);
        plan(database, std::slice::from_ref(&planned), 3).await;
        let mut tx = database.begin().await.unwrap();
        assert_eq!(cancel(&mut tx, &planned, "the person is done", CancelledBy::Plan, at(3)).await, 1);
        assert_eq!(cancel(&mut tx, &planned, "again", CancelledBy::Plan, at(4)).await, 0);
        let cancelled = tx.action(&planned.id).await.unwrap().unwrap();
        assert_eq!((cancelled.state, cancelled.cancelled_by), (State::Cancelled, Some(CancelledBy::Plan)));
        assert_eq!((cancelled.reason.as_deref(), cancelled.finished_at), (Some("the person is done"), Some(at(3))));

        let later = reminder(&sandbox(), "inq_1", 50, 60);
        assert_eq!(replan(&mut tx, &later, at(5)).await, 1);
        let again = tx.action(&planned.id).await.unwrap().unwrap();
        assert_eq!((&again.planned, again.state), (&later, State::Planned), "arguments and time are the new ones");
        assert_eq!((again.cancelled_by, again.reason, again.finished_at), (None, None, None));

        assert_eq!(cancel(&mut tx, &planned, "not this one", CancelledBy::Operator, at(6)).await, 1);
        assert_eq!(replan(&mut tx, &later, at(7)).await, 0, "what an operator cancelled stands");
        tx.commit().await.unwrap();
    }

    async fn what_runs_or_ended_is_not_replanned_and_a_moved_one_keeps_its_attempts(database: &Scratch) {
        let planned = reminder(&sandbox(), "inq_1", 50, 10);
        plan(database, std::slice::from_ref(&planned), 3).await;
        let claimed = claim(database, &[lane("sandbox")], 1, "w", at(10)).await.remove(0);
        let mut tx = database.begin().await.unwrap();
        assert_eq!(replan(&mut tx, &planned, at(11)).await, 0, "it runs");
        assert_eq!(cancel(&mut tx, &planned, "late", CancelledBy::Plan, at(11)).await, 0, "it runs");
        tx.commit().await.unwrap();

        let again = End::Again { due_at: at(20), reason: "busy".to_owned() };
        assert!(settle(database, &claimed, again, at(12)).await);
        let mut tx = database.begin().await.unwrap();
        let moved = Planned { due_at: at(40), ..planned.clone() };
        assert_eq!(replan(&mut tx, &moved, at(13)).await, 1);
        let action = tx.action(&planned.id).await.unwrap().unwrap();
        assert_eq!((action.planned.due_at, action.attempts), (at(40), 1));
        tx.commit().await.unwrap();

        let claimed = claim(database, &[lane("sandbox")], 1, "w", at(40)).await.remove(0);
        assert!(settle(database, &claimed, End::Done, at(41)).await);
        let mut tx = database.begin().await.unwrap();
        assert_eq!(replan(&mut tx, &planned, at(42)).await, 0, "it is done");
        assert_eq!(tx.insert_actions(std::slice::from_ref(&planned), 3, at(42)).await.unwrap(), 0, "for ever");
    }

    async fn a_row_that_can_t_be_understood_hides_no_other(database: &Scratch) {
        let planned = [reminder(&sandbox(), "inq_1", 50, 10), reminder(&sandbox(), "inq_1", 0, 20)];
        plan(database, &planned, 3).await;
        let sql = format!("UPDATE actions SET arguments = '{{}}' WHERE id = '{}'", planned[0].id);
        raw::execute(database, &sql).await;
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.actions_of(&[&key("inq_1")]).await.unwrap().len(), 1);
        let page = tx.list_actions(&ActionFilter::default(), None, 10).await.unwrap();
        assert_eq!(page.items.len(), 1);
        assert_eq!(page.unreadable, [planned[0].id.as_str()]);
        let error = tx.action(&planned[0].id).await.unwrap_err().to_string();
        assert_eq!(error, format!("the row {} of actions can't be understood: see its arguments", planned[0].id));
    }
}
