//! Rows changed behind Rekindle's back.

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

/// Changes exactly one row.
pub async fn change(url: &str, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    let changed = if url.starts_with("sqlite:") {
        let options = url.parse::<SqliteConnectOptions>().unwrap();
        let mut connection = options.connect().await.unwrap();
        let done = connection.execute(sql).await.unwrap().rows_affected();
        connection.close().await.unwrap();
        done
    } else {
        let mut connection = url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        let done = connection.execute(sql).await.unwrap().rows_affected();
        connection.close().await.unwrap();
        done
    };
    assert_eq!(changed, 1);
}
