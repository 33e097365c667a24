//! Events: each stored exactly once, kept as received, with what became of it.

pub(super) mod list;
pub(super) mod plain;
pub(super) mod read;
pub(super) mod record;

pub use list::EventFilter;
pub use plain::PlainBody;
pub use read::StoredEvent;
pub use record::{EventKey, NewEvent};

stored_words! {
    /// How an event reached us.
    Origin {
        /// Delivered by Persona.
        Webhook = "webhook",
        /// Fetched from Persona's API.
        Api = "api",
        /// Brought in by an operator.
        Import = "import",
    }
}

stored_words! {
    /// What became of an event.
    Outcome {
        /// It changed what is known.
        Applied = "applied",
        /// It changed nothing; the reason says why.
        Ignored = "ignored",
        /// Kept aside until it is trusted.
        Quarantined = "quarantined",
        /// Verified, but not understood.
        Unreadable = "unreadable",
        /// Kept aside, and then decided against; the reason says why.
        Discarded = "discarded",
    }
}
