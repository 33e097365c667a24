//! What is wanted for one inquiry: reminders, a revival, a replacement, or peace.

use std::fmt;

use crate::domain::action::{Planned, Revival, Work};
use crate::domain::ids::InquiryId;
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::lineage::succeeded;
use crate::domain::plan::person::{Bound, age_key};
use crate::domain::plan::{Situation, planned};
use crate::domain::rules::Step;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// What is wanted for one inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The person has to finish and can be reminded.
    Reminded {
        /// The deadline the reminders count from.
        deadline: Timestamp,
        /// The reminders that should exist, each in time order.
        reminders: Vec<Planned>,
        /// The steps for which quiet times and limits leave no moment.
        left_out: Vec<Step>,
        /// Its replacement in advance, where a newer version of its template was published.
        replacement: Option<Planned>,
        /// Whether the person is held out, to measure what reminding does: then no step of the rules reminds them.
        held_out: bool,
    },
    /// It ran out, and is to be resumed for the person.
    Revived(Planned),
    /// It is being replaced.
    Replaced(Planned),
    /// Nobody is troubled, and why.
    Quiet(Quiet),
}

/// Why nobody is troubled about an inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quiet {
    /// Only heard of in passing.
    StatusUnknown,
    /// Its status leaves nothing to remind of.
    Status(Status),
    /// The person's data was erased.
    Redacted,
    /// Another inquiry took its place.
    ReplacedBy(InquiryId),
    /// The person has a newer open inquiry for the same template.
    NewerOpen(InquiryId),
    /// The person is to get into another inquiry for the same template.
    Elsewhere(InquiryId),
    /// The person finished another inquiry after this one was made, or in its place.
    FinishedAnother(InquiryId),
    /// An operator muted its lineage.
    Muted,
    /// The person does not want to be told, by any of the notifiers.
    Suppressed,
    /// So much was tried that it is enough.
    GivenUp(Bound),
    /// Nobody says when it ends.
    NoDeadline,
    /// It ended before we could act.
    DeadlinePassed(Timestamp),
    /// The rules name no notifier.
    NobodyToTell,
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StatusUnknown => f.write_str("its status is not known"),
            Self::Status(status) => write!(f, "it is {status}"),
            Self::Redacted => f.write_str("it was redacted"),
            Self::ReplacedBy(id) => write!(f, "another inquiry took its place, {id}"),
            Self::NewerOpen(id) => write!(f, "the person has a newer open inquiry, {id}"),
            Self::Elsewhere(id) => write!(f, "the person is to get into another inquiry, {id}"),
            Self::FinishedAnother(id) => write!(f, "the person finished another inquiry, {id}"),
            Self::Muted => f.write_str("its lineage is muted"),
            Self::Suppressed => f.write_str("the person does not want to be told"),
            Self::GivenUp(bound) => write!(f, "given up: {bound}"),
            Self::NoDeadline => f.write_str("nothing says when it expires"),
            Self::DeadlinePassed(at) => write!(f, "its deadline, {at}, has passed"),
            Self::NobodyToTell => f.write_str("the rules of its template name no notifier"),
        }
    }
}

impl Standing {
    /// The actions it wants.
    pub fn wanted(&self) -> impl Iterator<Item = &Planned> {
        let (many, one): (&[Planned], Option<&Planned>) = match self {
            Self::Reminded { reminders, replacement, .. } => (reminders, replacement.as_ref()),
            Self::Revived(action) | Self::Replaced(action) => (&[], Some(action)),
            Self::Quiet(_) => (&[], None),
        };
        many.iter().chain(one)
    }
}

