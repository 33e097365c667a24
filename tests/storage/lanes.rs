//! What operators decided about lanes, as claims see it.

use rekindle::storage::Database;
use rekindle::storage::actions::{Lane, LaneSetting};

use crate::storage::leases::claim;
use crate::storage::sample::{at, environment, lane, plan, reminder};
use crate::support::on_both;

fn setting(lane: &Lane, paused: bool, priority: i32) -> LaneSetting {
    let (reason, changed_by) = ("because".to_owned(), "ada".to_owned());
    LaneSetting { lane: lane.clone(), priority, paused, reason, changed_by, changed_at: at(0) }
}

async fn set(database: &Database, setting: &LaneSetting) {
    let mut tx = database.begin().await.unwrap();
    tx.set_lane(setting).await.unwrap();
    tx.commit().await.unwrap();
}

on_both! {
    async fn a_paused_lane_is_not_claimed_and_not_due(database: &Scratch) {
        let lanes = [lane("one"), lane("two")];
        plan(database, &[reminder(&environment("one"), "inq_1", 50, 1)], 3).await;
        plan(database, &[reminder(&environment("two"), "inq_2", 50, 2)], 3).await;
        set(database, &setting(&lanes[0], true, 0)).await;
        let due = async || database.read().await.unwrap().next_due(&lanes).await.unwrap();
        assert_eq!(due().await, Some(at(2)));
        let claimed = claim(database, &lanes, 9, "w", at(9)).await;
        assert_eq!(claimed.iter().map(|one| one.action.planned.environment.as_str()).collect::<Vec<_>>(), ["two"]);
        assert_eq!(due().await, None);

        set(database, &setting(&lanes[0], false, 0)).await;
        assert_eq!(due().await, Some(at(1)));
        assert_eq!(claim(database, &lanes, 9, "w", at(9)).await.len(), 1);
        let kept = database.read().await.unwrap().lane_settings().await.unwrap();
        assert_eq!(kept, [setting(&lanes[0], false, 0)]);
    }

    async fn lanes_of_a_higher_priority_come_first_and_equal_ones_take_turns(database: &Scratch) {
        let lanes = [lane("low"), lane("high"), lane("other")];
        for number in 0..4 {
            for name in ["low", "high", "other"] {
                plan(database, &[reminder(&environment(name), &format!("inq_{name}_{number}"), 50, 1)], 3).await;
            }
        }
        set(database, &setting(&lanes[1], false, 5)).await;
        let mut taken = Vec::new();
        for most in [3, 3, 6] {
            let claimed = claim(database, &lanes, most, "w", at(9)).await;
            let mut names: Vec<String> =
                claimed.iter().map(|one| one.action.planned.environment.as_str().to_owned()).collect();
            names.sort();
            taken.push(names);
        }
        assert_eq!(taken[0], ["high", "high", "high"]);
        assert_eq!(taken[1], ["high", "low", "other"]);
        assert_eq!(taken[2], ["low", "low", "low", "other", "other", "other"]);
    }
}
