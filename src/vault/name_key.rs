//! The key that reference ids are sealed with, where they say who somebody is: the same id gives the same text every time,
//! so that people are still found by it.
//!
//! The nonce is a keyed hash of what is sealed, under a key of its own: two ids never share one, and what is learnt from
//! two texts is only whether they are of the same id.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::vault::cipher::{self, Key, NONCE_BYTES};

/// What a sealed id begins with, and no id that came from outside is sealed again that does.
pub const SEALED: &str = "~1.";

const BOUND: &[u8] = b"rekindle reference id 1";

/// Seals reference ids, and opens them. It shows nothing of itself.
#[derive(Clone)]
pub struct NameKey {
    nonces: Key,
    names: Key,
}

impl NameKey {
    /// From what is secret about an installation.
    pub(super) fn derive(secret: &Key) -> Self {
        let part = |label: &[u8]| {
            let mut key = Key::default();
            key.copy_from_slice(&keyed(secret, label));
            key
        };
        Self { nonces: part(b"rekindle reference id nonce 1"), names: part(b"rekindle reference id key 1") }
    }

    /// The text that is kept in an id's place; the id itself where it looks like such a text.
    #[must_use]
    pub fn seal(&self, name: &str) -> String {
        if name.starts_with(SEALED) {
            return name.to_owned();
        }
        let hash = keyed(&self.nonces, name.as_bytes());
        let mut sealed = Vec::new();
        cipher::seal_with(&self.names, &hash[..NONCE_BYTES], BOUND, name.as_bytes(), &mut sealed);
        format!("{SEALED}{}", URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The id that a text is kept for; `None` for what was not sealed with this key.
    #[must_use]
    pub fn open(&self, text: &str) -> Option<Zeroizing<String>> {
        let sealed = URL_SAFE_NO_PAD.decode(text.strip_prefix(SEALED)?).ok()?;
        let plain = cipher::open(&self.names, BOUND, &sealed).ok()?;
        std::str::from_utf8(&plain).ok().map(|name| Zeroizing::new(name.to_owned()))
    }
}

fn keyed(key: &Key, text: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(&**key).unwrap_or_else(|_| unreachable!("any length will do"));
    mac.update(text);
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> NameKey {
        NameKey::derive(&Zeroizing::new([byte; 32]))
    }

    #[test]
    fn the_same_id_gives_the_same_text_and_opens() {
        for name in ["ada@example.com", "x", "Ädä ✓", &"long".repeat(60)] {
            let sealed = key(7).seal(name);
            assert_eq!(sealed, key(7).seal(name));
            assert_eq!(key(7).open(&sealed).as_ref().map(|name| name.as_str()), Some(name));
            assert!(sealed.starts_with(SEALED) && (name.len() < 3 || !sealed.contains(name)), "{sealed}");
            assert_ne!(sealed, key(8).seal(name));
            assert_eq!(key(8).open(&sealed), None, "under another key");
        }
        assert_ne!(key(7).seal("ada"), key(7).seal("adb"));
    }

    #[test]
    fn what_looks_sealed_is_left_as_it_is() {
        let name = "~1.whatever";
        assert_eq!(key(7).seal(name), name);
        assert_eq!(key(7).open(name), None);
        assert_eq!(key(7).open("customer-17"), None);
    }
}
