//! What is read by people: tallies, refusals, counts that stop, and lists that go on.

use std::collections::BTreeMap;

use rekindle::domain::action::{Kind, State};
use rekindle::domain::ids::{ActionId, EnvironmentName, TemplateVersionId};
use rekindle::domain::status::Status;
use rekindle::domain::template::{Template, TemplateSource};
use rekindle::domain::time::Timestamp;
use rekindle::storage::actions::ActionFilter;
use rekindle::storage::events::{EventFilter, Outcome};
use rekindle::storage::inquiries::{InquiryFilter, InquiryOrder, InquiryRow};
use rekindle::storage::refusals::Refused;
use rekindle::storage::tallies::{Deltas, Period, Tally};
use rekindle::storage::{Capped, Cursor, Database, Page};

use crate::storage::raw;
use crate::storage::sample::{
    at, environment, event_id, inquiry_id, key, lane, plan, reference_id, reminder, said, sandbox, store, template_id,
};
use crate::support::on_both;

fn deltas(name: &str, tallies: &[(Tally, u64)]) -> Deltas {
    tallies.iter().map(|(tally, count)| ((environment(name), *tally), *count)).collect()
}

async fn tally(database: &Database, deltas: Deltas, now: Timestamp) {
    let mut tx = database.begin().await.unwrap();
    tx.tally(&deltas, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn tallies(database: &Database, name: &str) -> Vec<(Tally, u64)> {
    let (from, to) = (at(-86_400 * 2), at(86_400 * 2));
    let mut sums: BTreeMap<Tally, u64> = BTreeMap::new();
    for ((tally, _), count) in database.read().await.unwrap().tallies(&environment(name), from, to).await.unwrap() {
        *sums.entry(tally).or_default() += count;
    }
    let totals = database.read().await.unwrap().tally_totals(&environment(name), from, to).await.unwrap();
    assert_eq!(totals, sums, "however it is asked for");
    sums.into_iter().collect()
}

fn ids(page: &Page<InquiryRow>) -> Vec<&str> {
    page.items.iter().map(|row| row.id.as_str()).collect()
}

fn version(id: &str) -> TemplateVersionId {
    TemplateVersionId::parse(id).unwrap()
}

/// An open inquiry of a version, with its deadline a day after `second`.
async fn of_version(database: &Database, id: &str, versioned: Option<&str>, second: i64) {
    let mut observation = said(id, Status::Created, Some(id), Some("itmpl_1"), second);
    observation.attributes.template_version_id = versioned.map(|id| Some(version(id)));
    store(database, &sandbox(), observation).await;
}

on_both! {
    async fn what_happened_is_the_same_before_and_after_it_is_folded(database: &Scratch) {
        let happened = [(Tally::Applied, 3), (Tally::Ignored, 0)];
        tally(database, deltas("sandbox", &happened), at(0)).await;
        tally(database, deltas("sandbox", &[(Tally::Applied, 2), (Tally::Finished, 1)]), at(10)).await;
        tally(database, deltas("sandbox", &[(Tally::Applied, 5)]), at(7_200)).await;
        tally(database, deltas("production", &[(Tally::Applied, 7)]), at(0)).await;
        tally(database, Deltas::new(), at(0)).await;
        let expected = [(Tally::Applied, 10), (Tally::Finished, 1)];
        assert_eq!(tallies(database, "sandbox").await, expected, "what did not happen leaves no row");

        let latest = database.read().await.unwrap().latest_delta().await.unwrap();
        let since = database.read().await.unwrap().deltas_since(latest - 1, 10).await.unwrap();
        assert_eq!(since, [(latest, environment("production"), Tally::Applied)]);

        // In several transactions, and all but the last one.
        for expected_rows in [1, 2, 0] {
            let mut tx = database.begin().await.unwrap();
            assert_eq!(tx.fold_tallies(1, 2).await.unwrap(), expected_rows);
            tx.commit().await.unwrap();
            assert_eq!(tallies(database, "sandbox").await, expected);
            assert_eq!(tallies(database, "production").await, [(Tally::Applied, 7)]);
        }
        assert_eq!(database.read().await.unwrap().latest_delta().await.unwrap(), latest, "who watches finds it");
        let mut tx = database.begin().await.unwrap();
        tx.fold_tallies(0, 100).await.unwrap();
        tx.commit().await.unwrap();
        tally(database, deltas("sandbox", &[(Tally::Applied, 1)]), at(1)).await;
        let after = database.read().await.unwrap().deltas_since(latest, 10).await.unwrap();
        assert_eq!(after.len(), 1, "numbers are not given twice: {after:?}");

        let hour = |second: i64| Period::Hour.beginning(at(second));
        let mut tx = database.begin().await.unwrap();
        tx.fold_tallies(0, 100).await.unwrap();
        assert_eq!(tx.forget_tallies(hour(7_200)).await.unwrap(), 3);
        let left = tx.tallies(&sandbox(), hour(-86_400), hour(86_400)).await.unwrap();
        assert_eq!(left, BTreeMap::from([((Tally::Applied, hour(7_200)), 5)]));
    }

    async fn the_latest_refusals_are_kept_and_no_more(database: &Scratch) {
        let refused = |second: i64, name: Option<&str>| Refused {
            at: at(second),
            environment: name.map(environment),
            outcome: "signature".to_owned(),
            reason: format!("number {second}"),
            address: (second % 2 == 0).then(|| "192.0.2.1".to_owned()),
        };
        let mut tx = database.begin().await.unwrap();
        tx.add_refusals(&[], 4).await.unwrap();
        tx.add_refusals(&[refused(1, Some("sandbox")), refused(2, None), refused(3, None)], 4).await.unwrap();
        tx.add_refusals(&[refused(4, Some("production")), refused(5, Some("sandbox")), refused(6, None)], 4).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.read().await.unwrap();
        let page = tx.list_refusals(None, None, 3).await.unwrap();
        assert_eq!(page.items, [refused(6, None), refused(5, Some("sandbox")), refused(4, Some("production"))]);
        let rest = tx.list_refusals(None, page.next.as_ref(), 3).await.unwrap();
        assert_eq!((rest.items, rest.next), (vec![refused(3, None)], None));
        let own = tx.list_refusals(Some(&sandbox()), None, 10).await.unwrap();
        assert_eq!(own.items, [refused(5, Some("sandbox"))]);
    }

    async fn inquiries_are_found_by_deadline_version_and_failure(database: &Scratch) {
        for (id, versioned, second) in
            [("inq_1", Some("itmplv_1"), 30), ("inq_2", Some("itmplv_2"), 20), ("inq_3", Some("itmplv_1"), 10)]
        {
            of_version(database, id, versioned, second).await;
        }
        of_version(database, "inq_4", None, 40).await;
        store(database, &sandbox(), said("inq_5", Status::Approved, Some("ada"), Some("itmpl_1"), 5)).await;
        let mut tx = database.begin().await.unwrap();
        let template = Template {
            id: template_id("itmpl_1"),
            name: None,
            latest_version: Some(version("itmplv_2")),
            observed_at: at(0),
            source: TemplateSource::Published,
        };
        tx.observe_template(&sandbox(), &template, at(0)).await.unwrap();
        tx.commit().await.unwrap();
        plan(database, &[reminder(&sandbox(), "inq_3", 0, 1), reminder(&sandbox(), "inq_1", 0, 1)], 3).await;
        raw::execute(database, "UPDATE actions SET state = 'failed', finished_at = due_at, reason = 'no'").await;

        let sandbox_only = || InquiryFilter { environment: Some(sandbox()), ..InquiryFilter::default() };
        let by_deadline = || InquiryFilter { order: InquiryOrder::Deadline, ..sandbox_only() };
        let template = || Some(template_id("itmpl_1"));
        let table = [
            (by_deadline(), vec!["inq_3", "inq_2", "inq_1", "inq_4"]),
            (InquiryFilter { template: template(), ..by_deadline() }, vec!["inq_3", "inq_2", "inq_1", "inq_4"]),
            (
                InquiryFilter { template: template(), version: Some(version("itmplv_1")), ..by_deadline() },
                vec!["inq_3", "inq_1"],
            ),
            (InquiryFilter { version: Some(version("itmplv_2")), ..by_deadline() }, vec!["inq_2"]),
            (InquiryFilter { outdated: true, ..by_deadline() }, vec!["inq_3", "inq_1"]),
            (InquiryFilter { outdated: true, ..InquiryFilter::default() }, vec!["inq_1", "inq_3"]),
            (InquiryFilter { has_failures: true, ..sandbox_only() }, vec!["inq_1", "inq_3"]),
            (InquiryFilter { has_failures: true, ..InquiryFilter::default() }, vec!["inq_1", "inq_3"]),
            (
                InquiryFilter {
                    expires_from: Some(at(86_400 + 20)),
                    expires_before: Some(at(86_400 + 40)),
                    ..by_deadline()
                },
                vec!["inq_2", "inq_1"],
            ),
            (InquiryFilter { status: Some(Status::Approved), ..sandbox_only() }, vec!["inq_5"]),
            (InquiryFilter { reference_id: Some(reference_id("ada")), ..by_deadline() }, vec![]),
            (InquiryFilter { reference_id: Some(reference_id("inq_2")), ..by_deadline() }, vec!["inq_2"]),
        ];
        let mut tx = database.read().await.unwrap();
        for (filter, expected) in table {
            let whole = tx.list_inquiries(&filter, None, 10).await.unwrap();
            assert_eq!(ids(&whole), expected, "{filter:?}");
            assert_eq!(whole.next, None, "{filter:?}");
            // One by one, the same.
            let (mut found, mut after): (Vec<String>, Option<Cursor>) = (Vec::new(), None);
            loop {
                let page = tx.list_inquiries(&filter, after.as_ref(), 1).await.unwrap();
                found.extend(page.items.iter().map(|row| row.id.to_string()));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "{filter:?}");
        }
        let beside = tx.list_inquiries(&by_deadline(), None, 10).await.unwrap().items;
        let beside = tx.beside(&beside).await.unwrap();
        assert_eq!(beside.iter().map(|one| one.failures).collect::<Vec<_>>(), [1, 0, 1, 0]);
    }

    async fn what_is_said_beside_a_row_is_what_is_written_down(database: &Scratch) {
        for id in ["inq_1", "inq_2"] {
            store(database, &sandbox(), said(id, Status::Created, Some(id), Some("itmpl_1"), 1)).await;
        }
        plan(database, &[reminder(&sandbox(), "inq_2", 0, 50), reminder(&sandbox(), "inq_2", 50, 40)], 3).await;
        let mut tx = database.begin().await.unwrap();
        let acme = rekindle::domain::ids::CustomerName::parse("acme").unwrap();
        tx.assign_customer(&sandbox(), &inquiry_id("inq_1"), &acme, at(0)).await.unwrap();
        let filter = InquiryFilter { order: InquiryOrder::Deadline, environment: Some(sandbox()), ..InquiryFilter::default() };
        let rows = tx.list_inquiries(&filter, None, 10).await.unwrap().items;
        let beside = tx.beside(&rows).await.unwrap();
        assert_eq!(beside[0].customer, Some(acme));
        assert_eq!((beside[1].customer.as_ref(), beside[1].next_due), (None, Some(at(40))));
        assert_eq!(tx.beside(&[]).await.unwrap(), []);
    }

    async fn counts_are_told_part_by_part(database: &Scratch) {
        for (id, versioned, second) in
            [("inq_1", Some("itmplv_1"), 30), ("inq_2", Some("itmplv_2"), 20), ("inq_3", Some("itmplv_1"), 10)]
        {
            of_version(database, id, versioned, second).await;
        }
        of_version(database, "inq_4", None, 40).await;
        let few = |count: i64| Capped::of(count);
        let mut tx = database.read().await.unwrap();
        let counts = tx.count_by_status(&sandbox(), &["approved", "created"]).await.unwrap();
        assert_eq!(counts, [few(0), few(4)]);
        let day = |second: i64| at(86_400 + second);
        let spans = [(day(0), day(20)), (day(20), day(100)), (day(100), day(101))];
        assert_eq!(tx.count_by_deadline(&sandbox(), &spans).await.unwrap(), [few(1), few(3), few(0)]);
        let mut versions = tx.count_by_version(&sandbox(), &template_id("itmpl_1")).await.unwrap();
        versions.sort();
        let expected =
            [(None, few(1)), (Some(version("itmplv_1")), few(2)), (Some(version("itmplv_2")), few(1))];
        assert_eq!(versions, expected);
        assert_eq!(tx.count_by_version(&sandbox(), &template_id("itmpl_2")).await.unwrap(), [(None, few(0))]);
        drop(tx);

        plan(database, &[reminder(&sandbox(), "inq_1", 0, 50), reminder(&sandbox(), "inq_1", 50, 40)], 3).await;
        let mut tx = database.read().await.unwrap();
        let span = |from, to| (Kind::Remind, (at(from), at(to)));
        let wanted = [span(0, 50), span(50, 51), (Kind::Revive, (at(0), at(99)))];
        assert_eq!(tx.count_due(&sandbox(), &wanted).await.unwrap(), [few(1), few(1), few(0)]);
        let earliest = tx.earliest_due(&sandbox(), &[Kind::Revive, Kind::Remind]).await.unwrap();
        assert_eq!(earliest, [None, Some(at(40))]);
    }

    async fn actions_are_listed_as_their_lanes_have_them(database: &Scratch) {
        let planned: Vec<_> = (1..=4).map(|number| reminder(&sandbox(), "inq_1", number, i64::from(number) * 10)).collect();
        plan(database, &planned, 3).await;
        let two = format!("'{}', '{}'", planned[0].id, planned[1].id);
        let fail = "UPDATE actions SET state = 'failed', finished_at = due_at, reason = 'gone' WHERE id IN";
        raw::execute(database, &format!("{fail} ({two})")).await;
        let none = ActionFilter::default();
        let mut tx = database.begin().await.unwrap();
        let failed = tx.list_failed(&lane("sandbox"), &none, None, 10).await.unwrap();
        let due = tx.list_planned(&lane("sandbox"), &none, None, 10).await.unwrap();
        assert_eq!((failed.items.len(), due.items.len()), (2, 2));
        assert!(failed.items.iter().all(|action| action.state == State::Failed));
        assert!(failed.items.windows(2).all(|pair| pair[0].finished_at > pair[1].finished_at), "the latest first");
        assert!(due.items.windows(2).all(|pair| pair[0].planned.due_at < pair[1].planned.due_at), "as they are due");
        let first = tx.list_failed(&lane("sandbox"), &none, None, 1).await.unwrap();
        let rest = tx.list_failed(&lane("sandbox"), &none, first.next.as_ref(), 10).await.unwrap();
        assert_eq!([first.items, rest.items].concat(), failed.items);
        let other = ActionFilter { reason: Some("another".to_owned()), ..none.clone() };
        assert_eq!(tx.list_failed(&lane("sandbox"), &other, None, 10).await.unwrap().items, []);
        let failures = tx.failures(&lane("sandbox"), 10).await.unwrap();
        let reasons: Vec<_> = failures.iter().map(|one| (one.reason.as_deref(), one.count as usize)).collect();
        assert_eq!(reasons, [(Some("gone"), failed.items.len())]);

        let id: ActionId = due.items[0].planned.id.clone();
        assert!(tx.reschedule_action(&id, at(99), "put off", at(1)).await.unwrap());
        let moved = tx.action(&id).await.unwrap().unwrap();
        assert_eq!((moved.planned.due_at, moved.reason.as_deref()), (at(99), Some("put off")));
        let ended = &failed.items[0].planned.id;
        assert!(!tx.reschedule_action(ended, at(99), "put off", at(1)).await.unwrap(), "only what is planned");
        assert!(tx.attempts_of(&[&id]).await.unwrap().is_empty());
    }

    async fn who_finished_came_back_if_we_did_something(database: &Scratch) {
        for id in ["inq_1", "inq_2", "inq_3"] {
            store(database, &sandbox(), said(id, Status::Completed, Some(id), Some("itmpl_1"), 1)).await;
        }
        plan(database, &[reminder(&sandbox(), "inq_1", 0, 1), reminder(&sandbox(), "inq_2", 0, 1)], 3).await;
        raw::execute(database, "UPDATE actions SET state = 'done', finished_at = due_at WHERE inquiry_id = 'inq_1'").await;
        let mut tx = database.read().await.unwrap();
        let keys = [key("inq_1"), key("inq_2"), key("inq_3"), key("inq_9")];
        assert_eq!(tx.came_back(&keys.each_ref()).await.unwrap(), [key("inq_1")]);
        assert_eq!(tx.came_back(&[]).await.unwrap(), []);
    }

    async fn a_page_goes_on_behind_what_was_looked_at(database: &Scratch) {
        // More rows than are looked at for one page, and the one that is wanted is the oldest of all.
        let time = |second: i64| match database.kind() {
            rekindle::storage::Kind::Sqlite => at(second).as_micros().to_string(),
            rekindle::storage::Kind::Postgres => format!("TIMESTAMPTZ '{}'", at(second)),
        };
        let (numbers, no) = match database.kind() {
            rekindle::storage::Kind::Sqlite => {
                ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10500)", "0")
            }
            rekindle::storage::Kind::Postgres => ("WITH n(i) AS (SELECT generate_series(1, 10500))", "false"),
        };
        let step = match database.kind() {
            rekindle::storage::Kind::Sqlite => "i * 1000000",
            rekindle::storage::Kind::Postgres => "i * INTERVAL '1 second'",
        };
        let begun = time(0);
        let sql = format!(
            "INSERT INTO inquiries (environment, id, status, redacted, state, lineage, first_seen_at, updated_at)
             {numbers} SELECT 'sandbox', 'inq_' || i, CASE WHEN i = 1 THEN 'pending' ELSE 'approved' END, {no},
                              '{{\"v\":1}}', 'inq_' || i, {begun} + {step}, {begun} FROM n"
        );
        raw::execute(database, &sql).await;
        let mut tx = database.read().await.unwrap();
        let filter = InquiryFilter { status: Some(Status::Pending), ..InquiryFilter::default() };
        let page = tx.list_inquiries(&filter, None, 10).await.unwrap();
        assert_eq!(ids(&page), Vec::<&str>::new());
        let rest = tx.list_inquiries(&filter, page.next.as_ref(), 10).await.unwrap();
        assert_eq!((ids(&rest), rest.next.clone()), (vec!["inq_1"], None));
        // Within an environment an index knows them.
        let filter = InquiryFilter { environment: Some(sandbox()), ..filter };
        assert_eq!(ids(&tx.list_inquiries(&filter, None, 10).await.unwrap()), ["inq_1"]);
        let counts = tx.count_by_status(&sandbox(), &["approved"]).await.unwrap();
        assert_eq!(counts, [Capped { count: 10_000, more: true }]);
    }

    async fn what_was_set_aside_is_counted_and_found(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        let rows = [("evt_1", "quarantined"), ("evt_2", "unreadable"), ("evt_3", "applied"), ("evt_4", "quarantined")];
        for (place, (id, outcome)) in rows.iter().enumerate() {
            let event = (sandbox(), event_id(id));
            let new = rekindle::storage::events::NewEvent {
                key: &event,
                name: Some("inquiry.started"),
                occurred_at: Some(at(0)),
                received_at: at(i64::try_from(place).unwrap()),
                last_received_at: at(9),
                deliveries: 1,
                inquiry: None,
                origin: rekindle::storage::events::Origin::Webhook,
                outcome: Outcome::parse(outcome),
                reason: None,
                subject: None,
                body: None,
            };
            tx.record_events(&[new]).await.unwrap();
        }
        let environment: Option<EnvironmentName> = Some(sandbox());
        let filter = EventFilter { environment, outcome: Some(Outcome::Quarantined), ..EventFilter::default() };
        let found = tx.list_events(&filter, None, 1).await.unwrap();
        assert_eq!(found.items[0].id, event_id("evt_4"));
        let rest = tx.list_events(&filter, found.next.as_ref(), 1).await.unwrap();
        assert_eq!((rest.items[0].id.clone(), rest.next), (event_id("evt_1"), None));
        let late = EventFilter { from: Some(at(1)), before: Some(at(3)), ..EventFilter::default() };
        let late = tx.list_events(&late, None, 10).await.unwrap();
        assert_eq!(late.items.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["evt_3", "evt_2"]);
        assert_eq!(tx.count_set_aside(&sandbox(), Outcome::Quarantined).await.unwrap(), Capped::of(2));
        assert_eq!(tx.count_set_aside(&sandbox(), Outcome::Discarded).await.unwrap(), Capped::of(0));
    }

    async fn every_view_can_be_read(database: &Scratch) {
        of_version(database, "inq_1", Some("itmplv_1"), 1).await;
        plan(database, &[reminder(&sandbox(), "inq_1", 0, 1)], 3).await;
        tally(database, deltas("sandbox", &[(Tally::Applied, 3)]), at(0)).await;
        let document = include_str!("../../docs/views.md");
        for view in ["inquiries", "events", "actions", "attempts", "tallies", "templates", "lanes", "reconciliations",
                     "budgets", "refusals", "alerts", "outcomes"] {
            let name = format!("view_{view}");
            raw::column(database, &format!("SELECT CAST(count(*) AS TEXT) FROM {name}")).await;
            let columns = match database.kind() {
                rekindle::storage::Kind::Sqlite => format!("SELECT name FROM pragma_table_info('{name}')"),
                rekindle::storage::Kind::Postgres => {
                    format!("SELECT column_name::text FROM information_schema.columns WHERE table_name = '{name}'")
                }
            };
            let section = document.split("\n## ").find(|section| section.starts_with(&format!("`{name}`")));
            let section = section.unwrap_or_else(|| panic!("{name} is not documented"));
            for column in raw::column(database, &columns).await {
                assert!(section.contains(&format!("| `{column}` |")), "{name}.{column} is not documented");
            }
        }
        let status = raw::column(database, "SELECT status FROM view_inquiries").await;
        assert_eq!(status, ["created"]);
        let count = raw::column(database, "SELECT CAST(count AS TEXT) FROM view_tallies").await;
        assert_eq!(count, ["3"]);
    }
}
