//! Operators: who somebody is that works with Rekindle itself, and the tokens they are known by.
//!
//! Not to be mixed with [`crate::domain::token`], which is for applications: what those are granted opens nothing
//! here, and an operator's token opens nothing there.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::act::{Act, Role};
use crate::domain::ids::{EnvironmentName, TokenId};
use crate::domain::time::Timestamp;
use crate::domain::token::{PREFIX, SECRET_BYTES};

/// By what somebody is known to be who they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// A token that was shown with the request.
    Token(TokenId),
    /// A session in a browser, and the token it was begun with, where it was.
    Session(Option<TokenId>),
    /// A shell on a machine that has the configuration.
    CommandLine,
}

/// Somebody who works with Rekindle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// A name that says where it comes from: `token:<note>`, `oidc:<claim>`, `link:<whoever made it>`, `cli:<user>`.
    pub who: String,
    /// What they may do.
    pub role: Role,
    /// In this environment only.
    pub environment: Option<EnvironmentName>,
    /// How they are known.
    pub how: How,
    /// Where the request came from; `None` on the command line.
    pub address: Option<String>,
}

/// An operator's token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorToken {
    /// Its id, which is no secret.
    pub id: TokenId,
    /// Whose it is, or what it is for.
    pub note: String,
    /// What it allows.
    pub role: Role,
    /// In this environment only.
    pub environment: Option<EnvironmentName>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it allows nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

/// An operator's token as somebody shows it; whether it is one is not known yet.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownToken<'a> {
    /// Which token it says it is.
    pub id: TokenId,
    secret: &'a str,
}

/// Between the prefix of every token of ours and an operator's id. No application's id looks like that.
const MARK: &str = "operator_";

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Session(None) => f.write_str("session"),
            Self::Session(Some(id)) => write!(f, "session:{id}"),
            Self::CommandLine => f.write_str("cli"),
        }
    }
}

impl Operator {
    /// Whoever has a shell: they have the configuration, and with it the database.
    #[must_use]
    pub fn at_the_command_line(user: &str) -> Self {
        let who = format!("cli:{user}");
        Self { who, role: Role::Admin, environment: None, how: How::CommandLine, address: None }
    }

    /// Whether this environment is theirs to see.
    #[must_use]
    pub fn sees(&self, environment: &EnvironmentName) -> bool {
        self.environment.as_ref().is_none_or(|own| own == environment)
    }

    /// Whether they may do that in all environments.
    #[must_use]
    pub fn may_everywhere(&self, act: Act) -> bool {
        self.environment.is_none() && self.role.may(act)
    }

    /// Whether they may do that in an environment.
    #[must_use]
    pub fn may(&self, act: Act, environment: &EnvironmentName) -> bool {
        self.role.may(act) && self.sees(environment)
    }
}

impl OperatorToken {
    /// Whether it allows anything.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

impl<'a> ShownToken<'a> {
    /// Takes a text apart; `None` for what is no operator's token by its form.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.strip_prefix(MARK)?.split_once('_')?;
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

impl fmt::Debug for ShownToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A token from what is random about it: its text, which is a secret, its id, and the hash to keep.
#[must_use]
pub fn make(id: [u8; 8], secret: [u8; SECRET_BYTES]) -> (String, String, [u8; 32]) {
    let (id, secret) = (hex::encode(id), hex::encode(secret));
    let hash = hash(&secret);
    (format!("{PREFIX}{MARK}{id}_{secret}"), id, hash)
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::token;

    #[test]
    fn what_is_made_is_understood_and_shows_nothing() {
        let (text, id, hash) = make([7; 8], [9; 32]);
        let shown = ShownToken::parse(&text).unwrap();
        assert_eq!((shown.id.as_str(), shown.hash()), (id.as_str(), hash));
        assert!(!format!("{shown:?}").contains("0909"));
        for wrong in ["", "rekindle_operator_", &text[1..], &text[..text.len() - 1], &text.to_uppercase()] {
            assert_eq!(ShownToken::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn neither_kind_of_token_is_ever_taken_for_the_other() {
        let (operators, ..) = make([7; 8], [9; 32]);
        let (applications, ..) = token::make([7; 8], [9; 32]);
        assert_eq!(token::Shown::parse(&operators), None);
        assert_eq!(ShownToken::parse(&applications), None);
    }

    #[test]
    fn who_is_bound_to_an_environment_sees_no_other() {
        let name = |text| EnvironmentName::parse(text).unwrap();
        let all = Operator::at_the_command_line("ada");
        let bound = Operator { environment: Some(name("sandbox")), ..all.clone() };
        assert!(all.may(Act::Retry, &name("production")) && all.may_everywhere(Act::CreateToken));
        assert!(bound.may(Act::Retry, &name("sandbox")));
        assert!(!bound.may(Act::Look, &name("production")) && !bound.may_everywhere(Act::Look));
    }
}
