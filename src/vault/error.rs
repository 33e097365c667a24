//! Why something could not be sealed or opened. The texts name keys by their ids and nothing else.

use crate::vault::keyring::KeyId;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no master key.
    #[error("people's data can't be sealed or opened without a master key: {0}")]
    Locked(String),
    /// It was sealed under a master key that is not at hand.
    #[error(
        "the master key {0} is not at hand; bring its key file back, or give it in master_key, or give up what was \
         sealed under it by `rekindle keys init --abandon {0}`"
    )]
    UnknownKey(KeyId),
    /// It was not sealed by this program, not under this key, or for another place; or it was changed since.
    #[error("it does not open: the row was damaged, changed or moved")]
    Damaged,
    /// It was sealed by a newer program.
    #[error("it was sealed in a form this program does not know; use the newer program")]
    NewerForm,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
}
