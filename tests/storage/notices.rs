//! Contacts, notices and suppressions: what is kept of people is sealed or hashed, and found by whom it is about.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use rekindle::domain::addressee::{Occasion, Told};
use rekindle::domain::ids::{ActionId, CustomerName, EnvironmentName, InquiryId, NotifierName, ReferenceId};
use rekindle::domain::subject::SubjectId;
use rekindle::domain::time::Timestamp;
use rekindle::storage::Database;
use rekindle::storage::contacts::{ContactKey, Source};
use rekindle::storage::notices::{Kind, StoredNotice};
use rekindle::storage::retention;
use rekindle::storage::static_links::StaticLink;
use rekindle::storage::subjects::Because;
use rekindle::storage::suppressions::{Kind as By, StoredSuppression};

use crate::storage::raw;
use crate::support::on_both;
use crate::support::vault::open;

const NOW: Timestamp = Timestamp::from_second(1_772_352_000);

fn environment() -> EnvironmentName {
    EnvironmentName::parse("sandbox").unwrap()
}

fn key(customer: Option<&str>, person: &str) -> ContactKey {
    let customer = customer.map(|name| CustomerName::parse(name).unwrap());
    ContactKey { environment: environment(), customer, reference_id: ReferenceId::parse(person).unwrap() }
}

