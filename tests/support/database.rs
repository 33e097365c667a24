//! Fresh, migrated databases, one per test.

use std::ops::Deref;

use rekindle::storage::Database;
use tempfile::TempDir;

use crate::support::postgres::{self, Lent};
use crate::support::vault;

/// A database of a test's own; gone with it.
pub struct Scratch {
    database: Database,
    /// Where it can be opened again.
    pub url: String,
    /// The folder that holds nothing but SQLite's files.
    pub folder: Option<TempDir>,
    _lent: Option<Lent>,
}

impl Deref for Scratch {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

/// A fresh SQLite database in a folder of its own.
pub async fn sqlite() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("rekindle.db").display());
    let database = vault::open(&url).await;
    database.migrate().await.unwrap();
    Scratch { database, url, folder: Some(folder), _lent: None }
}

/// A fresh PostgreSQL database; `None`, and said so, where there is no PostgreSQL. In CI there must be one.
pub async fn postgres() -> Option<Scratch> {
    let lent = postgres::lend().await?;
    let database = vault::open(&lent.url).await;
    database.migrate().await.unwrap();
    Some(Scratch { database, url: lent.url.clone(), folder: None, _lent: Some(lent) })
}

/// Makes two tests of one story, `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: &Scratch) $story:block)+) => {$(
        $(#[$attribute])*
        async fn $name($database: &$crate::support::Scratch) $story

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(&$crate::support::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = $crate::support::postgres().await {
                    super::$name(&database).await;
                }
            }
        }
    )+};
}
pub(crate) use on_both;
