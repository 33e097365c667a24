//! A claim touches what is due and nothing else, whatever the statistics say, or without any.

use rekindle::storage::{ALL_SQL, Kind};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use crate::storage::raw;
use crate::storage::sample::at;
use crate::support::{self, Scratch};

/// Many finished and future actions, and few that are due.
async fn fill(database: &Scratch) {
    // To SQLite the cast means a number, which these are already.
    let time = |second| match database.kind() {
        Kind::Sqlite => format!("CAST({} AS TIMESTAMPTZ)", at(second).as_micros()),
        Kind::Postgres => format!("CAST('{}' AS TIMESTAMPTZ)", at(second)),
    };
    let (numbers, no) = match database.kind() {
        Kind::Sqlite => ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)", "0"),
        Kind::Postgres => ("WITH n(i) AS (SELECT generate_series(1, 20000))", "false"),
    };
    let (now, future) = (time(0), time(1_000_000));
    let sql = format!(
        "INSERT INTO inquiries (environment, id, redacted, state, lineage, first_seen_at, updated_at)
         VALUES ('sandbox', 'inq_1', {no}, '{{\"v\":1}}', 'inq_1', {now}, {now});
         INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at, state,
                              max_attempts, created_at, updated_at, finished_at)
         {numbers}
         SELECT 'a' || i, 'sandbox', 'inq_1', 'inq_1', 'remind', '{{}}', 'k' || i,
                CASE WHEN i % 2 = 0 THEN {now} ELSE {future} END,
                CASE WHEN i % 2 = 0 AND i > 20 THEN 'done' ELSE 'planned' END, 3, {now}, {now},
                CASE WHEN i % 2 = 0 AND i > 20 THEN {now} END
         FROM n"
    );
    raw::execute(database, &sql).await;
}

fn text(name: &str) -> (&'static str, &'static str) {
    let sql = ALL_SQL.iter().copied().flatten().find(|sql| sql.name == name).unwrap();
    (sql.sqlite, sql.postgres)
}

#[tokio::test]
async fn on_sqlite_a_claim_searches_the_partial_index_and_the_key() {
    let database = support::sqlite().await;
    fill(&database).await;
    let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
    for (name, expected) in [
        ("DUE_IN_LANE", "INDEX actions_due (environment=? AND kind=? AND due_at<?)"),
        ("TAKE", "INDEX sqlite_autoindex_actions_1 (id=?)"),
        ("NEXT_DUE", "INDEX actions_due (environment=? AND kind=?)"),
        ("WRITE_ENDS", "INDEX sqlite_autoindex_actions_1 (id=?)"),
        ("REAP", "INDEX actions_leased (lease_until<?)"),
        ("LAPSED", "INDEX actions_leased (lease_until<?)"),
    ] {
        let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", text(name).0));
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        assert!(
            plan.iter().any(|step| step.starts_with("SEARCH actions") && step.ends_with(expected)),
            "{name}: {plan:#?}"
        );
        assert!(!plan.iter().any(|step| step.starts_with("SCAN actions")), "{name}: {plan:#?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{name}: {plan:#?}");
    }
}

#[tokio::test]
async fn on_postgres_a_claim_reads_a_handful_of_pages_with_and_without_statistics() {
    let Some(database) = support::postgres().await else { return };
    fill(&database).await;
    for statistics in [false, true] {
        if statistics {
            raw::execute(&database, "ANALYZE").await;
        }
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let bound = text("TAKE")
            .1
            .replace("$1", "'w'")
            .replace("$2", "1000000")
            .replace("$3", &format!("'{}'::timestamptz", at(5)))
            .replace("$4", "array['sandbox', 'production']")
            .replace("$5", "array['remind', 'remind']")
            .replace("$6", "10");
        let sql = AssertSqlSafe(format!("EXPLAIN {bound}"));
        let plan = sqlx::query_scalar::<_, String>(sql).fetch_all(&mut connection).await.unwrap().join("\n");
        assert!(plan.contains("Index Scan using actions_due on actions"), "statistics: {statistics}\n{plan}");
        assert!(plan.contains("Tid Scan on actions"), "statistics: {statistics}\n{plan}");
        assert!(!plan.contains("Seq Scan on actions"), "statistics: {statistics}\n{plan}");
    }
}

/// Counts for the first page: each by an index, however many rows there are.
const COUNTS: [(&str, &[&str]); 7] = [
    ("BY_STATUS", &["'sandbox'", "array['created', 'approved']", "10001"]),
    ("BY_DEADLINE", &["'sandbox'", "array[now()]", "10001", "array[now()]"]),
    ("BY_VERSION", &["'sandbox'", "'itmpl_1'", "10001"]),
    ("DUE", &["'sandbox'", "array['remind', 'revive']", "10001", "array[now(), now()]", "array[now(), now()]"]),
    ("OLDEST", &["'sandbox'", "array['remind', 'revive']"]),
    ("FAILURES", &["'sandbox'", "'remind'", "1000"]),
    ("COUNT_ASIDE", &["'sandbox'", "'quarantined'", "10001"]),
];

/// Beside [`fill`]: many inquiries that are over, and few that are open.
async fn fill_inquiries(database: &Scratch) {
    fill(database).await;
    let (numbers, no, now) = match database.kind() {
        Kind::Sqlite => {
            let numbers = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";
            (numbers, "0", at(0).as_micros().to_string())
        }
        Kind::Postgres => {
            ("WITH n(i) AS (SELECT generate_series(2, 20000))", "false", format!("TIMESTAMPTZ '{}'", at(0)))
        }
    };
    let sql = format!(
        "INSERT INTO inquiries (environment, id, status, template_id, template_version_id, expires_at, redacted, state,
                                lineage, first_seen_at, updated_at)
         {numbers} SELECT 'sandbox', 'inq_' || i, CASE WHEN i % 100 = 0 THEN 'created' ELSE 'approved' END, 'itmpl_1',
                          'itmplv_1', {now}, {no}, '{{\"v\":1}}', 'inq_' || i, {now}, {now} FROM n"
    );
    raw::execute(database, &sql).await;
}

#[tokio::test]
async fn on_sqlite_counts_search_an_index() {
    let database = support::sqlite().await;
    let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
    for (name, _) in COUNTS {
        let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", text(name).0));
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let tables = ["inquiries", "actions", "events"];
        let searched = |step: &String| tables.iter().any(|table| step.starts_with(&format!("SEARCH {table}")));
        let scanned = |step: &String| tables.iter().any(|table| step.starts_with(&format!("SCAN {table}")));
        assert!(plan.iter().any(searched) && !plan.iter().any(scanned), "{name}: {plan:#?}");
    }
}

#[tokio::test]
async fn on_postgres_counts_search_an_index_with_and_without_statistics() {
    let Some(database) = support::postgres().await else { return };
    fill_inquiries(&database).await;
    for statistics in [false, true] {
        if statistics {
            raw::execute(&database, "ANALYZE").await;
        }
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        for (name, values) in COUNTS {
            let numbered = values.iter().enumerate();
            let bound = numbered
                .fold(text(name).1.to_owned(), |sql, (place, value)| sql.replace(&format!("${}", place + 1), value));
            let sql = AssertSqlSafe(format!("EXPLAIN {bound}"));
            let plan = sqlx::query_scalar::<_, String>(sql).fetch_all(&mut connection).await.unwrap().join("\n");
            for table in ["inquiries", "actions", "events"] {
                // A table without rows is read whole, and that costs nothing.
                let empty = table == "events";
                assert!(empty || !plan.contains(&format!("Seq Scan on {table}")), "{name}, {statistics}:\n{plan}");
            }
        }
    }
}
