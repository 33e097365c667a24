//! The schema: migrations built into the program, the same for both databases by name, table and column.

use sqlx::Connection as _;
use sqlx::migrate::{MigrateError, Migrator};

use crate::storage::database::Pools;
use crate::storage::error::{Failure, Result, StorageError};
use crate::storage::transaction::Tx;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

statements! {
    COUNT_TABLE {
        sqlite "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
        postgres "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('_sqlx_migrations')"
    }
    APPLIED { "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version" }
}

/// Applies what is missing. On SQLite all of it is one transaction that keeps other processes out; on PostgreSQL
/// the migrator holds an advisory lock on a connection of its own.
///
/// `run_direct` is `run` without a generic bound that would keep this future from being sent to another thread.
pub(super) async fn run(pools: &Pools) -> Result<()> {
    let done = match pools {
        Pools::Sqlite { writer, .. } => {
            let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
            let done = SQLITE.run_direct(None, &mut *tx, false).await;
            if done.is_ok() {
                tx.commit().await?;
            }
            done
        }
        Pools::Postgres(pool) => {
            let mut conn = pool.acquire().await?.detach();
            let done = POSTGRES.run_direct(None, &mut conn, false).await;
            conn.close().await?;
            done
        }
    };
    done.map_err(|error| match error {
        MigrateError::VersionMissing(found) => StorageError::SchemaNewer { known: newest(&SQLITE), found },
        other => other.into(),
    })
}

/// Compares what was applied with what this program knows.
pub(super) async fn check(tx: &mut Tx) -> Result<()> {
    let count: i64 = on_db!(tx, conn, sql = COUNT_TABLE => sqlx::query_scalar(sql).fetch_one(conn).await)?;
    if count == 0 {
        return Err(StorageError::NotMigrated);
    }
    let applied: Vec<(i64, Vec<u8>)> = on_db!(tx, conn, sql = APPLIED => sqlx::query_as(sql).fetch_all(conn).await)?;
    let migrator = on_db!(tx, conn => sqlite { let _ = conn; &SQLITE } postgres { let _ = conn; &POSTGRES });
    let known = newest(migrator);
    if let Some((found, _)) = applied.last().filter(|(version, _)| *version > known) {
        return Err(StorageError::SchemaNewer { known, found: *found });
    }
    for migration in migrator.iter() {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            None => return Err(StorageError::NotMigrated),
            Some((version, checksum)) if **checksum != *migration.checksum => {
                let error = MigrateError::VersionMismatch(*version);
                return Err(StorageError::Sqlx(Failure::from_text(error.to_string())));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_migrations() {
        let names = |migrator: &Migrator| -> Vec<_> {
            migrator.iter().map(|migration| (migration.version, migration.description.to_string())).collect()
        };
        assert_eq!(names(&SQLITE), names(&POSTGRES));
    }
}
