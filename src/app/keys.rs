//! Master keys: whether those that are needed are at hand, their rotation, and what can't be read any more.

use std::time::Duration;

use crate::domain::act::Act;
use crate::domain::deed::{About, Deed, NoReason};
use crate::domain::event::Event;
use crate::domain::operator::Operator;
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::events::{EventKey, PlainBody};
use crate::storage::subjects::{Because, MasterKeyUse, SubjectRef};
use crate::storage::{Database, StorageError};
use crate::vault::{KeyId, Packed, Place};

/// Rows in one transaction.
const BATCH: u32 = 500;

/// Bodies in one transaction: they are larger.
const BODIES: u32 = 100;

/// Between two batches: SQLite has one writer, and webhooks come first.
const BREATH: Duration = Duration::from_millis(20);

/// Why the master keys at hand won't do.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// People's data was sealed under one that is not there.
    #[error(
        "people's data in this database is sealed under the master key {0}, which is not at hand. Bring its key file \
         back, or give it in master_key. If it is lost for good: `rekindle keys init --abandon {0}` gives up the \
         payloads sealed under it; inquiries and reminders are not touched"
    )]
    Missing(KeyId),
    /// Something is still sealed under it.
    #[error("{subjects} subjects' keys are sealed under {id}; `rekindle keys rotate` seals them under the current one")]
    Needed {
        /// The key.
        id: KeyId,
        /// How many.
        subjects: u64,
    },
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// The database could not be asked, or a key does not open.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Makes sure that every master key is at hand under which something is sealed, and remembers the current one.
///
/// # Errors
/// [`KeysError::Missing`], or what the database says.
pub async fn check(database: &Database, now: Timestamp) -> Result<(), KeysError> {
    let current = database.vault().current_id().map_err(StorageError::from)?;
    let at_hand = database.vault().key_ids();
    let known = database.read().await?.master_keys().await?;
    let missing: Vec<&KeyId> = known.iter().filter(|id| !at_hand.contains(id)).collect();
    if missing.is_empty() && known.contains(&current) {
        return Ok(());
    }
    let mut tx = database.begin().await?;
    for id in missing {
        // What nothing is sealed under need not be there.
        if !tx.forget_master_key(id).await? {
            return Err(KeysError::Missing(id.clone()));
        }
    }
    tx.remember_master_key(&current, now).await?;
    tx.commit().await?;
    Ok(())
}

/// The master keys that something may be sealed under, with or without a vault.
///
/// # Errors
/// What the database says.
pub async fn needed(database: &Database) -> Result<Vec<KeyId>, StorageError> {
    database.read().await?.master_keys().await
}

/// How many subjects' keys are sealed under each master key. It counts them all.
///
/// # Errors
/// What the database says.
pub async fn in_use(database: &Database) -> Result<Vec<MasterKeyUse>, StorageError> {
    database.read().await?.master_keys_in_use().await
}

/// Seals every subject's key under the current master key that is under another; how many those were. Begun again it
/// goes on, and everybody works on meanwhile.
///
/// # Errors
/// What the database says, or a key that does not open.
pub async fn reseal(database: &Database, now: Timestamp, mut told: impl FnMut(u64)) -> Result<u64, StorageError> {
    let current = database.vault().current_id()?;
    remember(database, &current, now).await?;
    let (mut after, mut resealed): (Option<SubjectRef>, u64) = (None, 0);
    loop {
        let mut tx = database.begin().await?;
        let done = tx.reseal_after(after.as_ref(), BATCH).await?;
        tx.commit().await?;
        resealed += done.resealed;
        told(resealed);
        match done.next {
            Some(next) => after = Some(next),
            None => break,
        }
        tokio::time::sleep(BREATH).await;
    }
    let mut tx = database.begin().await?;
    tx.reseal_link_key().await?;
    tx.commit().await?;
    Ok(resealed)
}

/// Remembers a master key that is about to be current.
///
/// # Errors
/// What the database says.
pub async fn remember(database: &Database, id: &KeyId, now: Timestamp) -> Result<(), StorageError> {
    let mut tx = database.begin().await?;
    tx.remember_master_key(id, now).await?;
    tx.commit().await
}

