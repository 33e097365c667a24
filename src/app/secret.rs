//! What somebody else keeps and shows again, a token, a cookie or a link: random, and of it we keep a hash.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::domain::ids::TokenId;
use crate::domain::token::{self, Bearer, SECRET_BYTES};

/// The system gave no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// What a secret is for; the same text hashes to something else for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Session,
    Csrf,
    Link,
}

/// A new secret: 64 characters.
pub(super) fn make() -> Result<SecretString, NoRandomness> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(SecretString::from(hex::encode(bytes)))
}

/// A new token.
pub(super) struct NewSecretToken {
    /// Its text, which nobody but its bearer keeps.
    pub(super) text: SecretString,
    pub(super) id: TokenId,
    pub(super) hash: [u8; 32],
}

/// Makes a token up.
pub(super) fn token(bearer: Bearer) -> Result<NewSecretToken, NoRandomness> {
    let (mut id, mut secret) = ([0; 8], [0; SECRET_BYTES]);
    getrandom::fill(&mut id).map_err(|_| NoRandomness)?;
    getrandom::fill(&mut secret).map_err(|_| NoRandomness)?;
    let (text, id, hash) = token::make(bearer, id, secret);
    let id = TokenId::parse(&id).map_err(|_| NoRandomness)?;
    Ok(NewSecretToken { text: SecretString::from(text), id, hash })
}

/// The hash of what somebody shows; `None` for what has not the form of a secret of ours.
pub(super) fn hash(shown: &str, purpose: Use) -> Option<[u8; 32]> {
    let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if shown.len() != 64 || !shown.bytes().all(plain) {
        return None;
    }
    let label: &[u8] = match purpose {
        Use::Session => b"rekindle session 1\0",
        Use::Csrf => b"rekindle csrf 1\0",
        Use::Link => b"rekindle sign-in link 1\0",
    };
    Some(Sha256::new_with_prefix(label).chain_update(shown.as_bytes()).finalize().into())
}

/// As [`hash`], of one that was just made.
pub(super) fn hash_of(secret: &SecretString, purpose: Use) -> [u8; 32] {
    hash(secret.expose_secret(), purpose).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_hashes_to_something_else_for_each_use_and_nothing_else_hashes() {
        let (one, other) = (make().unwrap(), make().unwrap());
        let of = |purpose| hash(one.expose_secret(), purpose).unwrap();
        assert_ne!(of(Use::Session), of(Use::Csrf));
        assert_ne!(of(Use::Session), of(Use::Link));
        assert_ne!(of(Use::Session), hash_of(&other, Use::Session));
        for wrong in ["", "abc", &"x".repeat(64), &"A".repeat(64), &"a".repeat(65)] {
            assert_eq!(hash(wrong, Use::Session), None);
        }
    }
}
