//! Operators: who somebody is that works with Rekindle itself, and the tokens they are known by.
//!
//! Not to be mixed with [`crate::domain::token`], which is for applications: what those are granted opens nothing
//! here, and an operator's token opens nothing there.

use std::fmt;

use crate::domain::act::{Act, Role};
use crate::domain::ids::{EnvironmentName, TokenId};
use crate::domain::time::Timestamp;

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

#[cfg(test)]
mod tests {
    use super::*;

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
