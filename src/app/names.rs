//! How reference ids are kept: from the first start on as the configuration says, and otherwise only by command.

use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::storage::names::{Names, NamesKept};
use crate::storage::{Database, StorageError};
use crate::vault::NameKey;

/// Inquiries in one transaction.
const BATCH: u32 = 200;

/// Between two batches: SQLite has one writer.
const BREATH: Duration = Duration::from_millis(5);

/// Why reference ids can't be kept as configured.
#[derive(Debug, thiserror::Error)]
pub enum NamesError {
    /// They are as they are, and should be sealed.
    #[error(
        "seal_reference_ids = true, and the reference ids in this database are not sealed. Stop every process, and run \
         `rekindle keys seal`"
    )]
    Plain,
    /// They are sealed, and should not be.
    #[error(
        "seal_reference_ids = false, and the reference ids in this database are sealed. Set it to true, or stop every \
         process and run `rekindle keys seal` to have them as they are"
    )]
    Sealed,
    /// Some are so and some otherwise.
    #[error(
        "the reference ids in this database were being sealed or opened, and that has not ended; run `rekindle keys seal`"
    )]
    Changing,
    /// The database could not be asked, or the key does not open.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The database with reference ids kept as wanted, if they are.
///
/// # Errors
/// [`NamesError`] says what to do.
pub async fn kept(database: Database, seal: bool, now: Timestamp) -> Result<Database, NamesError> {
    let kept = database.read().await?.names_kept().await?;
    match (kept, seal) {
        (NamesKept::Plain | NamesKept::NotYet, false) => return Ok(database),
        (NamesKept::Sealed, true) => {}
        (NamesKept::NotYet, true) => {
            let mut tx = database.begin().await?;
            tx.keep_names(Some(true), now).await?;
            tx.commit().await?;
        }
        (NamesKept::Plain, true) => return Err(NamesError::Plain),
        (NamesKept::Sealed, false) => return Err(NamesError::Sealed),
        (NamesKept::Changing, _) => return Err(NamesError::Changing),
    }
    let key = key(&database, now).await?;
    Ok(database.with_names(Names::sealed(key)))
}

/// The database as a command reads it that needs no key: with reference ids opened where that can be done.
pub async fn at_hand(database: Database) -> Database {
    let Ok(mut tx) = database.read().await else { return database };
    match (tx.names_kept().await, tx.link_key().await) {
        (Ok(NamesKept::Sealed), Ok(Some(key))) => database.with_names(Names::sealed(key.name_key())),
        (Ok(NamesKept::Changing), Ok(Some(key))) => database.with_names(Names::opened(key.name_key())),
        _ => database,
    }
}

/// Seals every reference id, or opens it again; how many inquiries were gone through. Nothing else may run meanwhile.
/// Begun again after it broke off, it ends.
///
/// # Errors
/// What the database says, or a key that does not open.
pub async fn keep(
    database: &Database,
    seal: bool,
    now: Timestamp,
    mut told: impl FnMut(u64),
) -> Result<u64, StorageError> {
    let is = database.read().await?.names_kept().await?;
    if is == (if seal { NamesKept::Sealed } else { NamesKept::Plain }) {
        return Ok(0);
    }
    // Whoever looks for people meanwhile would not find them by what is kept otherwise.
    let _alone = database.claim_alone()?;
    let key = key(database, now).await?;
    let mut tx = database.begin().await?;
    tx.keep_names(None, now).await?;
    tx.commit().await?;
    let database = database.clone().with_names(if seal { Names::sealed(key) } else { Names::opened(key) });
    let (mut after, mut done) = (None, 0);
    loop {
        let mut tx = database.begin().await?;
        let renamed = tx.rename_inquiries(after.as_ref(), BATCH, now).await?;
        tx.commit().await?;
        let Some((count, last)) = renamed else { break };
        after = Some(last);
        done += count;
        told(done);
        tokio::time::sleep(BREATH).await;
    }
    let mut tx = database.begin().await?;
    tx.rename_others().await?;
    tx.keep_names(Some(seal), now).await?;
    tx.commit().await?;
    Ok(done)
}

async fn key(database: &Database, now: Timestamp) -> Result<NameKey, StorageError> {
    let mut tx = database.begin().await?;
    let key = tx.link_key_or_new(now).await?.name_key();
    tx.commit().await?;
    Ok(key)
}
