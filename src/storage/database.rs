//! A database, chosen by its URL, and the transactions it opens.

use std::fmt;
use std::path::{Path, PathBuf};

use sqlx::{PgPool, Postgres, SqlitePool, Transaction};

use crate::storage::alone::Alone;
use crate::storage::error::{Result, StorageError};
use crate::storage::names::Names;
use crate::storage::transaction::{Open, Tx};
use crate::storage::wake::{Bell, Wakes};
use crate::storage::{migrations, open};
use crate::vault::Vault;

/// A plan that was made for a small table is otherwise kept while the table grows, whatever it then costs. In the round
/// trip of the BEGIN, and for its transaction alone, so that a pooler in front is no obstacle.
macro_rules! plan_each_time {
    () => {
        "SET LOCAL plan_cache_mode = force_custom_plan"
    };
}

/// Where each row is found by its key there is one good plan, and making it anew costs more than running it for few
/// rows. What might look cheaper while a table is small, reading all of it or sorting, is not considered, so a plan
/// that was made for an empty table is the right one for a full one; `tests/storage/query_plans.rs` holds it to that.
/// And what is then only possible with a sort must not be taken for so dear that it is worth compiling.
macro_rules! plan_once {
    () => {
        "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; \
         SET LOCAL jit = off"
    };
}

/// Who reads looks for few rows among many, by an index. How few, a plan can't know for values it does not see yet, and
/// reading a whole table until enough of them are found looks cheap where they are taken for frequent.
macro_rules! plan_by_index {
    () => {
        "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
    };
}

/// What PostgreSQL is told at the begin of a transaction that reads, for a test to plan under.
pub const PLAN_BY_INDEX: &str = plan_by_index!();

/// What PostgreSQL is told at the begin of a batch, for a test to plan under.
pub const PLAN_ONCE: &str = plan_once!();

/// One of the two databases we run on. Clones share connections.
#[derive(Clone)]
pub struct Database {
    pools: Pools,
    vault: Vault,
    names: Names,
    bell: Bell,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One file, one writer.
    Sqlite,
    /// A server, shared by many processes.
    Postgres,
}

#[derive(Clone)]
pub(super) enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool, file: PathBuf },
    Postgres(PgPool),
}

impl Database {
    /// Opens `sqlite://path` or `postgres://…`.
    ///
    /// A SQLite file is made if it is not there, readable by its owner only. PostgreSQL is connected to at first use.
    ///
    /// # Errors
    /// `InvalidUrl`, or `File` when the SQLite file can't be made, say because its folder does not exist.
    pub async fn open(url: &str) -> Result<Self> {
        let pools = match url.split_once(':') {
            Some(("sqlite", _)) => {
                let (writer, readers) = open::sqlite(url).await?;
                let file = writer.connect_options().get_filename().to_owned();
                Pools::Sqlite { writer, readers, file }
            }
            Some(("postgres" | "postgresql", _)) => Pools::Postgres(open::postgres(url)?),
            _ => return Err(StorageError::InvalidUrl("must start with sqlite:// or postgres://")),
        };
        let vault = Vault::locked("the database was opened without one");
        Ok(Self { pools, vault, names: Names::default(), bell: Bell::default() })
    }

    /// The same database with a vault: without one, nothing of people's data can be sealed or opened.
    #[must_use]
    pub fn with_vault(mut self, vault: Vault) -> Self {
        self.vault = vault;
        self
    }

    /// The same database, with reference ids kept so.
    #[must_use]
    pub fn with_names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// What seals and opens people's data.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The file it is, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.pools {
            Pools::Sqlite { file, .. } => Some(file),
            Pools::Postgres(_) => None,
        }
    }

    /// Brings the schema up to date; safe to call from several processes at once.
    ///
    /// # Errors
    /// `SchemaNewer`, or whatever the database says.
    pub async fn migrate(&self) -> Result<()> {
        migrations::run(&self.pools).await
    }

    /// Checks that the schema is the one this program knows.
    ///
    /// # Errors
    /// `NotMigrated` or `SchemaNewer`.
    pub async fn check_schema(&self) -> Result<()> {
        migrations::check(&mut self.read().await?).await
    }

    /// Opens a transaction that may write. On SQLite it is the only one of its kind from here on.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn begin(&self) -> Result<Tx> {
        let open = match &self.pools {
            Pools::Sqlite { writer, .. } => Open::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Open::Postgres(to_its_end(pool, concat!("BEGIN; ", plan_each_time!())).await?),
        };
        Ok(self.tx(open))
    }

    /// Opens a transaction that may write, for the verbs that take many keys at once: on PostgreSQL the plans of their
    /// statements are made once for each connection and kept. A verb whose plan depends on how much there is asks for a
    /// new one by itself.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn begin_batch(&self) -> Result<Tx> {
        match &self.pools {
            Pools::Sqlite { .. } => self.begin().await,
            Pools::Postgres(pool) => {
                let open = Open::Postgres(to_its_end(pool, concat!("BEGIN; ", plan_once!())).await?);
                Ok(self.tx(open).with_kept_plans())
            }
        }
    }

    /// Opens a transaction that only reads, and sees the database as it is at its first read.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn read(&self) -> Result<Tx> {
        let open = match &self.pools {
            Pools::Sqlite { readers, .. } => Open::Sqlite(readers.begin().await?),
            Pools::Postgres(pool) => {
                let begin = concat!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ", plan_by_index!());
                Open::Postgres(to_its_end(pool, begin).await?)
            }
        };
        Ok(self.tx(open))
    }

    fn tx(&self, open: Open) -> Tx {
        Tx::new(open, self.vault.clone(), self.names.clone(), self.bell.clone())
    }

    /// Makes sure that the database answers.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn ping(&self) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => sqlx::query("SELECT 1").execute(readers).await.map(drop)?,
            Pools::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    /// Hints that actions became due; see [`Wakes`].
    #[must_use]
    pub fn wakes(&self) -> Wakes {
        let far = match &self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres(pool) => Some(pool.clone()),
        };
        Wakes::new(&self.bell, far)
    }

    /// Which database it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.pools {
            Pools::Sqlite { .. } => Kind::Sqlite,
            Pools::Postgres(_) => Kind::Postgres,
        }
    }

    /// Makes sure that no other process serves from the same SQLite file; PostgreSQL is made for sharing.
    ///
    /// # Errors
    /// `InUse` when one does, `File` when the lock file can't be made.
    pub fn claim_alone(&self) -> Result<Alone> {
        match &self.pools {
            Pools::Sqlite { file, .. } => Alone::with(file),
            Pools::Postgres(_) => Ok(Alone::needless()),
        }
    }

    /// Waits for open transactions and closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Begins a transaction, even when nobody waits for it any more: sqlx gives a connection back to the pool as it is when
/// a BEGIN under way is dropped, and whoever has it next would be in a transaction that somebody else began.
async fn to_its_end(pool: &PgPool, begin: &'static str) -> Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    match tokio::spawn(async move { pool.begin_with(begin).await }).await {
        Ok(open) => Ok(open?),
        // The runtime ends, and with it everything that could have waited.
        Err(_) => Err(StorageError::no_answer()),
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Connection options can hold a password.
        f.debug_struct("Database").field("kind", &self.kind()).finish_non_exhaustive()
    }
}
