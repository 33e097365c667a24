//! What a person's inquiries mean for one another, and how far we go for one verification.

use std::fmt;

use crate::domain::action::{Action, State, Work};
use crate::domain::ids::{InquiryId, NotifierName};
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage::Cause;
use crate::domain::plan::Situation;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// A bound of one verification that the rules set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// It was revived as often as the rules allow.
    Revivals,
    /// It was begun anew as often as the rules allow.
    Replacements,
    /// The person was told as often as the rules allow.
    Notices,
    /// It goes on for longer than the rules allow.
    Age,
}

impl Bound {
    /// Every bound there is.
    pub const ALL: [Self; 4] = [Self::Revivals, Self::Replacements, Self::Notices, Self::Age];

    /// The bound as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revivals => "revivals",
            Self::Replacements => "replacements",
            Self::Notices => "notices",
            Self::Age => "age",
        }
    }

    /// Reads what [`Bound::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bound| bound.as_str() == text)
    }
}

/// How much more often a verification is begun anew for new versions than otherwise: who publishes often must not lock
/// people out, and a wrong belief about what is the latest must end.
const VERSIONS_MORE: usize = 5;

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revivals => "it was revived as often as the rules allow",
            Self::Replacements => "it was replaced as often as the rules allow",
            Self::Notices => "the person was told as often as the rules allow",
            Self::Age => "it was begun longer ago than the rules allow",
        })
    }
}

impl Situation<'_> {
    /// Whether so much was done for the verification an inquiry stands for.
    pub(in crate::domain) fn is_past(&self, bound: Bound, inquiry: &Inquiry) -> bool {
        let rules = &self.rules.access;
        match bound {
            Bound::Revivals => self.revivals(inquiry) >= count(rules.max_revivals),
            Bound::Replacements => {
                let (made, most) = (self.lineages.replacements(&inquiry.id), count(rules.max_replacements));
                made.otherwise >= most || made.for_versions >= most * VERSIONS_MORE
            }
            Bound::Notices => {
                let most = count(self.rules.max_reminders);
                self.rules.notify.iter().all(|notifier| self.sent(inquiry, notifier).count() >= most)
            }
            Bound::Age => self.lineage_began(inquiry).is_some_and(|at| at.plus(rules.give_up_after) <= self.now),
        }
    }

    /// Whether an expired inquiry is still young, and of the version that new ones would get.
    pub(in crate::domain) fn can_be_resumed(&self, inquiry: &Inquiry) -> bool {
        let young = inquiry.began().is_none_or(|began| began.plus(self.rules.access.resume_within) > self.now);
        young && !inquiry.is_superseded(self.template)
    }

    /// The inquiry that the person finished instead: after this one was made, or in the same lineage.
    pub(in crate::domain) fn finished_instead(&self, inquiry: &Inquiry) -> Option<&Inquiry> {
        self.group.iter().find(|other| finished_since(other, inquiry) || self.ended_lineage(other, inquiry))
    }

    /// Whether `other` ended the lineage both belong to. One that was replaced because it was over ended nothing, unless
    /// what was taken for failed was passed after all.
    pub(in crate::domain) fn ended_lineage(&self, other: &Inquiry, inquiry: &Inquiry) -> bool {
        let cause = self.lineages.succession(&other.id).map(|succession| succession.cause);
        other.id != inquiry.id
            && other.status().is_some_and(Status::is_over)
            && cause != Some(Cause::Redacted)
            && !(cause == Some(Cause::Failed) && other.status() == Some(&Status::Failed))
            && self.lineages.are_one(&other.id, &inquiry.id)
    }

    /// The notices one notifier handed over about the verification an inquiry stands for.
    pub(super) fn sent(&self, inquiry: &Inquiry, notifier: &NotifierName) -> impl Iterator<Item = &Action> {
        let done = self.actions.iter().filter(|action| action.state == State::Done);
        done.filter(|action| self.is_of_lineage(&action.planned.inquiry, inquiry))
            .filter(move |action| action.planned.work.reminder().is_some_and(|reminder| reminder.notifier == *notifier))
    }

    fn is_of_lineage(&self, id: &InquiryId, inquiry: &Inquiry) -> bool {
        *id == inquiry.id || self.lineages.are_one(id, &inquiry.id)
    }

    /// The revivals of the verification, but for the one of the present expiry.
    fn revivals(&self, inquiry: &Inquiry) -> usize {
        let begun = self.actions.iter().filter(|action| matches!(action.state, State::Done | State::Running));
        let of_lineage = begun.filter(|action| self.is_of_lineage(&action.planned.inquiry, inquiry));
        let is_present = |action: &Action| {
            let expired_at = action.planned.work.revival().map(|revival| revival.expired_at);
            action.state == State::Running && action.planned.inquiry == inquiry.id && expired_at == inquiry.last_expired
        };
        of_lineage.filter(|action| matches!(action.planned.work, Work::Revive(_)) && !is_present(action)).count()
    }

    pub(super) fn lineage_began(&self, inquiry: &Inquiry) -> Option<Timestamp> {
        let first = self.lineages.first(&inquiry.id);
        let first = self.group.iter().find(|member| member.id == *first);
        first.and_then(Inquiry::began).or_else(|| inquiry.began())
    }
}

fn count(most: u32) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// Which of two inquiries is the newer; the id settles a tie.
pub(in crate::domain) fn age_key(inquiry: &Inquiry) -> (Option<Timestamp>, &InquiryId) {
    (inquiry.began(), &inquiry.id)
}

/// Whether `other` was finished after `inquiry` was made: then the person is through, whatever else is open.
fn finished_since(other: &Inquiry, inquiry: &Inquiry) -> bool {
    let Some(finished) = other.finished.filter(|_| other.status().is_some_and(Status::is_over)) else { return false };
    other.id != inquiry.id && inquiry.began().is_none_or(|began| finished >= began)
}
