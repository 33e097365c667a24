//! Master keys, and the part each plays.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::vault::cipher::{self, KEY_BYTES, Key};
use crate::vault::error::VaultError;

/// What a master key is known by: made from the key, and telling nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// A master key. Without `Debug`.
#[derive(Clone)]
pub struct MasterKey {
    id: KeyId,
    key: Key,
}

/// The part a master key plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// New keys are sealed under it.
    Current,
    /// It will be current: every process is to know it before.
    Next,
    /// It was current; backups may need it.
    Kept,
}

/// Why a text is no master key. It may be one with a typing error, and is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not base64, or of another length.
    #[error("is no master key; it must be 32 random bytes in base64, as `rekindle keys init --print` makes them")]
    Shape,
    /// The same key twice.
    #[error("is there twice; remove one of the two")]
    Twice,
    /// No key at all.
    #[error("holds no master key")]
    None,
    /// More than one is said to be the current one.
    #[error("has more than one current master key")]
    TwoCurrent,
}

/// Master keys, one of them the current one.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<(Role, MasterKey)>,
}

impl KeyId {
    /// Reads an id as it is shown or stored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("mk_")?;
        let plain = digits.len() == 16 && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, 'a'..='f'));
        plain.then(|| Self(text.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl MasterKey {
    /// Makes a new one.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn make() -> Result<Self, VaultError> {
        cipher::random_key().map(Self::of)
    }

    /// Reads one in base64.
    ///
    /// # Errors
    /// [`InvalidKey::Shape`].
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| InvalidKey::Shape)?);
        let mut key = Key::default();
        if bytes.len() != KEY_BYTES {
            return Err(InvalidKey::Shape);
        }
        key.copy_from_slice(&bytes);
        Ok(Self::of(key))
    }

    fn of(key: Key) -> Self {
        let digest = Sha256::new().chain_update(b"rekindle master key id\0").chain_update(*key).finalize();
        Self { id: KeyId(format!("mk_{}", hex::encode(&digest[..8]))), key }
    }

    /// What it is known by.
    #[must_use]
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// The key itself in base64, to be kept where nobody else looks.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(*self.key))
    }

    pub(super) const fn key(&self) -> &Key {
        &self.key
    }
}

impl Role {
    /// The word for it in a key file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::Kept => "kept",
        }
    }
}

impl Keyring {
    /// Keys, the first of which is the current one.
    ///
    /// # Errors
    /// [`InvalidKey`] where there is none, or one twice.
    pub fn of(keys: impl IntoIterator<Item = MasterKey>) -> Result<Self, InvalidKey> {
        let role = |place| if place == 0 { Role::Current } else { Role::Kept };
        Self::with_roles(keys.into_iter().enumerate().map(|(place, key)| (role(place), key)).collect())
    }

    /// Keys with their parts.
    ///
    /// # Errors
    /// [`InvalidKey`] where none or more than one is current, or one is there twice.
    pub fn with_roles(mut keys: Vec<(Role, MasterKey)>) -> Result<Self, InvalidKey> {
        keys.sort_by_key(|(role, _)| *role != Role::Current);
        match keys.iter().filter(|(role, _)| *role == Role::Current).count() {
            0 => return Err(InvalidKey::None),
            1 => {}
            _ => return Err(InvalidKey::TwoCurrent),
        }
        let twice = |place: usize| keys[..place].iter().any(|(_, earlier)| earlier.id == keys[place].1.id);
        if (0..keys.len()).any(twice) { Err(InvalidKey::Twice) } else { Ok(Self { keys }) }
    }

    /// Every key, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = &(Role, MasterKey)> {
        self.keys.iter()
    }

    /// The one that new keys are sealed under.
    #[must_use]
    pub fn current(&self) -> &MasterKey {
        &self.keys[0].1
    }

    /// A key by its id.
    #[must_use]
    pub fn get(&self, id: &KeyId) -> Option<&MasterKey> {
        self.keys.iter().map(|(_, key)| key).find(|key| key.id == *id)
    }

    /// The same with another key, to become current by the next [`Keyring::rotated`].
    ///
    /// # Errors
    /// [`InvalidKey::Twice`].
    pub fn prepared(mut self, key: MasterKey) -> Result<Self, InvalidKey> {
        self.keys.push((Role::Next, key));
        Self::with_roles(self.keys)
    }

    /// The same with the next key as the current one; `None` where there is no next key.
    #[must_use]
    pub fn rotated(mut self) -> Option<Self> {
        let next = self.keys.iter().position(|(role, _)| *role == Role::Next)?;
        self.keys[0].0 = Role::Kept;
        self.keys[next].0 = Role::Current;
        self.keys.swap(0, next);
        Some(self)
    }

    /// The same without a key; `None` where that is the current one or not among them.
    #[must_use]
    pub fn without(mut self, id: &KeyId) -> Option<Self> {
        let place = self.keys.iter().position(|(role, key)| key.id == *id && *role != Role::Current)?;
        self.keys.remove(place);
        Some(self)
    }
}
