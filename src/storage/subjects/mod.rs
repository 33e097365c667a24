//! Whom payloads are about, and the keys that these are sealed under.

pub(super) mod destroy;
pub(super) mod keys;
pub(super) mod masters;
pub(super) mod references;

use crate::domain::ids::EnvironmentName;
use crate::domain::subject::SubjectId;

pub use masters::{MasterKeyUse, Resealed};

/// A subject and its environment.
pub type SubjectRef = (EnvironmentName, SubjectId);

stored_words! {
    /// Why a subject's key was destroyed.
    Because {
        /// Persona erased what it knew: what comes later is not kept.
        Redacted = "redacted",
        /// Its payloads served their time: what happened before is not kept if it comes late.
        Retention = "retention",
        /// The master key it was sealed under is lost: what comes later gets a new key.
        MasterKeyLost = "master key lost",
    }
}
