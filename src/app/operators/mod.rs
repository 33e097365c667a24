//! Operators: known by a token or a session, and written down in what they do.

mod audit;
pub(in crate::app) mod oidc;
mod sessions;
mod sign_ins;
mod tokens;

pub use audit::{AuditError, AuditReport, DeedError};
pub use oidc::{ProviderSignIn, ProviderSignInError};
pub use sessions::{SignInError, SignedIn};
pub use sign_ins::{LINK_LIFETIME, Link};
pub use tokens::{NewOperatorToken, OperatorTokenError};

pub use crate::oidc::Returned;
pub use crate::storage::audit::DeedFilter;
