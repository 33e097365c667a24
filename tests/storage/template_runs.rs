//! Runs through a template's open inquiries: where they are, who may change them, and in what order they go.

use rekindle::domain::ids::{InquiryId, TemplateVersionId};
use rekindle::domain::status::Status;
use rekindle::domain::template::{Template, TemplateSource};
use rekindle::storage::Database;
use rekindle::storage::template_runs::{Poll, PollOutcome, Progress, RunKey, RunPlace, RunState, TemplateRun};

use crate::storage::sample::{at, environment, said, sandbox, store, template_id};
use crate::support::on_both;

fn version(id: &str) -> TemplateVersionId {
    TemplateVersionId::parse(id).unwrap()
}

fn key(id: &str) -> RunKey {
    RunKey { environment: sandbox(), template: template_id("itmpl_1"), version: version(id) }
}

async fn begin(database: &Database, id: &str, second: i64) {
    let mut tx = database.begin().await.unwrap();
    let told = (Some(TemplateSource::Published), Some(at(0)));
    tx.begin_template_run(&key(id), told, "rekindle", "because", at(second)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn runs(database: &Database) -> Vec<TemplateRun> {
    database.read().await.unwrap().template_runs(&sandbox()).await.unwrap()
}

async fn states(database: &Database) -> Vec<String> {
    runs(database).await.iter().map(|run| format!("{} {}", run.key.version, run.state)).collect()
}

on_both! {
    async fn a_run_is_written_down_step_by_step_and_ends(database: &Scratch) {
        begin(database, "itmplv_2", 1).await;
        let place = RunPlace { deadline: Some(at(9)), inquiry: InquiryId::parse("inq_7").unwrap() };
        let progress = Progress { place: Some(place), looked_at: 100, outdated: 90, errors: 1 };
        let mut tx = database.begin().await.unwrap();
        assert!(tx.step_template_run(&key("itmplv_2"), &progress, false, at(5)).await.unwrap());
        tx.commit().await.unwrap();
        let run = database.read().await.unwrap().running_template_runs().await.unwrap().remove(0);
        assert_eq!((&run.progress, run.touched_at, run.ended_at), (&progress, at(5), None));
        assert_eq!((run.source, run.told_for, &*run.changed_by), (Some(TemplateSource::Published), Some(at(0)), "rekindle"));

        let mut tx = database.begin().await.unwrap();
        assert!(tx.step_template_run(&key("itmplv_2"), &progress, true, at(6)).await.unwrap());
        assert!(!tx.step_template_run(&key("itmplv_2"), &progress, true, at(7)).await.unwrap(), "it has ended");
        tx.commit().await.unwrap();
        assert_eq!(runs(database).await[0].ended_at, Some(at(6)));
        assert_eq!(database.read().await.unwrap().running_template_runs().await.unwrap(), []);
    }

    async fn an_operator_holds_a_run_and_lets_it_go_on_and_ends_it(database: &Scratch) {
        begin(database, "itmplv_2", 1).await;
        let change = async |state| {
            let mut tx = database.begin().await.unwrap();
            let changed = tx.change_template_run(&key("itmplv_2"), state, "ada", "why", at(3)).await.unwrap();
            tx.commit().await.unwrap();
            changed.map(|run| (run.state, run.ended_at, run.changed_by, run.reason))
        };
        let by = || ("ada".to_owned(), "why".to_owned());
        assert_eq!(change(RunState::Paused).await, Some((RunState::Paused, None, by().0, by().1)));
        let mut tx = database.begin().await.unwrap();
        assert!(!tx.step_template_run(&key("itmplv_2"), &Progress::default(), false, at(4)).await.unwrap());
        drop(tx);
        assert_eq!(change(RunState::Running).await.unwrap().0, RunState::Running);
        assert_eq!(change(RunState::Cancelled).await, Some((RunState::Cancelled, Some(at(3)), by().0, by().1)));
        assert_eq!(change(RunState::Running).await, None, "what has ended stays so");
    }

    async fn a_newer_version_takes_a_run_s_place_and_a_run_can_begin_anew(database: &Scratch) {
        begin(database, "itmplv_2", 1).await;
        begin(database, "itmplv_3", 2).await;
        assert_eq!(states(database).await, ["itmplv_2 cancelled", "itmplv_3 running"]);
        assert_eq!(runs(database).await[0].reason, "itmplv_3 took its place");
        begin(database, "itmplv_2", 3).await;
        assert_eq!(states(database).await, ["itmplv_3 cancelled", "itmplv_2 running"]);
        assert_eq!(runs(database).await[1].progress, Progress::default());
    }

    /// By deadline, then those without one; every one once, whatever the size of a page.
    async fn open_inquiries_of_a_template_come_nearest_deadline_first(database: &Scratch) {
        for (id, status, template, deadline) in [
            ("inq_a", Status::Created, "itmpl_1", Some(300)),
            ("inq_b", Status::Pending, "itmpl_1", Some(100)),
            ("inq_c", Status::Created, "itmpl_1", Some(300)),
            ("inq_d", Status::Created, "itmpl_1", None),
            ("inq_e", Status::Pending, "itmpl_1", None),
            ("inq_f", Status::Completed, "itmpl_1", Some(50)),
            ("inq_g", Status::Created, "itmpl_2", Some(50)),
        ] {
            let mut observation = said(id, status, Some(id), Some(template), 0);
            observation.attributes.expires_at = Some(deadline.map(at));
            observation.attributes.template_version_id = Some((id != "inq_d").then(|| version("itmplv_1")));
            store(database, &sandbox(), observation).await;
        }
        for limit in [1, 2, 3, 10] {
            let (mut seen, mut place) = (Vec::new(), None);
            loop {
                let mut tx = database.read().await.unwrap();
                let page = tx.open_of_template(&sandbox(), &template_id("itmpl_1"), place.as_ref(), limit).await.unwrap();
                let Some(last) = page.last() else { break };
                assert!(page.len() <= usize::try_from(limit).unwrap());
                place = Some(RunPlace::of(last));
                seen.extend(page.into_iter().map(|inquiry| inquiry.id.to_string()));
            }
            assert_eq!(seen, ["inq_b", "inq_a", "inq_c", "inq_d", "inq_e"], "{limit} at a time");
        }
        let counts = database.read().await.unwrap().count_open_by_version(&sandbox()).await.unwrap();
        let counts: Vec<_> = counts.iter().map(|one| (one.template.as_str(), one.version.is_some(), one.count)).collect();
        assert_eq!(counts.len(), 3);
        for expected in [("itmpl_1", true, 4), ("itmpl_1", false, 1), ("itmpl_2", true, 1)] {
            assert!(counts.contains(&expected), "{counts:?}");
        }
    }

    async fn how_a_list_was_asked_for_is_kept(database: &Scratch) {
        let polls = [
            Poll { at: at(1), outcome: PollOutcome::Refused, error: Some("a production key is needed".to_owned()) },
            Poll { at: at(2), outcome: PollOutcome::Done, error: None },
        ];
        for poll in polls {
            let mut tx = database.begin().await.unwrap();
            tx.keep_template_poll(&sandbox(), &poll).await.unwrap();
            tx.commit().await.unwrap();
            let mut tx = database.read().await.unwrap();
            assert_eq!(tx.template_poll(&sandbox()).await.unwrap(), Some(poll));
            assert_eq!(tx.template_poll(&environment("production")).await.unwrap(), None);
        }
    }

    /// Who told of a version first is kept, also when others say the same later.
    async fn the_source_of_a_version_is_who_told_it_first(database: &Scratch) {
        let tell = async |source, id: &str, second| {
            let template = Template {
                id: template_id("itmpl_1"),
                name: None,
                latest_version: Some(version(id)),
                observed_at: at(second),
                source,
            };
            let mut tx = database.begin().await.unwrap();
            tx.observe_template(&sandbox(), &template, at(second)).await.unwrap();
            tx.commit().await.unwrap();
            let known = database.read().await.unwrap().template(&sandbox(), &template.id).await.unwrap().unwrap();
            (known.template.source, known.version_told_for.unwrap())
        };
        assert_eq!(tell(TemplateSource::Read, "itmplv_1", 10).await, (TemplateSource::Read, at(10)));
        assert_eq!(tell(TemplateSource::Listed, "itmplv_1", 20).await, (TemplateSource::Read, at(20)));
        assert_eq!(tell(TemplateSource::Published, "itmplv_2", 30).await, (TemplateSource::Published, at(30)));
        assert_eq!(tell(TemplateSource::Listed, "itmplv_1", 25).await, (TemplateSource::Published, at(30)));
    }
}

/// Pages of a hundred thousand open inquiries cost what pages of a hundred cost: they are read off an index in order.
mod a_page_costs_a_page {
    use rekindle::storage::ALL_SQL;
    use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

    use crate::storage::raw;
    use crate::support;

    const INDEX: &str = "inquiries_open_by_template";

    fn statements() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        ["DATED", "UNDATED"].into_iter().map(|name| {
            let sql = ALL_SQL.iter().copied().flatten().find(|sql| sql.name == name).unwrap();
            (name, sql.sqlite, sql.postgres)
        })
    }

    #[tokio::test]
    async fn sqlite() {
        let database = support::sqlite().await;
        let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
        for (name, sql, _) in statements() {
            let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            assert!(plan.iter().any(|step| step.starts_with("SEARCH") && step.contains(INDEX)), "{name}: {plan:#?}");
            assert!(!plan.iter().any(|step| step.contains("SCAN") || step.contains("B-TREE")), "{name}: {plan:#?}");
        }
    }

    #[tokio::test]
    async fn postgres() {
        let Some(database) = support::postgres().await else { return };
        raw::execute(
            &database,
            "INSERT INTO inquiries (environment, id, status, template_id, expires_at, redacted, state, lineage,
                                    first_seen_at, updated_at)
             SELECT 'sandbox', 'inq_' || i, 'created', 'itmpl_' || i % 3,
                    CASE WHEN i % 5 > 0 THEN now() + i * interval '1 second' END, false, '{}', 'inq', now(), now()
             FROM generate_series(1, 20000) AS i;
             ANALYZE inquiries",
        )
        .await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        for (name, _, sql) in statements() {
            let dated = name == "DATED";
            let bound = sql
                .replace("$1", "'sandbox'")
                .replace("$2", "'itmpl_1'")
                .replace("$3", if dated { "now()" } else { "'inq_5'" })
                .replace("$4", if dated { "'inq_5'" } else { "100" })
                .replace("$5", "100");
            let sql = AssertSqlSafe(format!("EXPLAIN {bound}"));
            let plan = sqlx::query_scalar::<_, String>(sql).fetch_all(&mut connection).await.unwrap().join("\n");
            assert!(plan.contains(INDEX), "{name}\n{plan}");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{name}\n{plan}");
        }
    }
}
