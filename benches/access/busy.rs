//! More of what a place in use has: many events for each inquiry, and actions that were given up.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use tokio::time::Instant;

/// Makes it a busy place: so many events for each inquiry, and one action of 250 given up.
pub async fn busy(url: &str, inquiries: u64, events_each: u64) {
    let sqlite = url.starts_with("sqlite:");
    let (numbers, empty) = if sqlite {
        let with = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ";
        (format!("{with}{}) ", events_each - 1), "x''")
    } else {
        (format!("WITH numbers (n) AS (SELECT generate_series(1, {})) ", events_each - 1), "''::bytea")
    };
    let sql = [
        // What tells of a first event tells of each that follows; the times stay near each other.
        format!(
            "{numbers} INSERT INTO events (environment, id, name, occurred_at, received_at, last_received_at, deliveries,
                 inquiry_id, origin, outcome, reason, body_encoding, body)
             SELECT environment, 'evt_' || n || substr(inquiry_id, 5), 'inquiry.transitioned', occurred_at, received_at,
                    last_received_at, 1, inquiry_id, origin, 'ignored', 'repeats what is known', 'dropped', {empty}
             FROM events CROSS JOIN numbers WHERE name = 'inquiry.created'"
        ),
        "UPDATE actions SET state = 'failed', reason = 'the notifier answered 500', cancelled_by = NULL, attempts = 8,
                finished_at = updated_at
         WHERE id LIKE '%00p' OR id LIKE '%00c'"
            .to_owned(),
    ];
    let began = Instant::now();
    if sqlite {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000").await.unwrap();
        for sql in sql {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        }
        connection.execute("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off").await.unwrap();
        for sql in sql {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        }
        connection.execute(sqlx::raw_sql("VACUUM ANALYZE")).await.unwrap();
        connection.execute("CHECKPOINT").await.unwrap();
    }
    let events = count(url, "events").await;
    eprintln!("{events} events of {inquiries} inquiries stored in {:.0} s", began.elapsed().as_secs_f64());
}

async fn count(url: &str, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    if url.starts_with("sqlite:") {
        sqlx::query_scalar(sql).fetch_one(&mut SqliteConnection::connect(url).await.unwrap()).await.unwrap()
    } else {
        sqlx::query_scalar(sql).fetch_one(&mut PgConnection::connect(url).await.unwrap()).await.unwrap()
    }
}
