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