/// Makes sure that nothing is sealed under a master key.
///
/// # Errors
/// [`KeysError::Needed`], or what the database says.
pub async fn ensure_unneeded(database: &Database, id: &KeyId) -> Result<(), KeysError> {
    let needed = in_use(database).await?.into_iter().find(|used| used.id == *id && used.subjects > 0);
    needed.map_or(Ok(()), |MasterKeyUse { id, subjects }| Err(KeysError::Needed { id, subjects }))
}

/// Forgets a master key that nothing depends on, so that its absence is no trouble, and writes down who destroys it.
///
/// # Errors
/// [`KeysError::Needed`], or what the database says.
pub async fn forget(
    database: &Database,
    id: &KeyId,
    by: &Operator,
    reason: &str,
    now: Timestamp,
) -> Result<(), KeysError> {
    let deed = Deed::new(by, Act::DestroyKey, Some(reason), now)?.about(about(id));
    ensure_unneeded(database, id).await?;
    let mut tx = database.begin().await?;
    let forgotten = tx.forget_master_key(id).await? || !tx.master_keys().await?.contains(id);
    if forgotten {
        tx.record_deed(&deed).await?;
    }
    tx.commit().await?;
    // Something was sealed under it between looking and forgetting.
    if forgotten { Ok(()) } else { Err(KeysError::Needed { id: id.clone(), subjects: 1 }) }
}

/// Gives up what is sealed under a master key that is lost: the keys and the payloads go, states stay. How many
/// subjects that concerns. It is written down before it begins.
///
/// # Errors
/// What the database says.
pub async fn abandon(database: &Database, id: &KeyId, by: &Operator, now: Timestamp) -> Result<u64, KeysError> {
    let deed = Deed::new(by, Act::DestroyKey, Some("it is lost, and what it sealed is given up"), now)?;
    let mut tx = database.begin().await?;
    tx.record_deed(&deed.about(about(id))).await?;
    tx.commit().await?;
    let (mut after, mut abandoned): (Option<SubjectRef>, u64) = (None, 0);
    loop {
        let mut tx = database.begin().await?;
        let (under, next) = tx.subjects_under(id, after.as_ref(), BATCH).await?;
        abandoned += tx.destroy_known_keys(&under, Because::MasterKeyLost, now).await?;
        tx.commit().await?;
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
        tokio::time::sleep(BREATH).await;
    }
    let mut tx = database.begin().await?;
    tx.drop_link_key(id).await?;
    tx.forget_master_key(id).await?;
    tx.commit().await?;
    Ok(abandoned)
}

/// Seals the bodies that were stored before there was sealing; how many. Begun again it goes on.
///
/// # Errors
/// What the database says.
pub async fn seal_plain(database: &Database, now: Timestamp, mut told: impl FnMut(u64)) -> Result<u64, StorageError> {
    let (mut after, mut sealed): (Option<EventKey>, u64) = (None, 0);
    loop {
        let mut tx = database.begin().await?;
        let bodies = tx.plain_bodies_after(after.as_ref(), BODIES).await?;
        let full = bodies.len() == usize::try_from(BODIES).unwrap_or(usize::MAX);
        after = bodies.last().map(|body| body.key.clone());
        sealed += bodies.len() as u64;
        let subjects: Vec<SubjectId> = bodies.iter().map(subject_of).collect();
        let mut wanted = std::collections::BTreeMap::new();
        for (body, subject) in bodies.iter().zip(&subjects) {
            let at = wanted.entry((body.key.0.clone(), subject.clone())).or_insert(body.at);
            *at = body.at.max(*at);
        }
        let keys = tx.subject_keys(&wanted, now).await?;
        for (body, subject) in bodies.into_iter().zip(subjects) {
            let PlainBody { key: (environment, id), body, .. } = body;
            let place = Place { environment: &environment, subject: &subject };
            let key = keys.get(&(environment.clone(), subject.clone()));
            let body = key.map(|key| key.seal(place, &id, &Packed::of(body.into()))).transpose()?;
            tx.put_body_away(&environment, &id, &subject, body.as_deref()).await?;
        }
        tx.commit().await?;
        told(sealed);
        if !full {
            return Ok(sealed);
        }
        tokio::time::sleep(BREATH).await;
    }
}

fn about(id: &KeyId) -> About {
    About { kind: "key", id: id.to_string() }
}

fn subject_of(body: &PlainBody) -> SubjectId {
    Event::parse(&body.body, body.at).map_or_else(|_| SubjectId::event(&body.key.1), |event| event.subject_id())
}
