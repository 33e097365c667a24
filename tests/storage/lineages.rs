//! Lineages, mutes, admissions and session counts.

use std::time::Duration;

use rekindle::domain::action::State;
use rekindle::domain::ids::InquiryId;
use rekindle::domain::lineage::{Cause, Stage, Succession};
use rekindle::domain::status::Status;
use rekindle::storage::lineages::Means;

use crate::storage::sample::{at, inquiry_id, key, plan, reminder, said, sandbox, store};
use crate::support::{Scratch, on_both};

fn succession(old: &str, second: i64) -> Succession {
    Succession {
        inquiry: inquiry_id(old),
        lineage: inquiry_id("inq_1"),
        cause: Cause::NewVersion,
        asked: true,
        stage: Stage::Superseding,
        successor: None,
        began_at: at(second),
        changed_at: at(second),
    }
}

async fn inquiries(database: &Scratch, ids: &[&str]) {
    for id in ids {
        store(database, &sandbox(), said(id, Status::Created, Some("ada"), Some("itmpl_1"), 0)).await;
    }
}

async fn lineages_of(database: &Scratch, id: &str) -> Vec<(InquiryId, Stage, Option<InquiryId>)> {
    let mut tx = database.read().await.unwrap();
    let found = tx.lineages_of(&[&key(id)]).await.unwrap().remove(&sandbox()).unwrap_or_default();
    found.successions.into_iter().map(|one| (one.inquiry, one.stage, one.successor)).collect()
}

on_both! {
    async fn a_succession_goes_through_its_stages_and_no_further(database: &Scratch) {
        inquiries(database, &["inq_1", "inq_2"]).await;
        let mut tx = database.begin().await.unwrap();
        let (place, old, new) = (sandbox(), inquiry_id("inq_1"), inquiry_id("inq_2"));
        assert!(tx.begin_succession(&place, &succession("inq_1", 1)).await.unwrap());
        assert!(!tx.begin_succession(&place, &succession("inq_1", 2)).await.unwrap(), "it is begun once");
        for stage in [Stage::Closed, Stage::Creating] {
            assert!(tx.move_succession(&place, &old, stage, None, at(3)).await.unwrap());
        }
        assert!(tx.move_succession(&place, &old, Stage::Replaced, Some(&new), at(4)).await.unwrap());
        tx.join_lineage(&place, &new, &old).await.unwrap();
        assert!(!tx.move_succession(&place, &old, Stage::Kept, None, at(5)).await.unwrap(), "what is through stands");
        tx.commit().await.unwrap();
        for member in ["inq_1", "inq_2"] {
            let expected = [(old.clone(), Stage::Replaced, Some(new.clone()))];
            assert_eq!(lineages_of(database, member).await, expected, "found by any member");
        }
        let stored = database.read().await.unwrap().inquiry(&place, &new).await.unwrap().unwrap();
        assert_eq!(stored.lineage, old);
    }

    async fn what_was_called_off_can_be_begun_again(database: &Scratch) {
        inquiries(database, &["inq_1"]).await;
        let mut tx = database.begin().await.unwrap();
        let (place, old) = (sandbox(), inquiry_id("inq_1"));
        tx.begin_succession(&place, &succession("inq_1", 1)).await.unwrap();
        assert!(tx.move_succession(&place, &old, Stage::Kept, None, at(2)).await.unwrap());
        assert!(tx.begin_succession(&place, &succession("inq_1", 3)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(lineages_of(database, "inq_1").await, [(old, Stage::Superseding, None)]);
        assert_eq!(lineages_of(database, "inq_9").await, [], "and nothing is known of what is not there");
    }

    async fn a_mute_holds_for_the_whole_lineage_until_it_is_lifted(database: &Scratch) {
        inquiries(database, &["inq_1", "inq_2"]).await;
        let (place, first) = (sandbox(), inquiry_id("inq_1"));
        let mut tx = database.begin().await.unwrap();
        tx.join_lineage(&place, &inquiry_id("inq_2"), &first).await.unwrap();
        assert!(tx.mute(&place, &first, "an operator", "asked to", at(1)).await.unwrap());
        assert!(!tx.mute(&place, &first, "an operator", "asked to", at(2)).await.unwrap());
        let known = tx.lineages_of(&[&key("inq_2")]).await.unwrap().remove(&place).unwrap();
        assert!(known.muted.contains(&first));
        assert!(tx.unmute(&place, &first).await.unwrap());
        assert!(!tx.unmute(&place, &first).await.unwrap());
        assert!(tx.lineages_of(&[&key("inq_2")]).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }

    async fn an_admission_keeps_its_number_for_a_while(database: &Scratch) {
        inquiries(database, &["inq_1"]).await;
        let (place, id) = (sandbox(), inquiry_id("inq_1"));
        let mut tx = database.begin().await.unwrap();
        let mut numbers = Vec::new();
        for (since, now) in [(0, 10), (0, 20), (9, 30), (10, 40), (39, 50)] {
            let reserved = tx.reserve_admission(&place, &id, Means::Link, at(since), at(now)).await.unwrap();
            numbers.push((reserved.generation, reserved.fresh));
        }
        assert_eq!(numbers, [(0, true), (0, false), (0, false), (1, true), (1, false)]);
        tx.spend_admission(&place, &id, Means::Link, 1).await.unwrap();
        tx.spend_admission(&place, &id, Means::Link, 1).await.unwrap();
        let spent = tx.reserve_admission(&place, &id, Means::Link, at(39), at(60)).await.unwrap();
        assert_eq!(spent.generation, 2, "spent once, however often that is said");
        let token = tx.reserve_admission(&place, &id, Means::Token, at(39), at(60)).await.unwrap();
        assert_eq!(token.generation, 0, "each means has its own");
        tx.commit().await.unwrap();
    }

    async fn sessions_are_counted_until_they_are_listed(database: &Scratch) {
        inquiries(database, &["inq_1"]).await;
        let (place, id) = (sandbox(), inquiry_id("inq_1"));
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.sessions_made(&place, &id).await.unwrap(), 0);
        tx.count_session(&place, &id).await.unwrap();
        tx.count_session(&place, &id).await.unwrap();
        assert_eq!(tx.sessions_made(&place, &id).await.unwrap(), 2);
        tx.sessions_listed(&place, &id, 25, at(1)).await.unwrap();
        tx.count_session(&place, &id).await.unwrap();
        assert_eq!(tx.sessions_made(&place, &id).await.unwrap(), 26);
        tx.commit().await.unwrap();
    }

    async fn one_action_is_taken_by_its_id_whenever_it_is_due(database: &Scratch) {
        let planned = reminder(&sandbox(), "inq_1", 0, 1_000);
        plan(database, std::slice::from_ref(&planned), 3).await;
        let lease = Duration::from_secs(5);
        let mut tx = database.begin().await.unwrap();
        let claimed = tx.take_action(&planned.id, "door", lease, at(0)).await.unwrap().unwrap();
        assert_eq!((claimed.action.state, claimed.action.attempts), (State::Running, 1));
        assert_eq!(tx.take_action(&planned.id, "other", lease, at(0)).await.unwrap(), None, "nobody else has it");
        tx.commit().await.unwrap();
    }
}
