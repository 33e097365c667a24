//! The master keys, from wherever the configuration says they are.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::app::keys::{self, KeysError};
use crate::app::names;
use crate::clock::Clock;
use crate::config::{Config, MasterKeys};
use crate::storage::{Database, Kind};
use crate::vault::{self, KeyFileError, Keyring, MasterKey, Vault};

/// The key file beside SQLite's.
const BESIDE: &str = "rekindle.key";

/// Where the key file is or should be; `None` where keys are given in place, or nothing says where.
pub(super) fn key_file(config: &Config, database: &Database) -> Option<PathBuf> {
    match &config.master_keys {
        MasterKeys::Given(_) => None,
        MasterKeys::File(path) => Some(path.clone()),
        MasterKeys::BesideTheDatabase => database.file().map(|file| file.with_file_name(BESIDE)),
    }
}

/// The master keys as they are.
pub(super) fn at_hand(config: &Config, database: &Database) -> anyhow::Result<Vault> {
    if let Some(keyring) = config.master_keys.given() {
        return Ok(Vault::with(keyring));
    }
    let path = key_file(config, database).context(
        "there is no master key, and PostgreSQL is not the place for one. Make one by `rekindle keys init`, and give \
         it in master_key (REKINDLE_MASTER_KEY), or name a file in master_key_file",
    )?;
    Ok(Vault::open(&path)?)
}

/// The database with its master keys, and reference ids kept as configured. On SQLite the first start makes a key, and
/// `made` is told where.
pub(super) async fn unlocked(config: &Config, database: Database, made: impl Fn(&Path)) -> anyhow::Result<Database> {
    let database = with_keys(config, database, made).await?;
    Ok(names::kept(database, config.seal_reference_ids, Clock::System.now()).await?)
}

/// The database with its master keys, all of those that it needs.
pub(super) async fn with_keys(config: &Config, database: Database, made: impl Fn(&Path)) -> anyhow::Result<Database> {
    let now = Clock::System.now();
    let vault = match at_hand(config, &database) {
        Err(why) if is_missing(&why) => {
            // Something is sealed already: a new key would open none of it.
            if let Some(needed) = keys::needed(&database).await?.into_iter().next() {
                return Err(anyhow::Error::new(KeysError::Missing(needed)).context(why));
            }
            let path = key_file(config, &database).filter(|_| database.kind() == Kind::Sqlite).ok_or(why)?;
            match make_file(&path) {
                Ok(()) => made(&path),
                // Somebody else was faster.
                Err(KeyFileError::Exists(_)) => {}
                Err(why) => return Err(why.into()),
            }
            Vault::open(&path)?
        }
        found => found?,
    };
    let database = database.with_vault(vault);
    keys::check(&database, now).await?;
    Ok(database)
}

/// Makes a key file with a new key in it.
pub(super) fn make_file(path: &Path) -> Result<(), KeyFileError> {
    let random = |error: vault::VaultError| KeyFileError::File {
        path: path.to_owned(),
        source: std::io::Error::other(error.to_string()),
    };
    let key = MasterKey::make().map_err(random)?;
    let invalid = |why| KeyFileError::Invalid { path: path.to_owned(), line: 0, why };
    vault::create_file(path, &Keyring::of([key]).map_err(invalid)?)
}

fn is_missing(why: &anyhow::Error) -> bool {
    matches!(why.downcast_ref(), Some(KeyFileError::Missing(_)))
}
