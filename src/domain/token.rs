//! Tokens of the API: what one looks like, and what whoever shows it may do.
//!
//! A token is `rekindle_<id>_<secret>`. The id is found in lists and logs of ours; of the secret, 32 random bytes, only
//! the hash is kept. For something that long and random SHA-256 is enough: there is nothing to be guessed.

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::ids::{CustomerName, EnvironmentName, TokenId};
use crate::domain::time::Timestamp;

/// What tokens begin with, so that scanners for leaked secrets know them.
pub const PREFIX: &str = "rekindle_";

/// The length of a secret, in bytes.
pub const SECRET_BYTES: usize = 32;

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Looking inquiries up.
    InquiriesRead,
    /// Making inquiries and static links.
    InquiriesWrite,
    /// Getting links and session tokens for people.
    Access,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 3] = [Self::InquiriesRead, Self::InquiriesWrite, Self::Access];

    /// The scope as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InquiriesRead => "inquiries:read",
            Self::InquiriesWrite => "inquiries:write",
            Self::Access => "access",
        }
    }

    /// Reads what [`Scope::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What whoever showed a token may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token.
    pub token: TokenId,
    /// What for.
    pub scopes: BTreeSet<Scope>,
    /// In this environment only.
    pub environment: Option<EnvironmentName>,
    /// With this customer's inquiries only.
    pub customer: Option<CustomerName>,
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it grants.
    pub grant: Grant,
    /// What it is for, in the operator's words.
    pub note: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it grants nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

impl Token {
    /// Whether it grants anything.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

/// A token as somebody shows it; whether it is one is not known yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    /// Which token it says it is.
    pub id: TokenId,
    secret: &'a str,
}

impl<'a> Shown<'a> {
    /// Takes a text apart; `None` for what is no token by its form.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let form = id.len() == 16 && secret.len() == 2 * SECRET_BYTES && plain(id) && plain(secret);
        form.then(|| TokenId::parse(id).ok()).flatten().map(|id| Self { id, secret })
    }

    /// The hash to compare with the one that is kept.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(self.secret)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A token from what is random about it: its text, which is a secret, its id, and the hash to keep.
#[must_use]
pub fn make(id: [u8; 8], secret: [u8; SECRET_BYTES]) -> (String, String, [u8; 32]) {
    let (id, secret) = (hex::encode(id), hex::encode(secret));
    let hash = hash(&secret);
    (format!("{PREFIX}{id}_{secret}"), id, hash)
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_understood() {
        let (text, id, hash) = make([7; 8], [9; 32]);
        let shown = Shown::parse(&text).unwrap();
        assert_eq!((shown.id.as_str(), shown.hash()), (id.as_str(), hash));
        assert!(!format!("{shown:?}").contains("0909"));
        let (other, ..) = make([7; 8], [8; 32]);
        assert_ne!(Shown::parse(&other).unwrap().hash(), hash);
    }

    #[test]
    fn what_has_another_form_is_no_token() {
        let (text, ..) = make([7; 8], [9; 32]);
        let upper = text.to_uppercase();
        for wrong in ["", "rekindle_", "rekindle_0707070707070707_", &text[1..], &text[..text.len() - 1], &upper] {
            assert_eq!(Shown::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_ends_by_its_time_or_by_hand() {
        let at = Timestamp::from_second;
        let grant = Grant {
            token: TokenId::parse("07").unwrap(),
            scopes: BTreeSet::from([Scope::Access]),
            environment: None,
            customer: None,
        };
        let made = at(1);
        let token = |expires_at, revoked_at| Token {
            grant: grant.clone(),
            note: String::new(),
            created_at: made,
            expires_at,
            revoked_at,
            last_used_at: None,
        };
        assert!(token(None, None).is_good(at(10)));
        assert!(token(Some(at(11)), None).is_good(at(10)));
        assert!(!token(Some(at(10)), None).is_good(at(10)));
        assert!(!token(None, Some(at(2))).is_good(at(10)));
    }
}
