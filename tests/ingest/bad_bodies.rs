//! Bodies that are signed and no good, and secrets that change meanwhile.

use rekindle::app::ingest::{Receipt, Refusal};
use rekindle::domain::signature::{SignatureError, sign};
use rekindle::storage::Kind;
use rekindle::storage::actions::ActionFilter;
use rekindle::storage::events::Outcome;
use tokio::task::JoinSet;

use super::stage::{SECRET, app, app_with, deliver, deliver_signed, event, events, now, status};
use crate::storage::raw;
use crate::support::on_both;

/// The database refuses this event by itself, as it would one that hits a defect of ours.
const POISON: &str = "evt_poison";

/// Makes the database refuse [`POISON`].
async fn poison(database: &crate::support::Scratch) {
    let sql = match database.kind() {
        Kind::Sqlite => format!(
            "CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.id = '{POISON}'
             BEGIN SELECT RAISE(ABORT, 'poisonous'); END"
        ),
        Kind::Postgres => format!(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'poisonous' USING ERRCODE = '22000'; END $$;
             CREATE TRIGGER poison BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.id = '{POISON}')
             EXECUTE FUNCTION poison()"
        ),
    };
    raw::execute(database, &sql).await;
}

on_both! {
    /// One event that can't be stored takes no other with it, and is kept with the reason.
    async fn a_poison_event_among_good_ones(database: &Scratch) {
        poison(database).await;
        let app = app(&database.url).await;
        let mut deliveries = JoinSet::new();
        for number in 0..40 {
            let id = if number == 20 { POISON.to_owned() } else { format!("evt_{number}") };
            let (app, inquiry) = (app.clone(), format!("inq_{number}"));
            deliveries.spawn(async move {
                let body = event(&id, &inquiry, "created", Some(&format!("ada-{number}")), 0);
                (id == POISON, deliver(&app, &body).await.unwrap())
            });
        }
        for (poisonous, receipt) in deliveries.join_all().await {
            match receipt {
                Receipt::Applied(_) => assert!(!poisonous),
                Receipt::Unreadable(why) => assert!(poisonous && why.contains("poisonous"), "{why}"),
                other => panic!("{other:?}"),
            }
        }
        let stored = events(&app).await;
        let unreadable: Vec<_> = stored.iter().filter(|event| event.outcome == Some(Outcome::Unreadable)).collect();
        assert_eq!((stored.len(), unreadable.len()), (40, 1));
        assert_eq!(status(&app, "inq_20").await, None, "nothing of it was applied");
        assert_eq!(status(&app, "inq_39").await.as_deref(), Some("created"));
        let key = (&unreadable[0].environment, &unreadable[0].id);
        let body = app.database().read().await.unwrap().event_body(key.0, key.1).await.unwrap().unwrap();
        assert_eq!(body, event(POISON, "inq_20", "created", Some("ada-20"), 0), "kept as received");
    }

    /// Nested deeper than anybody reads: kept, and the stack holds.
    async fn json_nested_ten_thousand_deep(database: &Scratch) {
        let app = app(&database.url).await;
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let body = format!("{}1{}", open.repeat(10_000), close.repeat(10_000)).into_bytes();
            let receipt = deliver(&app, &body).await.unwrap();
            assert_eq!(receipt, Receipt::Unreadable("the body is not JSON we can read".to_owned()));
            let inside = [b"{\"data\":{\"type\":\"event\",\"id\":\"evt_1\",\"attributes\":".as_slice(), &body, b"}}"].concat();
            assert!(matches!(deliver(&app, &inside).await, Ok(Receipt::Unreadable(_))));
        }
        assert_eq!(events(&app).await.len(), 4);
        assert!(events(&app).await.iter().all(|event| event.outcome == Some(Outcome::Unreadable)));
    }

    /// A body too long to be checked in passing is checked elsewhere, with the same result.
    async fn a_long_body(database: &Scratch) {
        let app = app(&database.url).await;
        let mut body = event("evt_1", "inq_1", "created", Some("ada"), 0);
        body.extend(std::iter::repeat_n(b' ', 200_000));
        assert!(matches!(deliver(&app, &body).await, Ok(Receipt::Applied(None))));
        let wrong = sign(&body, b"wbhsec_other", now());
        let refused = deliver_signed(&app, &body, &wrong).await.unwrap_err();
        assert!(matches!(refused, Refusal::Signature(SignatureError::Mismatch)), "{refused}");
        body.extend(std::iter::repeat_n(b'[', 100_000));
        assert!(matches!(deliver(&app, &body).await, Ok(Receipt::Unreadable(_))));
    }

    /// Old secret, both, new secret: nothing that Persona signs meanwhile is lost or refused, and the old one ends.
    async fn secrets_rotated_while_deliveries_are_in_flight(database: &Scratch) {
        const NEW: &str = "wbhsec_99999999-8888-7777-6666-555555555555";
        let eras = [vec![SECRET], vec![SECRET, NEW], vec![NEW]];
        let mut apps = Vec::new();
        for secrets in &eras {
            apps.push(app_with(&database.url, secrets).await);
        }
        let mut deliveries = JoinSet::new();
        for number in 0..60_usize {
            // A third each is taken by the process of its era; Persona signs with both while both are valid.
            let (era, app) = (number % 3, apps[number % 3].clone());
            deliveries.spawn(async move {
                let body = event(&format!("evt_{number}"), "inq_1", "pending", Some("ada"), 60);
                let [old, new] = [SECRET, NEW].map(|secret| sign(&body, secret.as_bytes(), now()));
                let signature = [old.clone(), format!("{old} {new}"), format!("{new} {old}")][era].clone();
                deliver_signed(&app, &body, &signature).await.map(drop)
            });
        }
        for taken in deliveries.join_all().await {
            taken.unwrap();
        }
        assert_eq!(events(&apps[1]).await.len(), 60);
        let body = event("evt_late", "inq_1", "pending", Some("ada"), 60);
        let old = sign(&body, SECRET.as_bytes(), now());
        assert!(deliver_signed(&apps[1], &body, &old).await.is_ok());
        let refused = deliver_signed(&apps[2], &body, &old).await.unwrap_err();
        assert!(matches!(refused, Refusal::Signature(SignatureError::Mismatch)), "{refused}");
    }

    /// Persona, or somebody with a log of its deliveries, sends one event again and again; as many at once as there are
    /// connections by default. A hundred thousand times in a release build; in a debug build checking a signature and reading
    /// a body takes so long that it is twenty thousand, which is some seconds.
    async fn one_event_delivered_again_and_again(database: &Scratch) {
        const AT_ONCE: u32 = 1_000;
        const EACH: u32 = if cfg!(debug_assertions) { 20 } else { 100 };
        const TIMES: u32 = AT_ONCE * EACH;
        let app = app(&database.url).await;
        let body = std::sync::Arc::new(event("evt_1", "inq_1", "created", Some("ada"), 0));
        let mut senders = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (app, body) = (app.clone(), body.clone());
            senders.spawn(async move {
                let (mut applied, mut duplicates) = (0, 0);
                for _ in 0..EACH {
                    match deliver(&app, &body).await.unwrap() {
                        Receipt::Applied(_) => applied += 1,
                        Receipt::Duplicate => duplicates += 1,
                        other => panic!("{other:?}"),
                    }
                }
                (applied, duplicates)
            });
        }
        let receipts = senders.join_all().await.into_iter();
        let (applied, duplicates) = receipts.fold((0, 0), |sum, one: (u32, u32)| (sum.0 + one.0, sum.1 + one.1));
        assert_eq!((applied, duplicates), (1, TIMES - 1));
        let stored = events(&app).await;
        assert_eq!((stored.len(), stored[0].deliveries, stored[0].outcome), (1, TIMES, Some(Outcome::Applied)));
        let actions = app.database().read().await.unwrap();
        let planned = { let mut tx = actions; tx.list_actions(&ActionFilter::default(), None, 10).await.unwrap() };
        assert_eq!(planned.items.len(), 2, "planned once");
    }
}
