//! The key that access links are made with: random, made once, sealed under a master key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::vault::cipher::{self, ADDED_BYTES, KEY_BYTES, Key};
use crate::vault::error::VaultError;
use crate::vault::keyring::MasterKey;
use crate::vault::name_key::NameKey;
use crate::vault::subject_key::SealedKey;

/// The form of every sealed link key so far.
const FORM: u8 = 1;

/// What a proof is made over comes after this, so that it proves nothing else.
const LABEL: &[u8] = b"rekindle access link 1\0";

const UNSUBSCRIBE: &[u8] = b"rekindle unsubscribe 1\0";
const PSEUDONYM: &[u8] = b"rekindle pseudonym 1\0";

/// 160 bits of HMAC-SHA256: no two people meet in one.
const PSEUDONYM_BYTES: usize = 20;

/// 96 random bits name a link: enough that no two ever meet.
const ID_BYTES: usize = 12;

/// 144 bits of HMAC-SHA256: nobody guesses them, and the link stays short enough to be read out.
const PROOF_BYTES: usize = 18;

/// Characters of an id and of a proof, in base64 for URLs.
const ID_CHARS: usize = 16;
const PROOF_CHARS: usize = 24;

/// The key that access links are made with. It shows nothing of itself.
#[derive(Clone)]
pub struct LinkKey(Key);

impl LinkKey {
    pub(super) fn make(master: &MasterKey) -> Result<(Self, SealedKey), VaultError> {
        let key = Self(cipher::random_key()?);
        let sealed = key.seal_under(master)?;
        Ok((key, sealed))
    }

    pub(super) fn seal_under(&self, master: &MasterKey) -> Result<SealedKey, VaultError> {
        let mut bytes = Vec::with_capacity(1 + ADDED_BYTES + KEY_BYTES);
        bytes.push(FORM);
        let bound = cipher::bound(&[b"link key", master.id().as_str().as_bytes()]);
        cipher::seal(master.key(), &bound, &*self.0, &mut bytes)?;
        Ok(SealedKey { master: master.id().clone(), bytes })
    }

    pub(super) fn open(master: &MasterKey, sealed: &SealedKey) -> Result<Self, VaultError> {
        let sealed_bytes = match sealed.bytes.split_first() {
            Some((&FORM, rest)) => rest,
            Some(_) => return Err(VaultError::NewerForm),
            None => return Err(VaultError::Damaged),
        };
        let bound = cipher::bound(&[b"link key", sealed.master.as_str().as_bytes()]);
        let opened = cipher::open(master.key(), &bound, sealed_bytes)?;
        let mut key = Key::default();
        if opened.len() != KEY_BYTES {
            return Err(VaultError::Damaged);
        }
        key.copy_from_slice(&opened);
        Ok(Self(key))
    }

