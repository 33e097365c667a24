//! Actions: planned pieces of work, each with a due time, a key that is unique for ever, and an end with a reason.

mod work;

use std::fmt;

use jiff::SignedDuration;

use crate::domain::ids::{ActionId, EnvironmentName, InquiryId};
use crate::domain::subscription::Publication;
use crate::domain::time::Timestamp;

pub use self::work::{Finished, Held, Invitation, Kind, Reminder, Replaced, Replacement, Revival, Work};

/// What makes an action the same action however often it is planned: kind / inquiry / what applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DedupeKey(String);

impl DedupeKey {
    /// The key of a piece of work for an inquiry.
    #[must_use]
    pub fn of(inquiry: &InquiryId, work: &Work) -> Self {
        match work {
            Work::Remind(Reminder { deadline, step, notifier, .. }) => {
                Self(format!("remind/{inquiry}/{}/{step}/{notifier}", deadline.as_second()))
            }
            Work::Revive(Revival { expired_at, .. }) => Self(format!("revive/{inquiry}/{}", expired_at.as_second())),
            Work::Replace(_) => Self(format!("replace/{inquiry}")),
            Work::Tell(Replaced { old, notifier, .. }) => Self(format!("tell/{inquiry}/replaced/{old}/{notifier}")),
            Work::Expire(_) => Self(format!("expire/{inquiry}")),
            Work::Hold(Held { deadline, step, .. }) => Self(format!("hold/{inquiry}/{}/{step}/", deadline.as_second())),
            Work::Publish(Publication { subscription, news, .. }) => {
                Self(format!("publish/{inquiry}/{}/{subscription}", news.mark()))
            }
            Work::Invite(Invitation { asked_at, notifier }) => {
                Self(format!("invite/{inquiry}/{}/{notifier}", asked_at.as_second()))
            }
        }
    }

    /// A key as it was stored.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An action that should exist, as the plan has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Derived from environment and key.
    pub id: ActionId,
    /// The environment of its inquiry.
    pub environment: EnvironmentName,
    /// The inquiry it is for.
    pub inquiry: InquiryId,
    /// What makes it the same however often it is planned.
    pub key: DedupeKey,
    /// What is to be done.
    pub work: Work,
    /// When.
    pub due_at: Timestamp,
}

/// How far an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Waits for its time, or for its next attempt.
    Planned,
    /// A worker holds its lease.
    Running,
    /// Performed.
    Done,
    /// Given up: a dead letter, with its reason.
    Failed,
    /// No longer wanted: by the plan or by an operator.
    Cancelled,
}

impl State {
    /// Every state there is.
    pub const ALL: [Self; 5] = [Self::Planned, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The state as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a state as [`State::as_str`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who cancelled an action. What the plan cancelled the plan may want again; what an operator cancelled stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledBy {
    /// The plan no longer wanted it.
    Plan,
    /// A person decided so.
    Operator,
}

impl CancelledBy {
    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Operator => "operator",
        }
    }

    /// Reads what [`CancelledBy::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Plan, Self::Operator].into_iter().find(|by| by.as_str() == text)
    }
}

/// An action as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What was planned; `due_at` is the next attempt's time.
    pub planned: Planned,
    /// How far it is.
    pub state: State,
    /// Attempts begun so far.
    pub attempts: u32,
    /// Attempts after which it is given up.
    pub max_attempts: u32,
    /// Which idempotency key outgoing calls carry; rises after a stored 4xx or 5xx.
    pub generation: u32,
    /// Who cancelled it.
    pub cancelled_by: Option<CancelledBy>,
    /// The last error, or why it ended as it did.
    pub reason: Option<String>,
    /// When it was first planned, by our clock.
    pub created_at: Timestamp,
    /// When it ended, by our clock.
    pub finished_at: Option<Timestamp>,
}

