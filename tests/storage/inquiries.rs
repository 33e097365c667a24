//! Inquiries are kept whole, found by what queries need, and locked by id and by person.

use std::time::Duration;

use rekindle::domain::inquiry::{Inquiry, Person};
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::storage::inquiries::InquiryFilter;

use crate::storage::sample::{
    at, environment, inquiry_id, key, reference_id, said, sandbox, store, template_id, unknown,
};
use crate::support::on_both;

fn ids<'a>(inquiries: impl IntoIterator<Item = &'a Inquiry>) -> Vec<&'a str> {
    inquiries.into_iter().map(|inquiry| inquiry.id.as_str()).collect()
}

fn ada() -> Person {
    Person::Reference(reference_id("ada"))
}

on_both! {
    async fn an_inquiry_reads_back_as_it_was_saved_to_the_microsecond(database: &Scratch) {
        let mut observation = said("inq_1", Status::Other("on_hold".to_owned()), Some("ada"), Some("itmpl_1"), 1);
        let fine = Timestamp::from_micros(at(0).as_micros() + 123_456);
        observation.attributes.started_at = Some(Some(fine));
        observation.attributes.expires_at = Some(None);
        observation.attributes.next_step = Some(Some("a step with a nul \0".to_owned()));
        observation.active = true;
        let saved = store(database, &sandbox(), observation).await;

        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.peek_inquiries(&[&key("inq_1")]).await.unwrap(), std::slice::from_ref(&saved));
        assert_eq!(tx.lock_inquiries(&[&key("inq_1")], &[]).await.unwrap(), std::slice::from_ref(&saved));
        tx.mark_read(&sandbox(), &inquiry_id("inq_1"), fine).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = database.read().await.unwrap();
        let stored = tx.inquiry(&sandbox(), &inquiry_id("inq_1")).await.unwrap().unwrap();
        assert_eq!(stored.inquiry, saved);
        assert_eq!((stored.read_at, stored.first_seen_at, stored.updated_at), (Some(fine), at(1), at(1)));
        assert_eq!(stored.lineage, inquiry_id("inq_1"), "a succession starts with itself");

        let row = tx.list_inquiries(&InquiryFilter::default(), None, 10).await.unwrap().items.remove(0);
        assert_eq!((row.environment, row.id), (sandbox(), inquiry_id("inq_1")));
        assert_eq!(row.status, Some(Status::Other("on_hold".to_owned())));
        assert_eq!(row.person.as_deref(), Some("reference:ada"));
        assert_eq!((row.reference_id, row.template_id), (Some(reference_id("ada")), Some(template_id("itmpl_1"))));
        assert_eq!((row.created_at, row.expires_at, row.began_at), (Some(at(1)), None, Some(at(1))));
        assert_eq!((row.last_observed_at, row.redacted, row.read_at), (Some(at(1)), false, Some(fine)));
    }

    async fn adding_makes_what_is_missing_and_leaves_what_is_there(database: &Scratch) {
        let saved = store(database, &sandbox(), said("inq_2", Status::Pending, Some("ada"), None, 5)).await;
        let mut tx = database.begin().await.unwrap();
        let added = tx.add_inquiries(&[&unknown("inq_1"), &unknown("inq_2"), &unknown("inq_3")], at(9)).await.unwrap();
        assert_eq!(added, 2, "one was there, and whoever thought that it was not is told");
        assert_eq!(tx.add_inquiries(&[], at(9)).await.unwrap(), 0);
        let keys = [key("inq_3"), key("inq_2"), key("inq_1"), key("inq_4")];
        let expected = [unknown("inq_1"), saved, unknown("inq_3")];
        assert_eq!(tx.lock_inquiries(&keys.each_ref(), &[]).await.unwrap(), expected, "in the order of their keys");
        let mut peeked = tx.peek_inquiries(&keys.each_ref()).await.unwrap();
        peeked.sort_by(|one, other| one.id.cmp(&other.id));
        assert_eq!(peeked, expected);
        let stored = tx.inquiry(&sandbox(), &inquiry_id("inq_2")).await.unwrap().unwrap();
        assert_eq!(stored.first_seen_at, at(5));
    }

    async fn saving_many_keeps_what_is_ours(database: &Scratch) {
        let first = store(database, &sandbox(), said("inq_1", Status::Created, Some("ada"), None, 5)).await;
        let second = store(database, &environment("production"), said("inq_1", Status::Created, None, None, 6)).await;
        let (mut tx, mut both) = (database.begin().await.unwrap(), [second, first]);
        for inquiry in &mut both {
            inquiry.apply(said("inq_1", Status::Completed, Some("grace"), Some("itmpl_1"), 50));
        }
        tx.save_inquiries(&both.each_ref(), at(60)).await.unwrap();
        tx.save_inquiries(&[], at(60)).await.unwrap();
        tx.commit().await.unwrap();
        for saved in both {
            let mut tx = database.read().await.unwrap();
            let stored = tx.inquiry(&saved.environment, &saved.id).await.unwrap().unwrap();
            assert_eq!(stored.updated_at, at(60));
            assert!(stored.first_seen_at < at(10), "when we first heard of it stands");
            assert_eq!((stored.inquiry, stored.lineage), (saved, inquiry_id("inq_1")));
        }
    }

    async fn what_is_not_there_is_not_found(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.inquiry(&sandbox(), &inquiry_id("inq_1")).await.unwrap(), None);
        assert_eq!(tx.lock_inquiries(&[&key("inq_1")], &[]).await.unwrap(), []);
        assert_eq!(tx.lock_inquiries(&[], &[]).await.unwrap(), []);
        assert_eq!(tx.peek_inquiries(&[]).await.unwrap(), []);
    }

    async fn a_group_is_one_person_and_one_template_in_one_environment(database: &Scratch) {
        for (environment_name, id, person, template) in [
            ("sandbox", "inq_b", Some("ada"), Some("itmpl_1")),
            ("sandbox", "inq_a", Some("ada"), Some("itmpl_1")),
            ("sandbox", "inq_c", Some("ada"), Some("itmpl_2")),
            ("sandbox", "inq_d", Some("ada"), None),
            ("sandbox", "inq_e", Some("grace"), Some("itmpl_1")),
            ("sandbox", "inq_f", None, None),
            ("production", "inq_g", Some("ada"), Some("itmpl_1")),
        ] {
            store(database, &environment(environment_name), said(id, Status::Created, person, template, 1)).await;
        }
        let mut tx = database.begin().await.unwrap();
        let party = |person: &Person, template: Option<&str>| (sandbox(), person.clone(), template.map(template_id));
        let first = party(&ada(), Some("itmpl_1"));
        assert_eq!(ids(&tx.lock_inquiries(&[], &[&first]).await.unwrap()), ["inq_a", "inq_b"], "in the order of ids");
        let without = party(&ada(), None);
        let found = tx.lock_inquiries(&[], &[&without]).await.unwrap();
        assert_eq!(ids(&found), ["inq_d"], "no template matches no template only");
        let account = Person::Account(rekindle::domain::ids::AccountId::parse("act_ada").unwrap());
        assert_eq!(ids(&tx.lock_inquiries(&[], &[&party(&account, None)]).await.unwrap()), ["inq_f"]);
        let all = tx.lock_inquiries(&[&key("inq_e"), &key("inq_a")], &[&without, &first]).await.unwrap();
        assert_eq!(ids(&all), ["inq_a", "inq_b", "inq_d", "inq_e"], "each once, however it is asked for");
    }

    async fn of_two_new_inquiries_of_one_person_the_second_sees_the_first(database: &Scratch) {
        let bring = async |id: &'static str| {
            let mut tx = database.begin().await.unwrap();
            tx.lock_people([(&sandbox(), &ada())]).await.unwrap();
            let group = tx.lock_inquiries(&[&key(id)], &[&(sandbox(), ada(), None)]).await.unwrap();
            let mut inquiry = unknown(id);
            inquiry.apply(said(id, Status::Created, Some("ada"), None, 1));
            tx.add_inquiries(&[&inquiry], at(1)).await.unwrap();
            // Time for the other to run into the lock, or past where it should be.
            tokio::time::sleep(Duration::from_millis(100)).await;
            tx.commit().await.unwrap();
            group.len()
        };
        let (first, second) = tokio::join!(bring("inq_1"), bring("inq_2"));
        assert_eq!(first + second, 1, "one found nobody, the other found the first");
    }

    async fn inquiries_are_found_by_their_id_or_their_reference_id(database: &Scratch) {
        store(database, &sandbox(), said("inq_1", Status::Created, Some("ada"), None, 1)).await;
        store(database, &sandbox(), said("inq_2", Status::Created, Some("ada"), None, 2)).await;
        store(database, &environment("production"), said("inq_1", Status::Created, Some("grace"), None, 3)).await;
        let mut tx = database.read().await.unwrap();
        for (text, expected) in [("ada", vec!["inq_1", "inq_2"]), ("inq_1", vec!["inq_1", "inq_1"]), ("nobody", vec![])] {
            let found = tx.find_inquiries(text).await.unwrap();
            assert_eq!(ids(found.iter().map(|stored| &stored.inquiry)), expected, "{text}");
        }
    }

    async fn lists_are_filtered_and_paged(database: &Scratch) {
        for (id, status, person, template, second) in [
            ("inq_1", Status::Created, "ada", "itmpl_1", 1),
            ("inq_2", Status::Pending, "ada", "itmpl_2", 2),
            ("inq_3", Status::Approved, "grace", "itmpl_1", 2),
        ] {
            store(database, &sandbox(), said(id, status, Some(person), Some(template), second)).await;
        }
        let mut tx = database.read().await.unwrap();
        let table = [
            (InquiryFilter { status: Some(Status::Approved), ..InquiryFilter::default() }, vec!["inq_3"]),
            (InquiryFilter { template: Some(template_id("itmpl_1")), ..InquiryFilter::default() }, vec!["inq_3", "inq_1"]),
            (InquiryFilter { reference_id: Some(reference_id("ada")), ..InquiryFilter::default() }, vec!["inq_2", "inq_1"]),
            (InquiryFilter { environment: Some(environment("production")), ..InquiryFilter::default() }, vec![]),
        ];
        for (filter, expected) in table {
            let page = tx.list_inquiries(&filter, None, 10).await.unwrap();
            assert_eq!(page.items.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), expected, "{filter:?}");
        }
        let first = tx.list_inquiries(&InquiryFilter::default(), None, 2).await.unwrap();
        let rest = tx.list_inquiries(&InquiryFilter::default(), first.next.as_ref(), 2).await.unwrap();
        let seen: Vec<&str> = first.items.iter().chain(&rest.items).map(|row| row.id.as_str()).collect();
        assert_eq!(seen, ["inq_3", "inq_2", "inq_1"]);
        assert_eq!(rest.next, None);
    }

    async fn open_inquiries_are_gone_through_in_batches(database: &Scratch) {
        for (id, status) in [
            ("inq_1", Status::Created),
            ("inq_2", Status::Expired),
            ("inq_3", Status::Pending),
            ("inq_4", Status::Completed),
            ("inq_5", Status::Created),
        ] {
            store(database, &sandbox(), said(id, status, None, None, 1)).await;
        }
        let mut tx = database.read().await.unwrap();
        let first = tx.open_inquiries_after(&sandbox(), None, 2).await.unwrap();
        assert_eq!(first, [inquiry_id("inq_1"), inquiry_id("inq_3")]);
        let rest = tx.open_inquiries_after(&sandbox(), first.last(), 2).await.unwrap();
        assert_eq!(rest, [inquiry_id("inq_5")]);
    }
}
