//! Reconciliation: how far it is in each environment, and what it has to look up.

pub(super) mod look;
pub(super) mod run;

pub use look::Silence;
pub use run::{Found, Holding, Reconciliation, Run};

stored_words! {
    /// Why a run began.
    Why {
        /// It was time.
        Schedule = "schedule",
        /// Nothing was delivered for a while.
        Silence = "silence",
        /// Somebody asked for it.
        Asked = "asked",
    }
}

stored_words! {
    /// How far a run is; each stage begins when the one before it is through.
    Stage {
        /// Inquiries that changed are searched for.
        Search = "search",
        /// Events that never came are fetched.
        Events = "events",
        /// Quarantined events are asked for.
        Quarantine = "quarantine",
        /// Inquiries that fell silent are read again.
        Reread = "reread",
        /// All of it is through.
        Done = "done",
    }
}
