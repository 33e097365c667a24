//! The operator's OpenID provider: asked who somebody is that comes back from it.
//!
//! The authorization code flow with PKCE, and nothing of the rest (<https://openid.net/specs/openid-connect-core-1_0.html>,
//! <https://www.rfc-editor.org/rfc/rfc7636>). What can be decided without asking, the checks of an ID token, is in
//! `id_token` and takes the time as an argument.

mod discovery;
mod error;
mod id_token;
mod keys;
mod provider;
mod sign_in;

pub use error::OidcError;
pub use provider::{Provider, ProviderSettings};
pub use sign_in::{Begun, Browser, Identity, Returned};
