//! The key of one subject: made once, sealed under a master key, and what seals that subject's bodies.

use std::fmt;

use bytes::Bytes;

use crate::domain::ids::{EnvironmentName, EventId};
use crate::domain::subject::SubjectId;
use crate::vault::cipher::{self, ADDED_BYTES, KEY_BYTES, Key};
use crate::vault::error::VaultError;
use crate::vault::keyring::{KeyId, MasterKey};
use crate::vault::packed::Packed;

/// The form of everything sealed so far.
const FORM: u8 = 1;

/// Length of a sealed key: its form, and a box with the key.
pub const SEALED_KEY_BYTES: usize = 1 + ADDED_BYTES + KEY_BYTES;

/// What comes before the box of a body: the form, how it is packed, how long it was.
const HEAD_BYTES: usize = 1 + 1 + 4;

/// Whose key it is: sealed for one subject, it opens for no other.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The subject's environment.
    pub environment: &'a EnvironmentName,
    /// The subject.
    pub subject: &'a SubjectId,
}

/// A subject's key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// The master key it is sealed under.
    pub master: KeyId,
    /// The box.
    pub bytes: Vec<u8>,
}

/// A subject's key, open. It shows nothing of itself.
#[derive(Clone)]
pub struct SubjectKey(Key);

impl SubjectKey {
    pub(super) fn make(master: &MasterKey, place: Place<'_>) -> Result<(Self, SealedKey), VaultError> {
        let key = Self(cipher::random_key()?);
        let sealed = key.seal_under(master, place)?;
        Ok((key, sealed))
    }

    pub(super) fn seal_under(&self, master: &MasterKey, place: Place<'_>) -> Result<SealedKey, VaultError> {
        let mut bytes = Vec::with_capacity(SEALED_KEY_BYTES);
        bytes.push(FORM);
        cipher::seal(master.key(), &bound_key(place, master.id()), &*self.0, &mut bytes)?;
        Ok(SealedKey { master: master.id().clone(), bytes })
    }

    pub(super) fn open(master: &MasterKey, place: Place<'_>, sealed: &SealedKey) -> Result<Self, VaultError> {
        let opened = cipher::open(master.key(), &bound_key(place, &sealed.master), of_form(&sealed.bytes)?)?;
        let mut key = Key::default();
        if opened.len() != KEY_BYTES {
            return Err(VaultError::Damaged);
        }
        key.copy_from_slice(&opened);
        Ok(Self(key))
    }

    /// Seals the body of an event; it opens for that event only.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, place: Place<'_>, event: &EventId, body: &Packed) -> Result<Vec<u8>, VaultError> {
        let (form, original) = body.form();
        let mut sealed = Vec::with_capacity(HEAD_BYTES + ADDED_BYTES + body.len());
        sealed.extend_from_slice(&[FORM, form]);
        sealed.extend_from_slice(&original.to_be_bytes());
        let bound = bound_body(place, event, &sealed);
        cipher::seal(&self.0, &bound, body.bytes(), &mut sealed)?;
        Ok(sealed)
    }

    /// Opens the body of an event.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_body(&self, place: Place<'_>, event: &EventId, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        of_form(sealed)?;
        let (head, sealed) = sealed.split_at_checked(HEAD_BYTES).ok_or(VaultError::Damaged)?;
        let opened = cipher::open(&self.0, &bound_body(place, event, head), sealed)?;
        let original = head[2..].try_into().map_or(0, u32::from_be_bytes);
        Packed::from_parts(head[1], original, Bytes::copy_from_slice(&opened)).unpack()
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(…)")
    }
}

/// What follows the form, where it is one we know.
fn of_form(sealed: &[u8]) -> Result<&[u8], VaultError> {
    match sealed.split_first() {
        Some((&FORM, rest)) => Ok(rest),
        Some(_) => Err(VaultError::NewerForm),
        None => Err(VaultError::Damaged),
    }
}

fn bound_key(place: Place<'_>, master: &KeyId) -> Vec<u8> {
    let Place { environment, subject } = place;
    let parts = ["subject key", environment.as_str(), subject.as_str(), master.as_str()];
    cipher::bound(&parts.map(str::as_bytes))
}

fn bound_body(place: Place<'_>, event: &EventId, head: &[u8]) -> Vec<u8> {
    let Place { environment, subject } = place;
    let parts = ["event body", environment.as_str(), subject.as_str(), event.as_str()];
    let [kind, environment, subject, event] = parts.map(str::as_bytes);
    cipher::bound(&[kind, environment, subject, event, head])
}
