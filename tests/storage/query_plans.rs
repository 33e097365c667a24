//! A claim touches what is due and nothing else, whatever the statistics say, or without any; and a batch finds every
//! row by its key, by plans that are made once and kept.

use rekindle::storage::{ALL_SQL, Kind, PLAN_BY_INDEX, PLAN_ONCE, Sql};
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

/// What a batch runs: the name of a statement, a table that tells it from others of that name, and its indexes.
const OF_A_BATCH: [(&str, &str, &[&str]); 10] = [
    ("KNOWN", "FROM events", &["events_pkey"]),
    ("PEEK", "FROM inquiries", &["inquiries_pkey"]),
    ("LOCK", "FROM inquiries", &["inquiries_by_person", "inquiries_pkey"]),
    ("OF_INQUIRIES", "FROM actions", &["actions_by_inquiry", "actions_pkey"]),
    ("OF_INQUIRIES", "FROM mutes", &["inquiries_pkey", "mutes_pkey"]),
    ("OF_LINEAGES", "FROM successions", &["inquiries_pkey", "successions_by_lineage"]),
    ("FIND", "FROM templates", &["templates_pkey"]),
    ("INSERT", "INTO actions", &["inquiries_pkey"]),
    ("LOCK_KEYS", "FROM subjects", &["subjects_pkey"]),
    ("READ_KEYS", "FROM subjects", &["subjects_pkey"]),
];

/// So many events and inquiries, each with an action, from a number on.
async fn fill_evenly(database: &Scratch, from: usize, to: usize) {
    let now = format!("'{}'::timestamptz", at(0));
    let sql = format!(
        "INSERT INTO inquiries (environment, id, status, person, account_id, template_id, redacted, state, lineage,
                                first_seen_at, updated_at)
         SELECT 'sandbox', 'inq_' || i, 'created', 'person ' || i, 'act_' || i, 'itmpl_1', false, '{{\"v\":1}}',
                'inq_' || i, {now}, {now}
         FROM generate_series({from}, {to}) AS i;
         INSERT INTO events (environment, id, received_at, last_received_at, deliveries, inquiry_id, origin,
                             body_encoding, body)
         SELECT 'sandbox', 'evt_' || i, {now}, {now}, 1, 'inq_' || i, 'webhook', 'dropped', ''
         FROM generate_series({from}, {to}) AS i;
         INSERT INTO subjects (environment, subject, created_at, destroyed_at, destroyed_because)
         SELECT 'sandbox', 'inquiry/inq_' || i, {now}, {now}, 'redacted' FROM generate_series({from}, {to}) AS i;
         INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at, state,
                              max_attempts, created_at, updated_at)
         SELECT 'a' || i, 'sandbox', 'inq_' || i, 'inq_' || i, 'remind', '{{}}', 'k' || i, {now}, 'planned', 3, {now},
                {now}
         FROM generate_series({from}, {to}) AS i"
    );
    raw::execute(database, &sql).await;
}

/// The plan that is kept of a statement which is prepared now.
async fn kept_plan(connection: &mut PgConnection, sql: &Sql) -> String {
    let values = (1..).take_while(|number| sql.postgres.contains(&format!("${number}"))).map(|_| "NULL");
    let values = values.collect::<Vec<_>>().join(", ");
    let mut tx = connection.begin().await.unwrap();
    for sql in [PLAN_ONCE.to_owned(), format!("PREPARE asked AS {}", sql.postgres)] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap();
    }
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE asked ({values})"));
    let rows = sqlx::raw_sql(explain).fetch_all(&mut *tx).await.unwrap();
    sqlx::raw_sql("DEALLOCATE asked").execute(&mut *tx).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn on_postgres_a_plan_kept_from_any_time_finds_rows_by_key() {
    let Some(database) = support::postgres().await else { return };
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for stage in ["empty", "a few, analyzed", "many, not analyzed", "many, analyzed"] {
        match stage {
            "a few, analyzed" => fill_evenly(&database, 1, 5).await,
            "many, not analyzed" => fill_evenly(&database, 6, 5_000).await,
            _ => {}
        }
        if stage.ends_with(" analyzed") && !stage.contains("not") {
            raw::execute(&database, "ANALYZE").await;
        }
        for (name, table, indexes) in OF_A_BATCH {
            let sql = ALL_SQL.iter().copied().flatten().find(|sql| sql.name == name && sql.postgres.contains(table));
            let plan = kept_plan(&mut connection, sql.unwrap()).await;
            let scans = plan.lines().filter(|line| line.contains(" Scan ") && !line.contains("Function Scan"));
            let scans: Vec<&str> = scans.filter(|line| !line.contains("Subquery Scan")).collect();
            let found_by = |index: &&str| scans.iter().any(|line| line.contains(&format!("using {index} on")));
            assert!(indexes.iter().all(found_by), "{stage}: {name}\n{plan}");
            assert_eq!(scans.len(), indexes.len(), "{stage}: {name} reads nothing else\n{plan}");
            assert_eq!(plan.matches("Index Cond:").count(), indexes.len(), "{stage}: {name} by key\n{plan}");
        }
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
            let mut tx = connection.begin().await.unwrap();
            sqlx::raw_sql(PLAN_BY_INDEX).execute(&mut *tx).await.unwrap();
            let sql = AssertSqlSafe(format!("EXPLAIN {bound}"));
            let plan = sqlx::query_scalar::<_, String>(sql).fetch_all(&mut *tx).await.unwrap().join("\n");
            tx.rollback().await.unwrap();
            for table in ["inquiries", "actions", "events"] {
                // A table without rows is read whole, and that costs nothing.
                let empty = table == "events";
                assert!(empty || !plan.contains(&format!("Seq Scan on {table}")), "{name}, {statistics}:\n{plan}");
            }
        }
    }
}
