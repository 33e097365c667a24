//! What operators see and do.

use rekindle::domain::action::{CancelledBy, End, Kind, State};
use rekindle::domain::ids::ActionId;
use rekindle::storage::actions::{ActionFilter, AttemptOutcome, Backlog, Count};

use crate::storage::leases::{claim, settle};
use crate::storage::sample::{at, environment, inquiry_id, lane, plan, reminder, sandbox};
use crate::support::on_both;

on_both! {
    async fn a_dead_letter_is_retried_with_all_its_attempts_before_it(database: &Scratch) {
        let planned = reminder(&sandbox(), "inq_1", 50, 1);
        plan(database, std::slice::from_ref(&planned), 1).await;
        let mut tx = database.begin().await.unwrap();
        assert!(!tx.retry_action(&planned.id, "ops", at(2)).await.unwrap(), "it is planned anyway");
        tx.commit().await.unwrap();
        let claimed = claim(database, &[lane("sandbox")], 1, "w", at(5)).await.remove(0);
        assert!(settle(database, &claimed, End::Failed { reason: "refused".to_owned() }, at(6)).await);

        let mut tx = database.begin().await.unwrap();
        assert!(tx.retry_action(&planned.id, "ops", at(50)).await.unwrap());
        let action = tx.action(&planned.id).await.unwrap().unwrap();
        assert_eq!((action.state, action.attempts, action.planned.due_at), (State::Planned, 0, at(50)));
        assert_eq!((action.reason.as_deref(), action.finished_at), (Some("retried by ops"), None));
        tx.commit().await.unwrap();
        let claimed = claim(database, &[lane("sandbox")], 1, "w", at(50)).await.remove(0);
        assert!(settle(database, &claimed, End::Done, at(51)).await);

        let mut tx = database.begin().await.unwrap();
        assert!(!tx.retry_action(&planned.id, "ops", at(60)).await.unwrap(), "what is done is done");
        let attempts = tx.attempts(&planned.id).await.unwrap();
        let told: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.outcome)).collect();
        assert_eq!(told, [(1, AttemptOutcome::GaveUp), (1, AttemptOutcome::Done)], "no attempt is forgotten");
    }

    async fn a_planned_action_is_called_off_for_good(database: &Scratch) {
        let planned = reminder(&sandbox(), "inq_1", 50, 1);
        plan(database, std::slice::from_ref(&planned), 1).await;
        let mut tx = database.begin().await.unwrap();
        assert!(tx.cancel_action(&planned.id, "the person called us", at(2)).await.unwrap());
        assert!(!tx.cancel_action(&planned.id, "again", at(3)).await.unwrap());
        assert!(!tx.cancel_action(&ActionId::parse("nothing").unwrap(), "no", at(3)).await.unwrap());
        let action = tx.action(&planned.id).await.unwrap().unwrap();
        assert_eq!((action.state, action.cancelled_by), (State::Cancelled, Some(CancelledBy::Operator)));
        assert_eq!((action.reason.as_deref(), action.finished_at), (Some("the person called us"), Some(at(2))));
        assert_eq!(tx.attempts(&planned.id).await.unwrap(), []);
        tx.commit().await.unwrap();
        assert_eq!(claim(database, &[lane("sandbox")], 1, "w", at(9)).await, []);
    }

    async fn a_running_action_loses_its_lease_and_its_worker_comes_too_late(database: &Scratch) {
        let planned = reminder(&sandbox(), "inq_1", 50, 1);
        plan(database, std::slice::from_ref(&planned), 1).await;
        let claimed = claim(database, &[lane("sandbox")], 1, "w7", at(5)).await.remove(0);
        let mut tx = database.begin().await.unwrap();
        assert!(tx.cancel_action(&planned.id, "stop", at(6)).await.unwrap());
        tx.commit().await.unwrap();
        assert!(!settle(database, &claimed, End::Done, at(7)).await);

        let mut tx = database.read().await.unwrap();
        assert!(!tx.held(&claimed.lease).await.unwrap());
        let action = tx.action(&planned.id).await.unwrap().unwrap();
        assert_eq!((action.state, action.cancelled_by), (State::Cancelled, Some(CancelledBy::Operator)));
        let attempt = tx.attempts(&planned.id).await.unwrap().remove(0);
        assert_eq!((attempt.worker.as_str(), attempt.outcome, attempt.started_at), ("w7", AttemptOutcome::Cancelled, at(5)));
    }

    async fn lists_are_filtered_and_paged(database: &Scratch) {
        for (number, second) in [(1, 10), (2, 20), (3, 30)] {
            plan(database, &[reminder(&sandbox(), &format!("inq_{number}"), 50, second)], 3).await;
        }
        plan(database, &[reminder(&environment("production"), "inq_1", 50, 40)], 3).await;
        claim(database, &[lane("sandbox")], 1, "w", at(10)).await;
        let mut tx = database.read().await.unwrap();
        let table = [
            (ActionFilter::default(), 4),
            (ActionFilter { environment: Some(sandbox()), ..ActionFilter::default() }, 3),
            (ActionFilter { inquiry: Some(inquiry_id("inq_1")), ..ActionFilter::default() }, 2),
            (ActionFilter { state: Some(State::Running), ..ActionFilter::default() }, 1),
            (ActionFilter { kind: Some(Kind::Remind), state: Some(State::Done), ..ActionFilter::default() }, 0),
        ];
        for (filter, expected) in table {
            let page = tx.list_actions(&filter, None, 10).await.unwrap();
            assert_eq!((page.items.len(), page.next, page.unreadable), (expected, None, vec![]), "{filter:?}");
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = tx.list_actions(&ActionFilter::default(), after.as_ref(), 3).await.unwrap();
            seen.extend(page.items.into_iter().map(|action| action.planned.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 4);
        assert!(seen.is_sorted_by(|a, b| a > b), "planned in one moment: by id, {seen:?}");
    }

    async fn counts_and_the_oldest_due_time_tell_how_much_there_is_to_do(database: &Scratch) {
        for (number, second) in [(1, 10), (2, 20), (3, 30)] {
            plan(database, &[reminder(&sandbox(), &format!("inq_{number}"), 50, second)], 3).await;
        }
        plan(database, &[reminder(&environment("production"), "inq_1", 50, 40)], 3).await;
        claim(database, &[lane("sandbox")], 1, "w", at(10)).await;
        let mut tx = database.read().await.unwrap();
        let count = |environment_name: &str, state, count| Count {
            environment: environment(environment_name),
            kind: Kind::Remind,
            state,
            count,
        };
        let expected =
            [count("production", State::Planned, 1), count("sandbox", State::Planned, 2), count("sandbox", State::Running, 1)];
        assert_eq!(tx.counts().await.unwrap(), expected);
        let backlog = |environment_name: &str, second| Backlog {
            environment: environment(environment_name),
            kind: Kind::Remind,
            oldest_due: at(second),
        };
        assert_eq!(tx.oldest_due().await.unwrap(), [backlog("production", 40), backlog("sandbox", 20)]);
    }
}