    /// A new link's id, of 95 random bits. It begins with a letter, so that no command takes it for an option.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn new_id() -> Result<String, VaultError> {
        let mut id = [0_u8; ID_BYTES];
        getrandom::fill(&mut id).map_err(|_| VaultError::NoRandomness)?;
        id[0] &= 0x7f;
        Ok(URL_SAFE_NO_PAD.encode(id))
    }

    /// The key that reference ids are sealed with: another one, made of what is secret about this one.
    #[must_use]
    pub fn name_key(&self) -> NameKey {
        NameKey::derive(&self.0)
    }

    /// The token of a link: its id, and the proof that it is ours. The same for the same id.
    #[must_use]
    pub fn token(&self, id: &str) -> String {
        let proof = self.mac(id).finalize().into_bytes();
        format!("{id}{}", URL_SAFE_NO_PAD.encode(&proof[..PROOF_BYTES]))
    }

    /// The id of the link whose token this is; `None` for a token that is not ours. How long that takes does not depend
    /// on where a wrong proof begins to be wrong.
    #[must_use]
    pub fn id_of<'t>(&self, token: &'t str) -> Option<&'t str> {
        if token.len() != ID_CHARS + PROOF_CHARS || !token.is_ascii() {
            return None;
        }
        let (id, proof) = token.split_at(ID_CHARS);
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        self.mac(id).verify_truncated_left(&proof).ok().map(|()| id)
    }

    /// A text as it can be kept and found again without being read: a keyed hash, in hex. `kind` keeps apart what is
    /// hashed for different ends.
    #[must_use]
    pub fn pseudonym(&self, kind: &str, text: &str) -> String {
        hex::encode(&self.mac_of(PSEUDONYM, &format!("{kind}\0{text}")).finalize().into_bytes()[..PSEUDONYM_BYTES])
    }

    /// The token by which whoever got a notice asks for no more: the notice's id, and the proof that it is ours.
    #[must_use]
    pub fn unsubscribe_token(&self, id: &str) -> String {
        let proof = self.mac_of(UNSUBSCRIBE, id).finalize().into_bytes();
        format!("{}.{id}", URL_SAFE_NO_PAD.encode(&proof[..PROOF_BYTES]))
    }

    /// The id of the notice whose token this is; `None` for a token that is not ours.
    #[must_use]
    pub fn unsubscribed_by<'t>(&self, token: &'t str) -> Option<&'t str> {
        let (proof, id) = token.split_once('.').filter(|(proof, id)| proof.len() == PROOF_CHARS && id.len() <= 64)?;
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        self.mac_of(UNSUBSCRIBE, id).verify_truncated_left(&proof).ok().map(|()| id)
    }

    fn mac(&self, id: &str) -> Hmac<Sha256> {
        self.mac_of(LABEL, id)
    }

    fn mac_of(&self, label: &[u8], text: &str) -> Hmac<Sha256> {
        // HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).unwrap_or_else(|_| unreachable!("any length will do"));
        mac.update(label);
        mac.update(text.as_bytes());
        mac
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_to_unsubscribe_is_no_way_in_and_a_pseudonym_is_of_one_kind() {
        let (key, _) = LinkKey::make(&MasterKey::make().unwrap()).unwrap();
        let token = key.unsubscribe_token("rka_0123456789abcdef0123");
        assert_eq!(key.unsubscribed_by(&token), Some("rka_0123456789abcdef0123"));
        assert_eq!((key.id_of(&token), key.unsubscribed_by(&key.token(&LinkKey::new_id().unwrap()))), (None, None));
        for wrong in [token.replace("rka_0", "rka_1"), token[1..].to_owned(), String::new(), ".".to_owned()] {
            assert_eq!(key.unsubscribed_by(&wrong), None, "{wrong}");
        }
        let (other, _) = LinkKey::make(&MasterKey::make().unwrap()).unwrap();
        assert_eq!(other.unsubscribed_by(&token), None);
        assert_eq!(key.pseudonym("address", "ada@example.com"), key.pseudonym("address", "ada@example.com"));
        assert_ne!(key.pseudonym("address", "ada@example.com"), key.pseudonym("person", "ada@example.com"));
        assert_ne!(key.pseudonym("address", "ada@example.com"), other.pseudonym("address", "ada@example.com"));
    }

    #[test]
    fn a_token_is_the_same_for_the_same_id_under_any_master_key() {
        let (one, other) = (MasterKey::make().unwrap(), MasterKey::make().unwrap());
        let (key, sealed) = LinkKey::make(&one).unwrap();
        let id = LinkKey::new_id().unwrap();
        let token = key.token(&id);
        assert_eq!(token.len(), 40);
        assert_eq!(LinkKey::open(&one, &sealed).unwrap().token(&id), token);
        let anew = key.seal_under(&other).unwrap();
        assert_eq!(LinkKey::open(&other, &anew).unwrap().id_of(&token), Some(id.as_str()));
        assert_eq!(LinkKey::open(&one, &anew).unwrap_err(), VaultError::Damaged, "under the other only");
    }

    #[test]
    fn an_id_begins_with_a_letter() {
        for _ in 0..500 {
            let id = LinkKey::new_id().unwrap();
            assert!(id.starts_with(|first: char| first.is_ascii_alphabetic()), "{id}");
        }
    }

    #[test]
    fn what_is_not_ours_is_nobodys() {
        let master = MasterKey::make().unwrap();
        let (key, _) = LinkKey::make(&master).unwrap();
        let (foreign, _) = LinkKey::make(&master).unwrap();
        let token = key.token(&LinkKey::new_id().unwrap());
        assert_eq!(foreign.id_of(&token), None);
        for at in 0..token.len() {
            let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert_eq!(key.id_of(&changed), None, "changed at {at}");
        }
        for text in ["", "x", &token[..39], &format!("{token}A"), &"ü".repeat(20)] {
            assert_eq!(key.id_of(text), None, "{text:?}");
        }
    }
}