/// Attempts after which an action is given up, unless its kind says otherwise: with [`backoff`] that is about 3 hours.
pub const DEFAULT_MAX_ATTEMPTS: u32 = 12;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Performed.
    Done,
    /// Try again.
    Retry {
        /// What went wrong; free of secrets and of people's data.
        error: String,
        /// When to try again; `None` leaves it to [`backoff`].
        at: Option<Timestamp>,
        /// Whether the next try needs a new idempotency key.
        new_key: bool,
    },
    /// Not tried for lack of something everyone shares, such as what may be asked of Persona: no attempt is counted.
    Postpone {
        /// What was lacking.
        reason: String,
        /// When there will be more.
        until: Timestamp,
    },
    /// Never again: a dead letter.
    GiveUp {
        /// Why; free of secrets and of people's data.
        reason: String,
        /// Whether another try, by an operator's hand, needs a new idempotency key.
        new_key: bool,
    },
    /// No longer wanted, found out at the last moment.
    Cancel {
        /// Why.
        reason: String,
        /// Whether another try, should it be wanted again, needs a new idempotency key.
        new_key: bool,
    },
}

/// What an action becomes after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Where it ends, or when it goes on.
    pub end: End,
    /// Which idempotency key its outgoing calls carry from here on.
    pub generation: u32,
    /// Whether the attempt counts among those after which it is given up.
    pub counts: bool,
}

/// Where an action ends, or when it goes on. Reasons are free of secrets and of people's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Performed.
    Done,
    /// To be tried again.
    Again {
        /// When.
        due_at: Timestamp,
        /// What went wrong.
        reason: String,
    },
    /// Given up.
    Failed {
        /// Why.
        reason: String,
    },
    /// No longer wanted.
    Cancelled {
        /// Why.
        reason: String,
        /// Who found so.
        by: CancelledBy,
    },
}

impl Action {
    /// What the action becomes when its present attempt ended with an outcome.
    ///
    /// A retry that could only come after the deadline is given up now: a reminder nobody got must be seen.
    #[must_use]
    pub fn settled(&self, outcome: Outcome, now: Timestamp) -> Settled {
        let counts = !matches!(outcome, Outcome::Postpone { .. });
        let (end, new_key) = match outcome {
            Outcome::Done => (End::Done, false),
            Outcome::GiveUp { reason, new_key } => (End::Failed { reason }, new_key),
            Outcome::Cancel { reason, new_key } => (End::Cancelled { reason, by: CancelledBy::Plan }, new_key),
            Outcome::Retry { error, at, new_key } => {
                let due_at = at.unwrap_or_else(|| now.plus(backoff(&self.planned.id, self.attempts)));
                let last = self.attempts >= self.max_attempts;
                let given_up = || End::Failed { reason: format!("given up after {} attempts: {error}", self.attempts) };
                (if last { given_up() } else { self.again(error, due_at.max(now)) }, new_key)
            }
            Outcome::Postpone { reason, until } => (self.again(reason, until.max(now)), false),
        };
        Settled { end, generation: self.generation + u32::from(new_key), counts }
    }

    fn again(&self, error: String, due_at: Timestamp) -> End {
        let deadline = self.planned.work.reminder().map(|reminder| reminder.deadline);
        if deadline.is_some_and(|deadline| due_at >= deadline) {
            End::Failed { reason: format!("given up, the deadline comes before the next try: {error}") }
        } else {
            End::Again { due_at, reason: error }
        }
    }
}

/// How long to wait after a failed attempt (1 is the first): 5 s doubling up to an hour, less up to a fifth.
///
/// Persona recommends 5, 10, 20, 40 s (<https://docs.withpersona.com/rate-limiting>). The jitter comes from the
/// action's id and attempt, so it needs no randomness and two actions never march in step.
#[must_use]
pub fn backoff(action: &ActionId, attempt: u32) -> SignedDuration {
    let base = 5_000_i64 << attempt.saturating_sub(1).min(10);
    let base = base.min(3_600_000);
    let seed = action
        .as_str()
        .bytes()
        .fold(u64::from(attempt), |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let less = base / 5 * i64::try_from(seed >> 40 & 0xff).unwrap_or(0) / 256;
    SignedDuration::from_millis(base - less)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_is_bounded_and_has_jitter() {
        let id = ActionId::parse("a").unwrap();
        let waits: Vec<i128> = (1..=20).map(|attempt| backoff(&id, attempt).as_millis()).collect();
        assert!((4_000..=5_000).contains(&waits[0]), "{waits:?}");
        assert!((8_000..=10_000).contains(&waits[1]), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= 3_600_000), "{waits:?}");
        assert_ne!(backoff(&id, 3), backoff(&ActionId::parse("b").unwrap(), 3));
        assert!(backoff(&id, u32::MAX).is_positive());
    }

    #[test]
    fn states_survive_a_round_trip() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
    }
}
