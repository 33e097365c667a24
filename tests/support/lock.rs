//! Keeps everybody else from writing to a database for a while, as a long transaction of someone else's would.

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _, PgConnection, SqliteConnection};

/// Nobody else can write while this is there.
pub enum WriteLock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl WriteLock {
    /// Waits for its turn, then locks.
    pub async fn on(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            let mut connection = url.parse::<SqliteConnectOptions>().unwrap().connect().await.unwrap();
            connection.execute("BEGIN IMMEDIATE").await.unwrap();
            return Self::Sqlite(connection);
        }
        let mut connection = url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        connection.execute("BEGIN").await.unwrap();
        connection.execute("LOCK TABLE events, inquiries, actions IN EXCLUSIVE MODE").await.unwrap();
        Self::Postgres(connection)
    }

    pub async fn release(self) {
        match self {
            Self::Sqlite(mut connection) => connection.execute("ROLLBACK").await.map(drop).unwrap(),
            Self::Postgres(mut connection) => connection.execute("ROLLBACK").await.map(drop).unwrap(),
        }
    }
}
