//! Reaching past the verbs, to break a database or to look at what it is made of.

use rekindle::storage::Kind;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::support::Scratch;

/// Runs statements on a connection of their own.
pub async fn execute(database: &Scratch, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    match database.kind() {
        Kind::Sqlite => {
            let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
            connection.execute(sqlx::raw_sql(sql)).await.unwrap();
            connection.close().await.unwrap();
        }
        Kind::Postgres => {
            let mut connection = PgConnection::connect(&database.url).await.unwrap();
            connection.execute(sqlx::raw_sql(sql)).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// The first column of what a query answers, as texts.
pub async fn column(database: &Scratch, sql: &str) -> Vec<String> {
    let sql = AssertSqlSafe(sql.to_owned());
    match database.kind() {
        Kind::Sqlite => {
            let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
        }
        Kind::Postgres => {
            let mut connection = PgConnection::connect(&database.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
        }
    }
}
