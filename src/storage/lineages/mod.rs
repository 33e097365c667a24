//! Lineages: which inquiry took the place of which, how people were let in, and how many sessions that took.

pub(super) mod admission;
pub(super) mod mute;
pub(super) mod session_token;
pub(super) mod sessions;
pub(super) mod succession;

pub use admission::{Means, Reserved};
pub use session_token::{KeptToken, TokenKey};