impl Situation<'_> {
    /// What is wanted for one inquiry of the group.
    #[must_use]
    pub fn standing(&self, inquiry: &Inquiry) -> Standing {
        let standing = match self.lineages.succession(&inquiry.id) {
            Some(succession) => succeeded(inquiry, succession),
            None => self.standing_alone(inquiry),
        };
        standing.unwrap_or_else(Standing::Quiet)
    }

    /// What is wanted for an inquiry that is not being replaced.
    fn standing_alone(&self, inquiry: &Inquiry) -> Result<Standing, Quiet> {
        let status = inquiry.status().ok_or(Quiet::StatusUnknown)?;
        if inquiry.known.redacted_at().is_some() {
            return Err(Quiet::Redacted);
        }
        if !status.is_open() && *status != Status::Expired {
            return Err(Quiet::Status(status.clone()));
        }
        if *status == Status::Expired && !self.is_revived_in_advance(inquiry) {
            return Err(Quiet::Status(Status::Expired));
        }
        if let Some(other) = self.finished_instead(inquiry) {
            return Err(Quiet::FinishedAnother(other.id.clone()));
        }
        if *status == Status::Expired {
            self.elsewhere(inquiry).map_or(Ok(()), |other| Err(Quiet::Elsewhere(other)))?;
        } else if let Some(newer) = self.newer_open(inquiry) {
            return Err(Quiet::NewerOpen(newer.id.clone()));
        }
        if self.lineages.is_muted(&inquiry.id) {
            return Err(Quiet::Muted);
        }
        if *status == Status::Expired { self.revived(inquiry) } else { self.reminded(inquiry) }
    }

    fn reminded(&self, inquiry: &Inquiry) -> Result<Standing, Quiet> {
        let deadline = inquiry.deadline(self.rules.lifetime).ok_or(Quiet::NoDeadline)?;
        if deadline <= self.now {
            return Err(Quiet::DeadlinePassed(deadline));
        }
        let replacement = self.replacement_in_advance(inquiry);
        if self.rules.notify.is_empty() && replacement.is_none() {
            return Err(Quiet::NobodyToTell);
        }
        if self.channels(inquiry).next().is_none() && replacement.is_none() {
            return Err(Quiet::Suppressed);
        }
        if self.is_past(Bound::Age, inquiry) && replacement.is_none() {
            return Err(Quiet::GivenUp(Bound::Age));
        }
        let held_out = self.is_held_out(inquiry);
        let (reminders, left_out) = self.reminders(inquiry, deadline, held_out);
        Ok(Standing::Reminded { deadline, reminders, left_out, replacement, held_out })
    }

    /// Whether an expired inquiry is one that is resumed before anyone asks: its time ran out by itself, it is young,
    /// and its reminders go on afterwards.
    fn is_revived_in_advance(&self, inquiry: &Inquiry) -> bool {
        self.rules.access.revive_after.is_some()
            && !self.rules.reminders.is_empty()
            && self.channels(inquiry).next().is_some()
            && inquiry.ran_out(self.rules.lifetime)
            && self.can_be_resumed(inquiry)
    }

    fn revived(&self, inquiry: &Inquiry) -> Result<Standing, Quiet> {
        let bounds = [Bound::Revivals, Bound::Notices, Bound::Age];
        if let Some(bound) = bounds.into_iter().find(|bound| self.is_past(*bound, inquiry)) {
            return Err(Quiet::GivenUp(bound));
        }
        let expired_at = inquiry.last_expired.ok_or(Quiet::Status(Status::Expired))?;
        let due_at = expired_at.plus(self.rules.access.revive_after.unwrap_or_default());
        let work = Work::Revive(Revival { expired_at, asked: false });
        // Somebody came meanwhile and waits: the same revival, already marked so.
        let wish = planned(inquiry, work, due_at);
        let begun = self.actions.iter().find(|action| action.planned.key == wish.key);
        let work = begun.map_or(wish.work.clone(), |action| action.planned.work.clone());
        Ok(Standing::Revived(Planned { work, ..wish }))
    }

    /// The newest open inquiry of the person, where it is newer than this one.
    fn newer_open(&self, inquiry: &Inquiry) -> Option<&Inquiry> {
        let newer = |other: &&Inquiry| age_key(other) > age_key(inquiry) && self.is_open_in_time(other);
        self.group.iter().filter(newer).max_by_key(|other| age_key(other))
    }

    /// Whether an inquiry is where the person is to be sent: open, not given away, and not past its deadline.
    fn is_open_in_time(&self, inquiry: &Inquiry) -> bool {
        inquiry.status().is_some_and(Status::is_open)
            && inquiry.known.redacted_at().is_none()
            && inquiry.deadline(self.rules.lifetime).is_none_or(|deadline| deadline > self.now)
            && self.lineages.succession(&inquiry.id).is_none()
    }
}
