//! Sealing and opening of people's data at rest.
//!
//! What a payload says is sealed under a random key of its subject, and that key under the installation's master key.
//! So destroying one small key erases everything of one subject, wherever a copy of it lies, and destroying a master
//! key makes every backup unreadable that was made under it.
//!
//! The cipher is XChaCha20-Poly1305: its nonces are long enough to be random for any number of messages under one key,
//! it needs no hardware to be fast and free of timing leaks, and a master key seals as many subjects as there are.

mod cipher;
mod error;
mod file;
mod keyring;
mod link_key;
mod name_key;
mod packed;
mod subject_key;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tracing::warn;

pub use error::VaultError;
pub use file::{KeyFileError, create as create_file, read as read_file, replace as replace_file};
pub use keyring::{InvalidKey, KeyId, Keyring, MasterKey, Role};
pub use link_key::LinkKey;
pub use name_key::{NameKey, SEALED};
pub use packed::Packed;
pub use subject_key::{Place, SEALED_KEY_BYTES, SealedKey, SubjectKey};

use file::Stamp;

/// How often the key file is looked at for changes, while keys are made: a rotation is noticed within this time.
const LOOK: Duration = Duration::from_secs(2);

/// The master keys at hand. Clones share them; nothing shows them.
#[derive(Clone)]
pub struct Vault {
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    keyring: RwLock<Option<Arc<Keyring>>>,
    looked: Mutex<(Option<Instant>, Option<Stamp>)>,
}

enum Source {
    /// None, and what to do about it.
    None(String),
    /// Given with the configuration: they change by a restart.
    Given,
    /// Kept in a file that may change while we run.
    File(PathBuf),
}

impl Vault {
    /// A vault without keys: what needs one is told why there is none.
    #[must_use]
    pub fn locked(why: impl Into<String>) -> Self {
        Self::new(Source::None(why.into()), None, None)
    }

    /// A vault with these keys, for good.
    #[must_use]
    pub fn with(keyring: Keyring) -> Self {
        Self::new(Source::Given, Some(keyring), None)
    }

    /// A vault with the keys of a file, which is read again when it changes.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        // The stamp first: what changes in between is read once more.
        let stamp = Stamp::of(path);
        let keyring = file::read(path)?;
        Ok(Self::new(Source::File(path.to_owned()), Some(keyring), stamp))
    }

    fn new(source: Source, keyring: Option<Keyring>, stamp: Option<Stamp>) -> Self {
        let keyring = RwLock::new(keyring.map(Arc::new));
        let looked = Mutex::new((None, stamp));
        Self { shared: Arc::new(Shared { source, keyring, looked }) }
    }

    /// The ids of the keys at hand, the current one first.
    #[must_use]
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.keyring().map(|keyring| keyring.iter().map(|(_, key)| key.id().clone()).collect()).unwrap_or_default()
    }

    /// The id of the key that new subjects' keys are sealed under.
    ///
    /// # Errors
    /// [`VaultError::Locked`].
    pub fn current_id(&self) -> Result<KeyId, VaultError> {
        self.look();
        Ok(self.keyring()?.current().id().clone())
    }

    /// Makes keys for new subjects, sealed under the current master key.
    ///
    /// # Errors
    /// [`VaultError`] when there is no master key or no randomness.
    pub fn make_keys<'a>(
        &self,
        places: impl IntoIterator<Item = Place<'a>>,
    ) -> Result<Vec<(SubjectKey, SealedKey)>, VaultError> {
        self.look();
        let keyring = self.keyring()?;
        places.into_iter().map(|place| SubjectKey::make(keyring.current(), place)).collect()
    }

    /// Opens a subject's key. A master key that is not at hand may have come by a rotation elsewhere, so the file is
    /// read once more.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_key(&self, place: Place<'_>, sealed: &SealedKey) -> Result<SubjectKey, VaultError> {
        let keyring = self.keyring()?;
        if let Some(key) = keyring.get(&sealed.master) {
            return SubjectKey::open(key, place, sealed);
        }
        self.reload();
        let unknown = || VaultError::UnknownKey(sealed.master.clone());
        SubjectKey::open(self.keyring()?.get(&sealed.master).ok_or_else(unknown)?, place, sealed)
    }

    /// Seals a subject's key anew, under the current master key; `None` where it is already.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn reseal_key(&self, place: Place<'_>, sealed: &SealedKey) -> Result<Option<SealedKey>, VaultError> {
        let keyring = self.keyring()?;
        if sealed.master == *keyring.current().id() {
            return Ok(None);
        }
        let key = self.open_key(place, sealed)?;
        key.seal_under(keyring.current(), place).map(Some)
    }

    /// Makes the key of access links, sealed under the current master key.
    ///
    /// # Errors
    /// [`VaultError`] when there is no master key or no randomness.
    pub fn make_link_key(&self) -> Result<(LinkKey, SealedKey), VaultError> {
        self.look();
        LinkKey::make(self.keyring()?.current())
    }

    /// Opens the key of access links; as with [`Vault::open_key`], the file is read once more for a key that is not at
    /// hand.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_link_key(&self, sealed: &SealedKey) -> Result<LinkKey, VaultError> {
        let keyring = self.keyring()?;
        if let Some(key) = keyring.get(&sealed.master) {
            return LinkKey::open(key, sealed);
        }
        self.reload();
        let unknown = || VaultError::UnknownKey(sealed.master.clone());
        LinkKey::open(self.keyring()?.get(&sealed.master).ok_or_else(unknown)?, sealed)
    }

    /// Seals the key of access links anew, under the current master key; `None` where it is already.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn reseal_link_key(&self, sealed: &SealedKey) -> Result<Option<SealedKey>, VaultError> {
        let keyring = self.keyring()?;
        if sealed.master == *keyring.current().id() {
            return Ok(None);
        }
        self.open_link_key(sealed)?.seal_under(keyring.current()).map(Some)
    }

    fn keyring(&self) -> Result<Arc<Keyring>, VaultError> {
        let keyring = self.shared.keyring.read().unwrap_or_else(PoisonError::into_inner);
        match (&*keyring, &self.shared.source) {
            (Some(keyring), _) => Ok(keyring.clone()),
            (None, Source::None(why)) => Err(VaultError::Locked(why.clone())),
            (None, _) => Err(VaultError::Locked("there is none".to_owned())),
        }
    }

    /// Looks from time to time whether the file has changed.
    fn look(&self) {
        let Source::File(path) = &self.shared.source else { return };
        let changed = {
            let mut looked = self.shared.looked.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            if looked.0.is_some_and(|at| now.duration_since(at) < LOOK) {
                return;
            }
            looked.0 = Some(now);
            let stamp = Stamp::of(path);
            std::mem::replace(&mut looked.1, stamp.clone()) != stamp
        };
        if changed {
            self.reload();
        }
    }

    fn reload(&self) {
        let Source::File(path) = &self.shared.source else { return };
        match file::read(path) {
            Ok(keyring) => {
                *self.shared.keyring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keyring));
            }
            // What was read before still opens what it opened.
            Err(error) => warn!(%error, "the master keys can't be read anew"),
        }
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("keys", &self.key_ids()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
