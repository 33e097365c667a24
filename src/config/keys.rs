//! Where the master keys are: given in place, or in a file that we keep ourselves.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::reader::Section;
use super::secret;
use crate::vault::{InvalidKey, Keyring, MasterKey};

/// What people's data is sealed under.
#[derive(Debug, Clone)]
pub enum MasterKeys {
    /// Given in place, in base64; the first one is current.
    Given(Vec<SecretString>),
    /// In this file.
    File(PathBuf),
    /// In `rekindle.key` beside SQLite's file; for PostgreSQL there is no such place.
    BesideTheDatabase,
}

impl MasterKeys {
    /// The keys that were given in place; `None` where they are in a file.
    #[must_use]
    pub fn given(&self) -> Option<Keyring> {
        let Self::Given(keys) = self else { return None };
        keyring(keys.iter().map(ExposeSecret::expose_secret)).ok()
    }
}

fn keyring<'a>(keys: impl Iterator<Item = &'a str>) -> Result<Keyring, InvalidKey> {
    Keyring::of(keys.map(MasterKey::parse).collect::<Result<Vec<_>, _>>()?)
}

/// `master_key`, one or several, or `master_key_file`: unlike other secrets' files it is read when it is needed,
/// because the first start makes it and a rotation changes it.
pub(super) fn master_keys(top: &mut Section<'_>) -> MasterKeys {
    let (given, file) = (top.texts("master_key"), top.text("master_key_file"));
    match (given, file) {
        (Some(_), Some(_)) => {
            top.refuse("master_key", None, "is given, and master_key_file too; keep one of the two");
            MasterKeys::BesideTheDatabase
        }
        (None, Some(file)) => MasterKeys::File(top.reading.file(&file.text)),
        (None, None) => MasterKeys::BesideTheDatabase,
        (Some(given), None) => {
            for key in &given {
                if let Err(why) = MasterKey::parse(&key.text) {
                    secret::refuse(top.reading, key, &why.to_string());
                }
            }
            match keyring(given.iter().map(|key| &*key.text)) {
                Ok(_) | Err(InvalidKey::Shape) => {}
                Err(why) => top.refuse("master_key", None, why),
            }
            MasterKeys::Given(given.into_iter().map(|key| SecretString::from(key.text)).collect())
        }
    }
}
