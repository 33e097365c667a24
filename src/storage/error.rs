//! What goes wrong with a database, as far as it matters to callers what to do next.

use std::fmt;
use std::path::PathBuf;

use sqlx::migrate::MigrateError;

use crate::vault::VaultError;

/// What storage verbs return.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;

/// Why a verb failed. The transaction it was part of did not happen.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database can't be reached, is too busy, or undid the transaction in favour of another: try again later.
    #[error("the database is not available: {0}")]
    Unavailable(Failure),
    /// What a transaction was to change kept being changed by others: try again later.
    #[error("the inquiry kept changing hands")]
    Contended,
    /// A row holds what this program can't have written.
    #[error("the row {row} of {table} can't be understood: see its {column}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
    },
    /// The schema was made by a newer program.
    #[error("the database has schema {found}, this program knows up to {known}: use the newer program")]
    SchemaNewer {
        /// The newest migration this program knows.
        known: i64,
        /// The newest migration the database has.
        found: i64,
    },
    /// The schema is missing or older than this program.
    #[error("the database is not migrated: run `rekindle migrate`")]
    NotMigrated,
    /// The address is none of a database we can use. It may hold a password and is not repeated.
    #[error("the database's URL {0}")]
    InvalidUrl(&'static str),
    /// The SQLite file can't be made or opened.
    #[error("can't open the database file {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process serves from the same SQLite file.
    #[error(
        "another process serves from {}: stop it first, or use PostgreSQL, which several can share",
        path.display()
    )]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// People's data can't be sealed or opened.
    #[error(transparent)]
    Sealed(#[from] VaultError),
    /// The database refused a statement: a defect, or a schema changed by hand.
    #[error("the database refused: {0}")]
    Sqlx(Failure),
}

/// What a database said, without the parts that may hold rows or addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure(String);

impl StorageError {
    /// No answer came in time, though the connection may look alive.
    #[must_use]
    pub fn no_answer() -> Self {
        Self::Unavailable(Failure("no answer in time".to_owned()))
    }

    /// Whether the same call can succeed later, unchanged.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contended)
    }
}

impl Failure {
    /// A text that is known to hold no row and no address.
    pub(super) const fn from_text(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => true,
            sqlx::Error::Database(refusal) => passes(refusal.as_ref()),
            _ => false,
        };
        let failure = Failure(said(&error));
        if unavailable { Self::Unavailable(failure) } else { Self::Sqlx(failure) }
    }
}

impl From<MigrateError> for StorageError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            // The remaining ones speak of our own migrations, by number.
            other => Self::Sqlx(Failure(other.to_string())),
        }
    }
}

/// The database's message and code. Its details and hints can quote rows, so they are left out.
fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refusal) => match refusal.code() {
            Some(code) => format!("{} ({code})", refusal.message()),
            None => refusal.message().to_owned(),
        },
        other => other.to_string(),
    }
}

/// Whether a database's refusal passes by itself.
///
/// For PostgreSQL by SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>), for SQLite by
/// primary result code (<https://www.sqlite.org/rescode.html>).
fn passes(refusal: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(code) = refusal.code() else { return false };
    if refusal.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        // Connection, resources, operator intervention, system; serialization, deadlock; locks; a read-only replica.
        return ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || ["40001", "40P01", "55P03", "25006"].contains(&code.as_ref());
    }
    // Busy, locked, out of memory, read-only, input or output, full, can't open.
    code.parse::<i32>().is_ok_and(|code| [5, 6, 7, 8, 10, 13, 14].contains(&(code & 0xff)))
}
