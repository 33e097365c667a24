//! Operators: known by a token or a session, and written down in what they do.

mod audit;
mod secret;
mod sessions;
mod sign_ins;
mod tokens;

pub use audit::{AuditError, AuditReport};
pub use sessions::{SignInError, SignedIn};
pub use sign_ins::{LINK_LIFETIME, Link};
pub use tokens::{NewOperatorToken, OperatorTokenError};

pub use crate::storage::audit::DeedFilter;
