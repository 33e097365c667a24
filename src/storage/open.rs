//! How each database is opened: what we insist on, and how few connections we need.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgPool, SqlitePool};

use crate::storage::error::{Result, StorageError};

/// Longest wait for a free connection. Persona waits 5 seconds for an answer
/// (<https://docs.withpersona.com/webhooks>), so whoever waits for us can still be told in time.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest wait for another process that writes to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages in SQLite's log before they are copied into the file: 16 MB. Under load the same pages are written by batch after
/// batch, and copied once then; four times SQLite's default costs a sixth less per event.
const LOG_PAGES: &str = "4000";

/// Concurrent readers of a SQLite file; each is a thread and a page cache.
const SQLITE_READERS: u32 = 4;

/// Connections to PostgreSQL, all of them short of use: a group commit, claims, settles, readers, one that listens.
const POSTGRES_CONNECTIONS: u32 = 8;

/// A connection that idled longer is asked whether it still lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Opens a SQLite file, making it if need be: the one writer, and the readers.
pub(super) async fn sqlite(url: &str) -> Result<(SqlitePool, SqlitePool)> {
    if url.contains(":memory:") || url.contains('?') {
        return Err(StorageError::InvalidUrl("must name a file, without parameters, as in sqlite://rekindle.db"));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| StorageError::InvalidUrl("must name a file, as in sqlite://rekindle.db"))?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("secure_delete", "on")
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .disable_statement_logging();
    make_file(options.get_filename()).await?;
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            // A file does not go away. But on a full disk SQLite undoes a transaction by itself, and the connection
            // is then taken for one that is still in it, for ever.
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
    };
    let writer = pool().max_connections(1).connect_with(options.clone()).await?;
    let reader = options.pragma("query_only", "on");
    Ok((writer, pool().max_connections(SQLITE_READERS).connect_lazy_with(reader)))
}

/// Makes the file before SQLite does, so that only its owner can read it; SQLite gives its side files the same mode.
async fn make_file(path: &Path) -> Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    options.mode(0o600);
    let error = |source| StorageError::File { path: path.to_owned(), source };
    options.open(path).await.map(drop).map_err(error)
}

/// Prepares a pool for PostgreSQL; the first use connects.
///
/// Behind a `PgBouncer` that pools transactions, prepared statements need its `max_prepared_statements`, or
/// `?statement-cache-capacity=0` in the URL.
pub(super) fn postgres(url: &str) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StorageError::InvalidUrl("can't be read, it should be like postgres://user@host/database"))?
        .application_name("rekindle")
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // Asking every time would cost a round trip per transaction.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move { Ok(about.idle_for < TRUSTED_IDLE || connection.ping().await.is_ok()) })
        });
    Ok(pool.connect_lazy_with(options))
}
