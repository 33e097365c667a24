//! What an action does, by kind.

use std::fmt;

use crate::domain::ids::{InquiryId, NotifierName};
use crate::domain::lineage::Cause;
use crate::domain::rules::Step;
use crate::domain::subscription::Publication;
use crate::domain::time::Timestamp;

/// What an action does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Hand a notice with a fresh link to a notifier.
    Remind(Reminder),
    /// Resume an expired inquiry.
    Revive(Revival),
    /// Make a new inquiry in the place of one that no longer serves.
    Replace(Replacement),
    /// Tell the application that an inquiry took another one's place.
    Tell(Replaced),
    /// Expire an inquiry whose verification was finished in another one of its lineage.
    Expire(Finished),
    /// Hand a fresh access link to a notifier, because somebody came with one that no longer opens.
    Invite(Invitation),
    /// Let a step pass without reminding, because the person is held out to measure what reminding does.
    Hold(Held),
    /// Tell an application that subscribed to it what happened.
    Publish(Publication),
}

/// One reminder: a step of a rule, for one deadline, by one notifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The deadline the step counts from.
    pub deadline: Timestamp,
    /// Which step of the rule.
    pub step: Step,
    /// When the rule wants it; `due_at` may move with retries, this does not.
    pub step_due: Timestamp,
    /// Where quiet times or limits move it to.
    pub moved_to: Option<Timestamp>,
    /// Who is to be told.
    pub notifier: NotifierName,
}

impl Reminder {
    /// When the person is to be told: as the rule wants it, unless quiet times or limits move it.
    #[must_use]
    pub fn moment(&self) -> Timestamp {
        self.moved_to.unwrap_or(self.step_due)
    }
}

/// One revival: of one expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revival {
    /// When the inquiry expired.
    pub expired_at: Timestamp,
    /// Whether somebody came and waits, so that they need not be told.
    pub asked: bool,
}

/// One replacement: an inquiry is replaced once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Why.
    pub cause: Cause,
    /// Whether somebody came and waits.
    pub asked: bool,
}

/// What the application is told of a replacement, by one notifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The inquiry that was replaced.
    pub old: InquiryId,
    /// Why.
    pub cause: Cause,
    /// Who is to be told.
    pub notifier: NotifierName,
}

/// A new link that somebody asked for, by one notifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// When, in steps so wide that asking again and again makes one notice.
    pub asked_at: Timestamp,
    /// Who is to be told.
    pub notifier: NotifierName,
}

/// One step that somebody who is held out is not reminded at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The deadline the step counts from.
    pub deadline: Timestamp,
    /// Which step of the rule.
    pub step: Step,
    /// When the rule wants it; `due_at` may move with retries, this does not.
    pub step_due: Timestamp,
}

/// What makes an open inquiry needless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The inquiry of the same lineage that was finished.
    pub other: InquiryId,
}

/// The kinds of work, as operators name them; pausing and metrics go by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// See [`Work::Remind`].
    Remind,
    /// See [`Work::Revive`].
    Revive,
    /// See [`Work::Replace`].
    Replace,
    /// See [`Work::Tell`].
    Tell,
    /// See [`Work::Expire`].
    Expire,
    /// See [`Work::Invite`].
    Invite,
    /// See [`Work::Hold`].
    Hold,
    /// See [`Work::Publish`].
    Publish,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 8] =
        [Self::Remind, Self::Revive, Self::Replace, Self::Tell, Self::Expire, Self::Invite, Self::Hold, Self::Publish];

    /// The kind as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Remind => "remind",
            Self::Revive => "revive",
            Self::Replace => "replace",
            Self::Tell => "tell",
            Self::Expire => "expire",
            Self::Invite => "invite",
            Self::Hold => "hold",
            Self::Publish => "publish",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Work {
    /// The kind of this work.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Remind(_) => Kind::Remind,
            Self::Revive(_) => Kind::Revive,
            Self::Replace(_) => Kind::Replace,
            Self::Tell(_) => Kind::Tell,
            Self::Expire(_) => Kind::Expire,
            Self::Invite(_) => Kind::Invite,
            Self::Hold(_) => Kind::Hold,
            Self::Publish(_) => Kind::Publish,
        }
    }

    /// The reminder, where it is one.
    #[must_use]
    pub const fn reminder(&self) -> Option<&Reminder> {
        if let Self::Remind(reminder) = self { Some(reminder) } else { None }
    }

    /// The revival, where it is one.
    #[must_use]
    pub const fn revival(&self) -> Option<&Revival> {
        if let Self::Revive(revival) = self { Some(revival) } else { None }
    }

    /// The step that somebody is held out from, where it is one.
    #[must_use]
    pub const fn held(&self) -> Option<&Held> {
        if let Self::Hold(held) = self { Some(held) } else { None }
    }

    /// The news for a subscriber, where it is any.
    #[must_use]
    pub const fn publication(&self) -> Option<&Publication> {
        if let Self::Publish(publication) = self { Some(publication) } else { None }
    }

    /// When the plan first wanted it, where that is the moment of a step; work of other kinds has none.
    #[must_use]
    pub fn moment(&self) -> Option<Timestamp> {
        match self {
            Self::Remind(reminder) => Some(reminder.moment()),
            Self::Hold(held) => Some(held.step_due),
            _ => None,
        }
    }

    /// When the step of a rule that it stands for is due; work of other kinds stands for none.
    #[must_use]
    pub const fn step_due(&self) -> Option<Timestamp> {
        match self {
            Self::Remind(reminder) => Some(reminder.step_due),
            Self::Hold(held) => Some(held.step_due),
            _ => None,
        }
    }
}
