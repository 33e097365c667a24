//! What came of reminding: written down once, found out once, added up by day.

use rekindle::domain::ids::TemplateId;
use rekindle::domain::status::Status;
use rekindle::storage::Capped;
use rekindle::storage::access_links::{LinkId, NewLink};
use rekindle::storage::outcomes::{Closed, Counted, Noticed};
use rekindle::vault::LinkKey;

use crate::storage::sample::{at, inquiry_id, key, said, sandbox, store, template_id};
use crate::support::on_both;

fn noticed(lineage: &str, step: &str, held_out: bool, second: i64) -> Noticed {
    Noticed {
        environment: sandbox(),
        lineage: inquiry_id(lineage),
        step: step.to_owned(),
        template: TemplateId::parse("itmpl_1").ok(),
        held_out,
        link_form: "access".to_owned(),
        noticed_at: at(second),
        deadline: at(second + 1_000),
    }
}

fn counted(step: &str, held_out: bool, numbers: [u64; 4]) -> Counted {
    let [people, opened, came_back, finished] = numbers;
    let (template, link_form) = (TemplateId::parse("itmpl_1").ok(), "access".to_owned());
    Counted { template, step: step.to_owned(), link_form, held_out, people, opened, came_back, finished }
}

on_both! {
    async fn what_comes_first_stands_and_is_closed_once(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        tx.add_outcomes(&[noticed("inq_2", "", true, 5), noticed("inq_1", "", false, 0)]).await.unwrap();
        tx.add_outcomes(&[noticed("inq_1", "", true, 9), noticed("inq_1", "50%", false, 9)]).await.unwrap();
        tx.add_outcomes(&[]).await.unwrap();
        let waiting = tx.waiting_outcomes(&sandbox()).await.unwrap();
        assert_eq!(waiting, [(Some(template_id("itmpl_1")), Capped::of(2))], "one for each verification");
        tx.commit().await.unwrap();

        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.due_outcomes(at(1_000), 10).await.unwrap(), [], "no deadline has passed");
        let due = tx.due_outcomes(at(1_006), 10).await.unwrap();
        let what = |due: &[rekindle::storage::outcomes::Open]| -> Vec<(String, String)> {
            due.iter().map(|one| (one.verification.1.to_string(), one.step.clone())).collect()
        };
        assert_eq!(what(&due), [("inq_1".to_owned(), String::new()), ("inq_2".to_owned(), String::new())]);
        assert_eq!(tx.due_outcomes(at(1_006), 1).await.unwrap().len(), 1);
        let closed: Vec<Closed> = due
            .into_iter()
            .map(|notice| Closed { finished: notice.verification.1 == inquiry_id("inq_1"), opened: true, came_back: true, notice })
            .collect();
        tx.close_outcomes(&closed).await.unwrap();
        tx.close_outcomes(&[]).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.begin().await.unwrap();
        assert_eq!(what(&tx.due_outcomes(at(9_999), 10).await.unwrap()), [("inq_1".to_owned(), "50%".to_owned())]);
        assert_eq!(tx.waiting_outcomes(&sandbox()).await.unwrap(), []);
        // What is closed keeps its place: the same verification is not counted anew.
        tx.add_outcomes(&[noticed("inq_1", "", true, 2_000)]).await.unwrap();
        assert_eq!(tx.waiting_outcomes(&sandbox()).await.unwrap(), []);
        assert_eq!(
            tx.outcome_counts(&sandbox(), at(0)).await.unwrap(),
            [counted("", false, [1, 1, 1, 1]), counted("", true, [1, 1, 1, 0])]
        );
        tx.commit().await.unwrap();
    }

    async fn counts_add_up_by_day_and_are_forgotten(database: &Scratch) {
        const DAY: i64 = 86_400;
        for (number, second) in [0, 60, DAY].into_iter().enumerate() {
            let mut tx = database.begin().await.unwrap();
            tx.add_outcomes(&[noticed(&format!("inq_{number}"), "50%", false, second)]).await.unwrap();
            let due = tx.due_outcomes(at(10 * DAY), 10).await.unwrap();
            let closed: Vec<Closed> = due
                .into_iter()
                .map(|notice| Closed { notice, opened: false, came_back: true, finished: false })
                .collect();
            tx.close_outcomes(&closed).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut tx = database.begin().await.unwrap();
        let all = |people| [counted("50%", false, [people, 0, people, 0])];
        assert_eq!(tx.outcome_counts(&sandbox(), at(0)).await.unwrap(), all(3));
        assert_eq!(tx.outcome_counts(&sandbox(), at(DAY)).await.unwrap(), all(1));
        assert_eq!(tx.outcome_counts(&sandbox(), at(5 * DAY)).await.unwrap(), []);
        tx.forget_outcomes(at(DAY), at(0)).await.unwrap();
        assert_eq!(tx.outcome_counts(&sandbox(), at(0)).await.unwrap(), all(1));
        tx.add_outcomes(&[noticed("inq_0", "50%", false, 0)]).await.unwrap();
        assert_eq!(tx.due_outcomes(at(10 * DAY), 10).await.unwrap().len(), 1, "it was forgotten");
        tx.forget_outcomes(at(10 * DAY), at(0)).await.unwrap();
        assert_eq!(tx.due_outcomes(at(10 * DAY), 10).await.unwrap().len(), 1, "what is not counted yet is not");
        tx.commit().await.unwrap();
    }

    async fn verifications_and_openings_are_found_by_their_keys(database: &Scratch) {
        store(database, &sandbox(), said("inq_1", Status::Created, Some("ada"), Some("itmpl_1"), 0)).await;
        store(database, &sandbox(), said("inq_2", Status::Created, Some("grace"), None, 0)).await;
        let mut tx = database.begin().await.unwrap();
        tx.join_lineage(&sandbox(), &inquiry_id("inq_2"), &inquiry_id("inq_1")).await.unwrap();
        let keys = ["inq_1", "inq_2", "inq_9"].map(key);
        let wholes = tx.wholes_of(&keys.iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!(wholes.len(), 2);
        assert_eq!(wholes[&keys[0]], (inquiry_id("inq_1"), Some(template_id("itmpl_1"))));
        assert_eq!(wholes[&keys[1]], (inquiry_id("inq_1"), None));
        let link = |second| NewLink {
            id: LinkId::parse(&LinkKey::new_id().unwrap()).unwrap(),
            environment: sandbox(),
            lineage: inquiry_id("inq_1"),
            made_for: None,
            max_opens: 5,
            created_at: at(second),
            expires_at: at(second + 1_000),
        };
        let (opened, unopened) = (link(0), link(1));
        tx.add_access_link(&opened).await.unwrap();
        tx.add_access_link(&unopened).await.unwrap();
        assert!(tx.take_opening(&opened.id, at(7), at(0)).await.unwrap());
        let found = tx.openings_of(&keys.iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!(found, [(keys[0].clone(), at(7))]);
        assert_eq!((tx.openings_of(&[]).await.unwrap(), tx.wholes_of(&[]).await.unwrap().len()), (Vec::new(), 0));
        tx.commit().await.unwrap();
    }
}
