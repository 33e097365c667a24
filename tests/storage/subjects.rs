//! Subjects have a key each; without it their payloads are gone, and what comes late is not kept.

use std::collections::{BTreeMap, BTreeSet};

use rekindle::domain::ids::AccountId;
use rekindle::domain::status::Status;
use rekindle::domain::subject::SubjectId;
use rekindle::domain::time::Timestamp;
use rekindle::storage::events::{EventKey, NewEvent, Origin};
use rekindle::storage::subjects::{Because, SubjectRef};
use rekindle::storage::{Database, StorageError, Tx};
use rekindle::vault::{Keyring, MasterKey, Packed, Place, Vault, VaultError};

use crate::storage::raw;
use crate::storage::sample::{at, event_id, inquiry_id, said, sandbox, store};
use crate::support::{Scratch, on_both};

/// A body of an event, sealed under the key of a subject that may keep it.
pub async fn sealed(tx: &mut Tx, key: &EventKey, subject: &SubjectId, body: &[u8]) -> Vec<u8> {
    let whose = (key.0.clone(), subject.clone());
    let keys = tx.subject_keys(&BTreeMap::from([(whose.clone(), at(0))]), at(0)).await.unwrap();
    let place = Place { environment: &key.0, subject };
    keys[&whose].seal(place, &key.1, &Packed::of(body.to_vec().into())).unwrap()
}

fn subject(inquiry: &str) -> SubjectRef {
    (sandbox(), SubjectId::inquiry(&inquiry_id(inquiry)))
}

