//! What happened to an inquiry, in one order: by Persona's clock what Persona says, by ours everything else.

use crate::domain::time::Timestamp;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// An event came: applied, ignored with a reason, or kept aside.
    Event,
    /// An action was planned.
    Planned,
    /// An action was tried.
    Attempt,
    /// A notice was handed over.
    Notice,
    /// An action ended without an attempt.
    Ended,
    /// An access link was made.
    Link,
    /// An access link was opened; the latest opening of each.
    Opened,
    /// An access link was revoked.
    Revoked,
    /// Its person was let in.
    Admitted,
    /// Another inquiry took its place, or it another one's.
    Replaced,
    /// It was read at Persona; the latest reading.
    Read,
    /// An operator did something.
    Deed,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When: an event by Persona's clock, everything else by ours.
    pub at: Timestamp,
    /// What kind of thing.
    pub what: What,
    /// The id of the event, action, link or inquiry it is about.
    pub id: String,
    /// In words: an event's name, what an action does.
    pub words: String,
    /// What became of it, in a word.
    pub outcome: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who: a worker, or an operator.
    pub who: Option<String>,
}

impl What {
    /// As a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Planned => "planned",
            Self::Attempt => "attempt",
            Self::Notice => "notice",
            Self::Ended => "ended",
            Self::Link => "link",
            Self::Opened => "opened",
            Self::Revoked => "revoked",
            Self::Admitted => "admitted",
            Self::Replaced => "replaced",
            Self::Read => "read",
            Self::Deed => "deed",
        }
    }
}
