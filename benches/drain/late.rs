//! How late actions are begun, in a table of millions that come due at a steady rate.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rekindle::jobs;
use rekindle::storage::ALL_SQL;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::oneshot;

use crate::ours::{NoEffect, app};
use crate::postgres::Server;

/// How long it is watched.
const WATCHED: Duration = Duration::from_mins(1);

/// What is due while it is watched is planned last, and begins to be due so long after that.
const HEAD_START: Duration = Duration::from_secs(30);

/// Plans so many actions, of which `per_second` come due in each second, and watches for a minute.
pub async fn measure(server: &Server, planned: usize, per_second: usize) {
    let url = server.fresh().await;
    let (app, config) = app(&url, 512).await;
    app.database().migrate().await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let near = per_second * usize::try_from(WATCHED.as_secs()).unwrap();
    fill(&mut connection, planned, near, per_second).await;
    println!("\n{planned} planned, {per_second} due in a second, watched for {WATCHED:?}");
    explain(&mut connection, "before").await;

    let done = NoEffect::default();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        let _ = stopped.await;
    };
    let worker = tokio::spawn(jobs::run_with(app.clone(), done.clone(), config.worker, stopped));
    let waiting = async {
        while done.0.load(Ordering::Relaxed) < near {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    // Twice as long as it should take; who is not done by then is told.
    let _ = tokio::time::timeout((HEAD_START + WATCHED) * 2, waiting).await;
    explain(&mut connection, "after").await;
    stop.send(()).unwrap();
    worker.await.unwrap();
    report(&mut connection, near).await;
    app.database().close().await;
    // Gigabytes, and there are more to come.
    drop(connection);
    let mut admin = PgConnection::connect(&server.fresh().await).await.unwrap();
    let name = url::Url::parse(&url).unwrap().path().trim_start_matches('/').to_owned();
    admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
}

/// Straight into the tables: that is not what is measured. Foreign keys are not looked at meanwhile.
async fn fill(connection: &mut PgConnection, planned: usize, near: usize, per_second: usize) {
    let actions = |first: usize, end: usize, base: &str| {
        format!(
            "INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at, state,
                                  max_attempts, created_at, updated_at)
             SELECT 'rka_' || substr(md5(i::text), 1, 20), 'sandbox', 'inq_' || i / 5, 'inq_' || i / 5, 'remind',
                    '{{\"deadline\":4102444800000000,\"step\":{{\"percent\":50}},\"step_due\":0,\"notifier\":\"log\"}}',
                    'remind/inq_' || i / 5 || '/4102444800/' || i % 5 || '/log',
                    {base} + (i - {first}) * interval '1 second' / {per_second}, 'planned', 12, now(), now()
             FROM generate_series({first}, {end} - 1) AS i;"
        )
    };
    let sql = format!(
        "SET session_replication_role = replica;
         INSERT INTO inquiries (environment, id, redacted, state, lineage, first_seen_at, updated_at)
         SELECT 'sandbox', 'inq_' || i, false, '{{\"v\":1}}', 'inq_' || i, now(), now()
         FROM generate_series(0, {planned} / 5) AS i;
         {}
         ANALYZE;
         CHECKPOINT;",
        actions(near, planned, "now() + interval '1 day'")
    );
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
    let base = format!("clock_timestamp() + interval '{} seconds'", HEAD_START.as_secs());
    let base: String =
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT ({base})::text"))).fetch_one(&mut *connection).await.unwrap();
    let sql = format!("{} SET session_replication_role = origin;", actions(0, near, &format!("timestamptz '{base}'")));
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}

async fn explain(connection: &mut PgConnection, when: &str) {
    let sql = ALL_SQL.iter().copied().flatten().find(|sql| sql.name == "TAKE").unwrap().postgres;
    let bound = sql
        .replace("$1", "'w'")
        .replace("$2", "1000000")
        .replace("$3", "now()")
        .replace("$4", "array['sandbox']")
        .replace("$5", "array['remind']")
        .replace("$6", "100");
    let mut tx = connection.begin().await.unwrap();
    let sql = AssertSqlSafe(format!("EXPLAIN (ANALYZE, BUFFERS) {bound}"));
    let plan: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *tx).await.unwrap();
    tx.rollback().await.unwrap();
    println!("claim of 100, {when}:\n  {}", plan.join("\n  "));
}

async fn report(connection: &mut PgConnection, near: usize) {
    let sql = "SELECT count(*), percentile_cont(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP (
                   ORDER BY extract(epoch FROM attempts.started_at - actions.due_at)::float8 * 1000)
               FROM attempts JOIN actions ON actions.id = attempts.action_id WHERE actions.state = 'done'";
    let (performed, late): (i64, Vec<f64>) = sqlx::query_as(sql).fetch_one(connection).await.unwrap();
    println!(
        "performed {performed} of {near}; begun after they were due: p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms",
        late[0], late[1], late[2]
    );
}