/// Records an event of an inquiry with a sealed body.
async fn record(database: &Database, id: &str, inquiry: &str) {
    let (key, inquiry) = ((sandbox(), event_id(id)), inquiry_id(inquiry));
    let mut tx = database.begin().await.unwrap();
    let body = sealed(&mut tx, &key, &SubjectId::inquiry(&inquiry), id.as_bytes()).await;
    let event = NewEvent {
        key: &key,
        name: Some("inquiry.started"),
        occurred_at: Some(at(0)),
        received_at: at(0),
        last_received_at: at(0),
        deliveries: 1,
        inquiry: Some(&inquiry),
        origin: Origin::Webhook,
        outcome: None,
        reason: None,
        subject: None,
        body: Some(&body),
    };
    tx.record_events(&[event]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn body(database: &Database, id: &str) -> Option<Vec<u8>> {
    database.read().await.unwrap().event_body(&sandbox(), &event_id(id)).await.unwrap()
}

/// Whether something that happened at a time may be kept of an inquiry.
async fn keeps(database: &Database, inquiry: &str, happened: Timestamp) -> bool {
    let mut tx = database.begin().await.unwrap();
    let keys = tx.subject_keys(&BTreeMap::from([(subject(inquiry), happened)]), at(1_000)).await.unwrap();
    tx.commit().await.unwrap();
    keys.len() == 1
}

async fn destroy(database: &Database, inquiry: &str, because: Because, second: i64) {
    let mut tx = database.begin().await.unwrap();
    tx.destroy_subjects(&BTreeSet::from([subject(inquiry)]), because, at(second)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn with_key(database: &Scratch) -> usize {
    raw::column(database, "SELECT subject FROM subjects WHERE sealed_key IS NOT NULL").await.len()
}

on_both! {
    async fn a_subject_has_one_key_however_often_it_is_asked_for(database: &Scratch) {
        for id in ["evt_1", "evt_2"] {
            record(database, id, "inq_1").await;
        }
        record(database, "evt_3", "inq_2").await;
        assert_eq!(with_key(database).await, 2);
        for id in ["evt_1", "evt_2", "evt_3"] {
            assert_eq!(body(database, id).await.as_deref(), Some(id.as_bytes()));
        }
        let raw = raw::column(database, "SELECT body_encoding FROM events").await;
        assert_eq!(raw, ["sealed"; 3]);
        let mut tx = database.begin().await.unwrap();
        assert!(tx.subject_keys(&BTreeMap::new(), at(0)).await.unwrap().is_empty());
    }

    async fn processes_that_make_the_same_key_at_once_agree(database: &Scratch) {
        let wanted: BTreeMap<SubjectRef, Timestamp> = (0..40).map(|n| (subject(&format!("inq_{n}")), at(0))).collect();
        let mut processes = tokio::task::JoinSet::new();
        for process in 0..8 {
            let (database, mut wanted) = (crate::support::vault::open(&database.url).await, wanted.clone());
            // Each knows some that the others don't.
            wanted.insert(subject(&format!("own_{process}")), at(0));
            processes.spawn(async move {
                let mut tx = database.begin().await.unwrap();
                let keys = tx.subject_keys(&wanted, at(0)).await.unwrap();
                tx.commit().await.unwrap();
                let (whose, key) = (subject("inq_7"), event_id("evt_1"));
                let place = Place { environment: &whose.0, subject: &whose.1 };
                (keys.len(), keys[&whose].seal(place, &key, &Packed::of("one".into())).unwrap(), keys[&whose].clone())
            });
        }
        let done = processes.join_all().await;
        assert!(done.iter().all(|(count, ..)| *count == 41));
        let (whose, key) = (subject("inq_7"), event_id("evt_1"));
        let place = Place { environment: &whose.0, subject: &whose.1 };
        for (_, sealed, _) in &done {
            assert!(done.iter().all(|(.., other)| other.open_body(place, &key, sealed).unwrap() == b"one"));
        }
        assert_eq!(with_key(database).await, 48);
    }

    async fn a_redacted_subject_keeps_nothing_for_good(database: &Scratch) {
        record(database, "evt_1", "inq_1").await;
        record(database, "evt_2", "inq_2").await;
        for second in [10, 20] {
            destroy(database, "inq_1", Because::Redacted, second).await;
        }
        destroy(database, "inq_1", Because::Retention, 30).await;
        // One that nothing was heard of before.
        destroy(database, "inq_3", Because::Redacted, 10).await;
        assert_eq!(body(database, "evt_1").await, None);
        assert_eq!(body(database, "evt_2").await.as_deref(), Some(&b"evt_2"[..]));
        let rows = "SELECT subject || ' ' || destroyed_because FROM subjects WHERE destroyed_at IS NOT NULL ORDER BY 1";
        assert_eq!(raw::column(database, rows).await, ["inquiry/inq_1 redacted", "inquiry/inq_3 redacted"]);
        let bodies = "SELECT id FROM events WHERE length(body) > 0";
        assert_eq!(raw::column(database, bodies).await, ["evt_2"]);
        for (inquiry, kept) in [("inq_1", false), ("inq_2", true), ("inq_3", false), ("inq_4", true)] {
            assert_eq!(keeps(database, inquiry, at(5_000)).await, kept, "{inquiry}");
        }
    }

    async fn after_retention_only_what_happened_later_is_kept(database: &Scratch) {
        for (because, early) in [(Because::Retention, false), (Because::MasterKeyLost, true)] {
            let inquiry = format!("inq_{}", because.as_str().len());
            record(database, &format!("evt_{inquiry}"), &inquiry).await;
            destroy(database, &inquiry, because, 100).await;
            assert_eq!(keeps(database, &inquiry, at(100)).await, early, "{because}");
            assert!(keeps(database, &inquiry, at(101)).await, "{because}");
            assert_eq!(body(database, &format!("evt_{inquiry}")).await, None, "{because}");
        }
    }

    async fn a_key_without_payloads_goes_when_it_is_old_enough(database: &Scratch) {
        record(database, "evt_1", "inq_1").await;
        record(database, "evt_2", "inq_2").await;
        let own = SubjectId::event(&event_id("evt_9"));
        let mut tx = database.begin().await.unwrap();
        tx.subject_keys(&BTreeMap::from([((sandbox(), own), at(0))]), at(0)).await.unwrap();
        tx.subject_keys(&BTreeMap::from([(subject("inq_8"), at(0))]), at(500)).await.unwrap();
        tx.commit().await.unwrap();
        raw::execute(database, "UPDATE events SET body_encoding = 'dropped' WHERE id = 'evt_1'").await;
        for (most, gone) in [(1, 1), (10, 1), (10, 0)] {
            let mut tx = database.begin().await.unwrap();
            assert_eq!(tx.destroy_idle_keys(at(100), at(200), most).await.unwrap(), gone);
            tx.commit().await.unwrap();
        }
        let left = "SELECT subject FROM subjects WHERE sealed_key IS NOT NULL ORDER BY 1";
        assert_eq!(raw::column(database, left).await, ["inquiry/inq_2", "inquiry/inq_8"]);
        let mut tx = database.begin().await.unwrap();
        let both = [subject("inq_2"), subject("inq_99")];
        assert_eq!(tx.destroy_known_keys(&both, Because::Retention, at(300)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(body(database, "evt_2").await, None);
        assert_eq!(raw::column(database, "SELECT subject FROM subjects").await.len(), 4, "no trace of the unknown one");
    }

    async fn the_inquiries_of_an_account_are_found(database: &Scratch) {
        for id in ["inq_1", "inq_2"] {
            store(database, &sandbox(), said(id, Status::Created, None, None, 0)).await;
        }
        let mut tx = database.read().await.unwrap();
        let account = |id| AccountId::parse(id).unwrap();
        let found = tx.inquiries_of_account(&sandbox(), &account("act_ada")).await.unwrap();
        assert_eq!(found, [inquiry_id("inq_1"), inquiry_id("inq_2")]);
        assert_eq!(tx.inquiries_of_account(&sandbox(), &account("act_bo")).await.unwrap(), []);
        assert_eq!(tx.recent_reference_ids(10).await.unwrap(), Vec::<String>::new());
    }

    async fn keys_are_sealed_anew_page_by_page_and_a_lost_one_is_told(database: &Scratch) {
        for n in 0..5 {
            record(database, &format!("evt_{n}"), &format!("inq_{n}")).await;
        }
        let old = database.vault().current_id().unwrap();
        let new = MasterKey::make().unwrap();
        let tests = MasterKey::parse(crate::support::vault::MASTER_KEY).unwrap();
        let both = Vault::with(Keyring::of([new.clone(), tests]).unwrap());
        let opened = Database::open(&database.url).await.unwrap().with_vault(both);
        let (mut after, mut pages) = (None, Vec::new());
        loop {
            let mut tx = opened.begin().await.unwrap();
            let done = tx.reseal_after(after.as_ref(), 2).await.unwrap();
            tx.commit().await.unwrap();
            pages.push(done.resealed);
            match done.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(pages, [2, 2, 1]);
        let mut tx = opened.begin().await.unwrap();
        assert_eq!(tx.reseal_after(None, 10).await.unwrap().resealed, 0);
        let in_use = tx.master_keys_in_use().await.unwrap();
        assert_eq!(in_use.iter().map(|used| (&used.id, used.subjects)).collect::<Vec<_>>(), [(new.id(), 5)]);
        tx.remember_master_key(&old, at(0)).await.unwrap();
        tx.remember_master_key(new.id(), at(1)).await.unwrap();
        assert_eq!(tx.master_keys().await.unwrap(), [old.clone(), new.id().clone()]);
        assert!(!tx.forget_master_key(new.id()).await.unwrap(), "it is in use");
        assert!(tx.forget_master_key(&old).await.unwrap());
        assert_eq!(tx.subjects_under(new.id(), None, 3).await.unwrap().0.len(), 3);
        tx.commit().await.unwrap();

        assert_eq!(body(&opened, "evt_3").await.as_deref(), Some(&b"evt_3"[..]));
        let error = database.read().await.unwrap().event_body(&sandbox(), &event_id("evt_3")).await.unwrap_err();
        assert!(matches!(&error, StorageError::Sealed(VaultError::UnknownKey(id)) if id == new.id()), "{error:?}");
        let without = Database::open(&database.url).await.unwrap();
        let error = without.read().await.unwrap().event_body(&sandbox(), &event_id("evt_3")).await.unwrap_err();
        assert!(matches!(error, StorageError::Sealed(VaultError::Locked(_))), "{error:?}");
    }

    async fn rows_that_were_swapped_do_not_open(database: &Scratch) {
        record(database, "evt_1", "inq_1").await;
        record(database, "evt_2", "inq_2").await;
        let swap = "UPDATE events SET body = (SELECT body FROM events others WHERE others.id = 'evt_1') WHERE id = 'evt_2'";
        raw::execute(database, swap).await;
        let error = database.read().await.unwrap().event_body(&sandbox(), &event_id("evt_2")).await.unwrap_err();
        assert!(matches!(error, StorageError::Sealed(VaultError::Damaged)), "{error:?}");
    }

    async fn a_body_from_before_sealing_is_read_and_put_away(database: &Scratch) {
        for (id, inquiry) in [("evt_1", "inq_1"), ("evt_2", "inq_2")] {
            record(database, id, inquiry).await;
        }
        raw::execute(database, "UPDATE events SET body_encoding = 'plain', body = CAST('{}' AS BLOB)"
            .replace("CAST('{}' AS BLOB)", if database.file().is_some() { "CAST('{}' AS BLOB)" } else { "'{}'" }).as_str()).await;
        assert_eq!(body(database, "evt_1").await.as_deref(), Some(&b"{}"[..]));
        assert!(database.read().await.unwrap().has_plain_bodies().await.unwrap());
        let mut tx = database.begin().await.unwrap();
        let first = tx.plain_bodies_after(None, 1).await.unwrap().remove(0);
        let (key, whose) = (first.key.clone(), SubjectId::inquiry(&inquiry_id("inq_1")));
        assert_eq!((key.1.as_str(), first.at), ("evt_1", at(0)));
        let other = SubjectId::event(&event_id("evt_2"));
        let boxed = sealed(&mut tx, &key, &whose, &first.body).await;
        tx.put_body_away(&key.0, &key.1, &whose, Some(&boxed)).await.unwrap();
        let second = tx.plain_bodies_after(Some(&key), 1).await.unwrap().remove(0).key;
        tx.put_body_away(&second.0, &second.1, &other, None).await.unwrap();
        assert!(tx.plain_bodies_after(None, 9).await.unwrap().is_empty());
        tx.commit().await.unwrap();
        assert_eq!((body(database, "evt_1").await.as_deref(), body(database, "evt_2").await), (Some(&b"{}"[..]), None));
        assert!(!database.read().await.unwrap().has_plain_bodies().await.unwrap());
        let subjects = "SELECT coalesce(subject, '-') FROM events ORDER BY id";
        assert_eq!(raw::column(database, subjects).await, ["-", "event/evt_2"]);
    }
}
