//! How often things happened, by the hour.
//!
//! Whoever makes something happen appends a delta in its own transaction: rows nobody else writes, so nobody waits. One
//! process folds the deltas into a row for each hour; whoever reads adds what is not folded yet.

pub(super) mod fold;
pub(super) mod read;

pub use fold::Deltas;
pub use read::{Period, Point};

stored_words! {
    /// What is counted.
    Tally {
        /// A delivery was taken, however often its event came before.
        Delivered = "delivered",
        /// An event changed what is known.
        Applied = "applied",
        /// An event changed nothing.
        Ignored = "ignored",
        /// An event was known already.
        Duplicate = "duplicate",
        /// An event was kept aside.
        Quarantined = "quarantined",
        /// A body was not understood.
        Unreadable = "unreadable",
        /// A delivery was refused.
        Refused = "refused",
        /// An inquiry is over for the first time: its person is through.
        Finished = "finished",
        /// Of those, the ones whose person we had reminded, let in, or given a revived or new inquiry.
        CameBack = "came_back",
        /// A person was let in through us.
        LetIn = "let_in",
        /// A notice was handed over.
        Notified = "notified",
        /// An inquiry was revived or replaced.
        Renewed = "renewed",
        /// An action was performed, of whatever kind.
        Performed = "performed",
        /// An action was given up.
        GivenUp = "given_up",
    }
}