async fn keep(database: &Database, key: &ContactKey, text: Option<&str>) {
    let contact = text.map(|text| (text.as_bytes().to_vec(), format!("hash of {}", text.len())));
    let mut tx = database.begin().await.unwrap();
    tx.keep_contact(key, Source::Given, contact, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

/// The contacts of somebody by Persona's name for them: whose they are, and what they say.
async fn contacts(database: &Database, person: &str) -> BTreeSet<(String, Option<String>)> {
    let asked = (environment(), ReferenceId::parse(person).unwrap());
    let found = database.read().await.unwrap().contacts_of(&[&asked]).await.unwrap();
    let whose = |key: &ContactKey| key.customer.as_ref().map(ToString::to_string).unwrap_or_default();
    let said = |text: &Vec<u8>| String::from_utf8(text.clone()).unwrap();
    found
        .iter()
        .map(|(of, one)| {
            assert_eq!(*of, asked);
            (whose(&one.key), one.text.as_ref().map(said))
        })
        .collect()
}

fn one(customer: &str, text: Option<&str>) -> (String, Option<String>) {
    (customer.to_owned(), text.map(str::to_owned))
}

fn notice(action: &str, person: &str, occasion: &str, kind: Kind, at: i64) -> StoredNotice {
    StoredNotice {
        action: ActionId::parse(action).unwrap(),
        environment: environment(),
        inquiry: InquiryId::parse("inq_1").unwrap(),
        kind,
        occasion: Occasion::stored(occasion.to_owned()),
        notifier: NotifierName::parse("app").unwrap(),
        person: person.to_owned(),
        told_at: NOW.plus(SignedDuration::from_secs(at)),
    }
}

on_both! {
    async fn a_contact_is_sealed_found_by_either_name_and_gone_with_its_key(scratch: &Scratch) {
        let database = open(&scratch.url).await;
        let (own, acmes) = (key(None, "customer-17"), key(Some("acme"), "customer-17"));
        keep(&database, &own, Some("first")).await;
        keep(&database, &own, Some("ada@example.com")).await;
        keep(&database, &acmes, Some("ada@acme.example")).await;
        keep(&database, &key(None, "customer-18"), None).await;
        let stored = raw::column(scratch, match scratch.kind() {
            rekindle::storage::Kind::Sqlite => "SELECT hex(contact) FROM contacts WHERE contact IS NOT NULL",
            rekindle::storage::Kind::Postgres => "SELECT encode(contact, 'hex') FROM contacts WHERE contact IS NOT NULL",
        }).await;
        assert_eq!(stored.len(), 2);
        assert!(stored.iter().all(|text| !text.to_lowercase().contains(&hex::encode("example"))), "it is sealed");
        let both = BTreeSet::from([one("", Some("ada@example.com")), one("acme", Some("ada@acme.example"))]);
        assert_eq!(contacts(&database, "customer-17").await, both);
        assert_eq!(contacts(&database, "customer-18").await, BTreeSet::from([one("", None)]), "that nothing is known");
        assert_eq!(contacts(&database, "customer-19").await, BTreeSet::new());

        let mut tx = database.begin().await.unwrap();
        tx.keep_static_link(&StaticLink {
            environment: environment(),
            reference_id: ReferenceId::parse("opaque-1").unwrap(),
            template: rekindle::domain::ids::TemplateId::parse("itmpl_1").unwrap(),
            known_as: ReferenceId::parse("customer-17").unwrap(),
            customer: None,
            made_at: NOW,
        }).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(contacts(&database, "opaque-1").await, both, "Persona's name for them leads there, too");

        let mut tx = database.begin().await.unwrap();
        assert!(tx.forget_contact(&own).await.unwrap());
        assert!(!tx.forget_contact(&own).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(contacts(&database, "customer-17").await, BTreeSet::from([one("acme", Some("ada@acme.example"))]));
        keep(&database, &own, Some("again")).await;
        assert_eq!(contacts(&database, "customer-17").await.len(), 2, "they may be told of again");

        let whose = (environment(), SubjectId::addressee("acme", &acmes.reference_id));
        let mut tx = database.begin().await.unwrap();
        tx.destroy_known_keys(&[whose], Because::MasterKeyLost, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let left = contacts(&database, "customer-17").await;
        assert_eq!(left, BTreeSet::from([one("", Some("again")), one("acme", None)]), "without its key it says nothing");
    }

    async fn the_key_of_a_contact_is_not_idle(scratch: &Scratch) {
        let database = open(&scratch.url).await;
        keep(&database, &key(None, "customer-17"), Some("ada@example.com")).await;
        let later = NOW.plus(SignedDuration::from_hours(24 * 90));
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.destroy_idle_keys(later, later, 10).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert_eq!(contacts(&database, "customer-17").await, BTreeSet::from([one("", Some("ada@example.com"))]));
    }

    async fn who_was_told_what_is_found_by_person_and_time(scratch: &Scratch) {
        let database = open(&scratch.url).await;
        let mut tx = database.begin().await.unwrap();
        tx.lock_told("a").await.unwrap();
        for notice in [
            notice("one", "a", "50%", Kind::Remind, 10),
            notice("two", "a", "3h", Kind::Remind, 20),
            notice("three", "a", "asked", Kind::Invite, 30),
            notice("four", "b", "50%", Kind::Remind, 40),
            notice("one", "a", "50%", Kind::Remind, 15),
        ] {
            tx.record_notice(&notice).await.unwrap();
        }
        let at = |second: i64| NOW.plus(SignedDuration::from_secs(second));
        let told = |occasion: &str, second| Told { occasion: Occasion::stored(occasion.to_owned()), at: at(second) };
        let mut of_a = tx.told_since(&["a", "c"], NOW).await.unwrap();
        of_a.sort_by_key(|(_, told)| told.at);
        assert_eq!(of_a, [("a".to_owned(), told("50%", 15)), ("a".to_owned(), told("3h", 20))], "a repetition is one");
        assert_eq!(tx.told_since(&["a"], at(15)).await.unwrap(), [("a".to_owned(), told("3h", 20))]);
        let four = ActionId::parse("four").unwrap();
        assert_eq!(tx.notice(&four).await.unwrap(), Some(notice("four", "b", "50%", Kind::Remind, 40)));
        tx.withdraw_notice(&four).await.unwrap();
        assert_eq!((tx.notice(&four).await.unwrap(), tx.told_since(&["b"], NOW).await.unwrap()), (None, vec![]));
        let before = at(18);
        assert_eq!(tx.count_prunable(retention::Kind::Notices, Timestamp::from_micros(0), before).await.unwrap(), 1);
        assert_eq!(tx.prune(retention::Kind::Notices, Timestamp::from_micros(0), before, 10).await.unwrap(), 1);
        assert_eq!(tx.told_since(&["a"], NOW).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
    }

    async fn a_suppression_is_said_once_found_by_its_value_and_listed_page_by_page(scratch: &Scratch) {
        let database = open(&scratch.url).await;
        let new = |kind, value: &str, customer: Option<&str>, notifier: Option<&str>| StoredSuppression {
            kind,
            value: value.to_owned(),
            environment: Some(environment()).filter(|_| kind == By::Lineage),
            customer: customer.map(|name| CustomerName::parse(name).unwrap()),
            notifier: notifier.map(|name| NotifierName::parse(name).unwrap()),
            reason: "asked for".to_owned(),
            by: "olga".to_owned(),
            at: NOW,
        };
        let all = [
            new(By::Person, "customer-17", None, None),
            new(By::Person, "customer-17", Some("acme"), Some("mail")),
            new(By::Address, "0123456789abcdef", None, None),
            new(By::Lineage, "inq_1", None, Some("mail")),
        ];
        let mut tx = database.begin().await.unwrap();
        for one in &all {
            assert!(tx.suppress(one).await.unwrap());
            assert!(!tx.suppress(&StoredSuppression { reason: "again".to_owned(), ..one.clone() }).await.unwrap());
            assert_eq!(tx.suppression(&one.id()).await.unwrap().as_ref(), Some(one), "the first word stands");
        }
        let ids = |found: &[StoredSuppression]| found.iter().map(StoredSuppression::id).collect::<BTreeSet<_>>();
        let found = tx.suppressions_of(&["customer-17", "inq_1", "nobody"]).await.unwrap();
        assert_eq!(ids(&found), ids(&[all[0].clone(), all[1].clone(), all[3].clone()]));
        let first = tx.list_suppressions("", 3, None).await.unwrap();
        let rest = tx.list_suppressions(&first[2].id(), 3, None).await.unwrap();
        assert_eq!((first.len(), rest.len()), (3, 1));
        assert_eq!(ids(&[first, rest].concat()), ids(&all));
        let acme = CustomerName::parse("acme").unwrap();
        assert_eq!(tx.list_suppressions("", 10, Some(&acme)).await.unwrap(), [all[1].clone()]);
        assert!(tx.remove_suppression(&all[0].id()).await.unwrap());
        assert!(!tx.remove_suppression(&all[0].id()).await.unwrap());
        assert_eq!(tx.suppressions_of(&["customer-17"]).await.unwrap(), [all[1].clone()]);
        tx.commit().await.unwrap();
    }
}
