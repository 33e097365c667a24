//! What may still be asked of Persona, and who goes first.
//!
//! Persona answers so many requests a minute and environment, 300 by default, counts those of all keys, and says with
//! every answer what is left (<https://docs.withpersona.com/rate-limiting>). All processes keep one [`Ledger`] of it
//! per environment. A process takes a few calls from it at once into its [`Hand`], makes them, and gives back what it
//! did not use together with what the answers' headers said.
//!
//! A call that may be under way is always counted as if it were still to come: what is free is what the last answer
//! left, less everything in anybody's hand or under way. So no interleaving of processes goes above the limit.

mod hand;
mod ledger;

pub use hand::{Hand, Returned};
pub use ledger::{Grant, Holding, Ledger};

use std::fmt;

use jiff::SignedDuration;

use crate::domain::action::Kind;
use crate::domain::time::Timestamp;

/// The window in which calls are counted (<https://docs.withpersona.com/rate-limiting>).
pub const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// The longest wait that is believed when Persona, or something on the way, asks for one.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// A clock that goes back by more than this was set back. Those of two processes may differ by a few seconds, which is
/// no reason to believe anything else than before.
pub(super) const SET_BACK: SignedDuration = SignedDuration::from_secs(10);

/// How many calls a minute are made while Persona has not said its limit: a fifth of its default.
pub const CAREFUL_PACE: u32 = 60;

/// How urgent a call is, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// A person sits in front of a page.
    Waiting,
    /// A person is to be told in time.
    Reminder,
    /// An expired inquiry is made alive again.
    Revival,
    /// An inquiry is replaced by one of a newer version.
    Replacement,
    /// Something is looked up: reconciliation, an import, templates.
    Reading,
}

/// How many urgencies there are.
pub const URGENCIES: usize = Urgency::ALL.len();

/// The share that is always left for people who wait. Persona recommends to throttle below 15 per cent
/// (<https://docs.withpersona.com/rate-limiting>); a little more, because a person takes one call or two and at 300 a
/// minute this is enough for thirty people.
pub(super) const FOR_WAITING: u32 = 20;

/// The least that each class below reminders gets of a window, however busy reminders are: so nothing starves.
pub(super) const LEAST: u32 = 3;

/// Windows smaller than this have no least share: a single call of it would be too much.
pub(super) const SMALL: u32 = 20;

impl Urgency {
    /// Every urgency there is, the most urgent first.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Reminder, Self::Revival, Self::Replacement, Self::Reading];

    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Reminder => "reminder",
            Self::Revival => "revival",
            Self::Replacement => "replacement",
            Self::Reading => "reading",
        }
    }

    /// How urgent the calls of an action are.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Remind | Kind::Tell | Kind::Invite | Kind::Hold | Kind::Publish => Self::Reminder,
            Kind::Revive => Self::Revival,
            Kind::Replace | Kind::Expire => Self::Replacement,
        }
    }

    /// Its place in [`Urgency::ALL`].
    #[must_use]
    pub const fn place(self) -> usize {
        self as usize
    }

    /// How much of a window a class leaves to those above it, in per cent: each class the reserve of people who wait,
    /// and then more the less it matters when exactly it comes.
    pub(super) const fn leaves(self) -> u32 {
        match self {
            Self::Waiting => 0,
            Self::Reminder => FOR_WAITING,
            Self::Revival => 35,
            Self::Replacement => 50,
            Self::Reading => 60,
        }
    }

    /// The least that the class gets of a window of this size.
    pub(super) const fn least(self, size: u32) -> u32 {
        match self {
            Self::Waiting | Self::Reminder => 0,
            Self::Revival | Self::Replacement | Self::Reading if size < SMALL => 0,
            Self::Revival | Self::Replacement | Self::Reading => share(size, LEAST) + 1,
        }
    }
}

/// So many per cent of a number of calls, rounded down.
pub(super) const fn share(of: u32, percent: u32) -> u32 {
    // Per cent of a u32 is a u32.
    #[expect(clippy::cast_possible_truncation, reason = "at most 100 per cent of a u32")]
    let share = (of as u64 * percent as u64 / 100) as u32;
    share
}

impl fmt::Display for Urgency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The rate limit as an answer's headers told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Calls the window allows.
    pub limit: u32,
    /// Calls left in it.
    pub remaining: u32,
    /// When it begins anew, by our clock; rounded up, so never too early.
    pub resets_at: Timestamp,
}

/// An answer of 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// When the call was begun, by our clock: calls that were under way together are one refusal.
    pub begun_at: Timestamp,
    /// Until when nothing is to be asked, where the answer says so.
    pub until: Option<Timestamp>,
}

/// What a call's end tells of the budget. A call without an answer tells nothing, and may have been counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// The headers, where they were there.
    pub told: Option<Told>,
    /// That the limit refused it.
    pub refused: Option<Refused>,
}

/// Two windows of a minute end a minute apart, so answers whose windows end closer together than this are of one.
pub(super) const SAME: SignedDuration = SignedDuration::from_secs(30);

/// How the window of one telling lies to that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    Same,
    After,
}

pub(super) fn place(resets_at: Timestamp, known: Timestamp) -> Place {
    let gap = resets_at.since(known);
    if gap > SAME {
        Place::After
    } else if gap < -SAME {
        Place::Before
    } else {
        Place::Same
    }
}

impl Told {
    /// The same by a clock that was set back by so much.
    #[must_use]
    pub fn earlier(self, by: SignedDuration) -> Self {
        Self { resets_at: self.resets_at.minus(by), ..self }
    }

    /// What is known after another answer: answers overtake each other, and within a window the lower figure is the
    /// later one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match place(other.resets_at, self.resets_at) {
            Place::Before => self,
            Place::After => other,
            Place::Same => Self {
                limit: other.limit,
                remaining: self.remaining.min(other.remaining),
                // Each is rounded up, so the earlier one is the truer.
                resets_at: self.resets_at.min(other.resets_at),
            },
        }
    }
}

impl Refused {
    /// The same by a clock that was set back by so much.
    #[must_use]
    pub fn earlier(self, by: SignedDuration) -> Self {
        Self { begun_at: self.begun_at.minus(by), until: self.until.map(|until| until.minus(by)) }
    }

    /// Two refusals as one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { begun_at: self.begun_at.max(other.begun_at), until: self.until.max(other.until) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(remaining: u32, resets_at: i64) -> Told {
        Told { limit: 300, remaining, resets_at: Timestamp::from_second(resets_at) }
    }

    #[test]
    fn an_answer_that_was_overtaken_raises_nothing() {
        assert_eq!(told(10, 30).and(told(12, 31)), told(10, 30));
        assert_eq!(told(10, 30).and(told(299, 90)), told(299, 90), "a new window");
        assert_eq!(told(299, 90).and(told(10, 30)), told(299, 90), "an answer from the window before");
    }

    #[test]
    fn the_more_urgent_leaves_less_and_everyone_gets_something() {
        for pair in Urgency::ALL.windows(2) {
            assert!(pair[0].leaves() < pair[1].leaves(), "{pair:?}");
        }
        let least: u32 = Urgency::ALL.iter().map(|urgency| urgency.least(300)).sum();
        assert_eq!(least, 30);
        assert_eq!(Urgency::Reading.least(SMALL - 1), 0);
    }
}
