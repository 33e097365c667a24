//! Tokens: what one looks like, and what an application that shows one may do.
//!
//! An application's token is `rekindle_<id>_<secret>`, an operator's `rekindle_operator_<id>_<secret>`. The id is found in
//! lists and logs of ours; of the secret, 32 random bytes, only the hash is kept. For something that long and random
//! SHA-256 is enough: there is nothing to be guessed.

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::ids::{CustomerName, EnvironmentName, TokenId};
use crate::domain::time::Timestamp;

/// Whose tokens are of one kind. A text says which, and neither is ever taken for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// An application: its grant is a [`Grant`].
    Application,
    /// Somebody who works with Rekindle itself: see [`crate::domain::operator`].
    Operator,
}

impl Bearer {
    /// What their tokens begin with, so that scanners for leaked secrets know them. No id looks like `operator`.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Application => "rekindle_",
            Self::Operator => "rekindle_operator_",
        }
    }
}

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
    /// Takes a text apart; `None` for what is no token of that kind by its form.
    #[must_use]
    pub fn parse(bearer: Bearer, text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(bearer.prefix())?.split_once('_')?;
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let form = id.len() == 16 && secret.len() == 2 * SECRET_BYTES && plain(id) && plain(secret);
        form.then(|| TokenId::parse(id).ok()).flatten().map(|id| Self { id, secret })
    }

    /// Whether this is what was hashed and kept. What is not there is compared as well, with what nothing hashes to, so
    /// that the time it takes does not tell which ids there are.
    #[must_use]
    pub fn is(&self, kept: Option<&[u8]>) -> bool {
        hash(self.secret).ct_eq(kept.unwrap_or(&[0; 32])).into()
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A token from what is random about it: its text, which is a secret, its id, and the hash to keep.
#[must_use]
pub fn make(bearer: Bearer, id: [u8; 8], secret: [u8; SECRET_BYTES]) -> (String, String, [u8; 32]) {
    let (id, secret) = (hex::encode(id), hex::encode(secret));
    let hash = hash(&secret);
    (format!("{}{id}_{secret}", bearer.prefix()), id, hash)
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Bearer; 2] = [Bearer::Application, Bearer::Operator];

    #[test]
    fn what_is_made_is_understood_and_shows_nothing() {
        for bearer in BOTH {
            let (text, id, hash) = make(bearer, [7; 8], [9; 32]);
            let shown = Shown::parse(bearer, &text).unwrap();
            assert_eq!((shown.id.as_str(), shown.is(Some(&hash)), shown.is(None)), (id.as_str(), true, false));
            assert!(!format!("{shown:?}").contains("0909"));
            let (other, ..) = make(bearer, [7; 8], [8; 32]);
            assert!(!Shown::parse(bearer, &other).unwrap().is(Some(&hash)));
        }
    }

    #[test]
    fn what_has_another_form_is_no_token() {
        for bearer in BOTH {
            let (text, ..) = make(bearer, [7; 8], [9; 32]);
            let (upper, without_secret) = (text.to_uppercase(), format!("{}0707070707070707_", bearer.prefix()));
            for wrong in ["", bearer.prefix(), &without_secret, &text[1..], &text[..text.len() - 1], &upper] {
                assert_eq!(Shown::parse(bearer, wrong), None, "{wrong}");
            }
        }
    }

    #[test]
    fn neither_kind_of_token_is_ever_taken_for_the_other() {
        let text = |bearer| make(bearer, [7; 8], [9; 32]).0;
        assert_eq!(Shown::parse(Bearer::Application, &text(Bearer::Operator)), None);
        assert_eq!(Shown::parse(Bearer::Operator, &text(Bearer::Application)), None);
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
