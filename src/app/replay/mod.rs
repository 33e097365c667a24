//! Many things done again, as one durable piece of work: a preview, a start, steps that any process can go on with, and a
//! report.
//!
//! What is chosen is walked in stretches, the oldest first. Of each action the guard is asked, and those that the plan
//! still wants are made due in the transaction that counts them, so a replay that stops anywhere goes on from its last
//! stretch. A worker asks the guard once more. So many wait for their end at most, whatever the number: where the cause is
//! not mended, a replay stops by itself instead of burning through everything.

mod again;
mod judge;
mod look;
mod pace;
mod preview;
mod run;
mod words;

use crate::app::desk::ActError;
use crate::domain::deed::NoReason;
use crate::domain::ids::{CustomerName, ReplayId};
use crate::storage::StorageError;

pub use self::run::WAITING;
pub use self::words::in_words;
pub use crate::storage::replays::Reason as BecameOf;
pub use crate::storage::replays::{
    ActionChoice, Became, Choice, Counts, Ended, EventChoice, Group, Preview, ReasonMatch, Replay, ReplayFilter,
    ReplayState,
};

/// The most ids that a choice can name.
pub const MOST_IDS: usize = 1_000;

/// The most that are counted for a preview; where more match, it says so.
pub const MOST_COUNTED: u64 = 100_000;

/// Of so many at most a preview asks whether they would be passed over: of all of them while there are no more, else of
/// an even sample.
pub const MOST_ASKED: usize = 1_000;

/// What an operator wants of a replay that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayChange {
    /// Hold it where it is; what was made due already is performed.
    Pause,
    /// Go on with it.
    Resume,
    /// End it; what was made due already is performed.
    Cancel,
}

/// Why a replay was not previewed, started or changed; worded for operators.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// As for every act.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The preview is too old.
    #[error("this preview has expired; look once more at what it would do, and start that")]
    Expired,
    /// There is nothing to do.
    #[error("nothing matches any more, so there is nothing to start")]
    Nothing,
    /// It is not what was looked at.
    #[error(
        "{then} matched when it was previewed, and {now} match now; look once more at what it would do, and start that"
    )]
    Differs {
        /// How many matched then.
        then: u64,
        /// How many match now.
        now: u64,
    },
    /// The same is under way.
    #[error("replay {0} of the same choice is under way; wait for its end, or cancel it")]
    Alike(ReplayId),
    /// It is not in a state for that.
    #[error("replay {id} is {state}; only one that is {wanted} can be {verb}")]
    WrongState {
        /// Which.
        id: ReplayId,
        /// How it stands.
        state: ReplayState,
        /// How it would have to.
        wanted: &'static str,
        /// What was asked, as a participle.
        verb: &'static str,
    },
    /// Nobody of that name is configured.
    #[error("no customer {0} is configured")]
    UnknownCustomer(CustomerName),
    /// Too much was named.
    #[error("name at most {MOST_IDS} ids; choose by reason, kind or time instead")]
    TooManyIds,
}

impl From<StorageError> for ReplayError {
    fn from(error: StorageError) -> Self {
        Self::Act(error.into())
    }
}

impl From<NoReason> for ReplayError {
    fn from(error: NoReason) -> Self {
        Self::Act(error.into())
    }
}

impl ReplayChange {
    /// What is done, in a word.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
        }
    }

    /// The state a replay has to be in, the one it is in then, and both in words.
    pub(super) fn states(self) -> (&'static [ReplayState], ReplayState, &'static str, &'static str) {
        match self {
            Self::Pause => (&[ReplayState::Running], ReplayState::Paused, "running", "paused"),
            Self::Resume => (&[ReplayState::Paused], ReplayState::Running, "paused", "resumed"),
            Self::Cancel => {
                (&[ReplayState::Running, ReplayState::Paused], ReplayState::Cancelled, "running or paused", "cancelled")
            }
        }
    }
}
