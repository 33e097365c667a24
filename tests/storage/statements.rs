//! Every statement is prepared on both databases: syntax, tables and columns are right before anything runs.

use std::collections::BTreeSet;

use rekindle::storage::{ALL_SQL, Sql};
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::support;

fn all() -> impl Iterator<Item = &'static Sql> {
    ALL_SQL.iter().copied().flatten()
}

#[tokio::test]
async fn every_statement_is_understood_by_sqlite() {
    let database = support::sqlite().await;
    let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
    for sql in all().filter(|sql| !sql.sqlite.is_empty()) {
        let prepared = (&mut connection).prepare(sqlx::SqlStr::from_static(sql.sqlite)).await;
        prepared.unwrap_or_else(|error| panic!("{}: {error}\n{}", sql.name, sql.sqlite));
    }
}

#[tokio::test]
async fn every_statement_is_understood_by_postgres() {
    let Some(database) = support::postgres().await else { return };
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for sql in all().filter(|sql| !sql.postgres.is_empty()) {
        let prepared = (&mut connection).prepare(sqlx::SqlStr::from_static(sql.postgres)).await;
        prepared.unwrap_or_else(|error| panic!("{}: {error}\n{}", sql.name, sql.postgres));
    }
}

#[test]
fn every_statement_is_listed_once_and_bound_with_portable_placeholders() {
    let texts: BTreeSet<_> = all().map(|sql| (sql.sqlite, sql.postgres)).collect();
    assert_eq!(texts.len(), all().count());
    assert!(texts.len() > 30, "the list is not empty by accident");
    for sql in all() {
        assert!(!sql.sqlite.contains('?') && !sql.postgres.contains('?'), "{}", sql.name);
        assert!(!sql.sqlite.is_empty() || !sql.postgres.is_empty(), "{}", sql.name);
    }
}
