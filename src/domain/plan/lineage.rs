//! What is wanted of the succession of inquiries: replacements, news of them, and an end when one is finished.

use jiff::SignedDuration;

use crate::domain::action::{Finished, Planned, Replaced, Replacement, State, Work};
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage::{Cause, Stage, Succession};
use crate::domain::plan::{Quiet, Situation, Standing, planned};
use crate::domain::status::Status;

/// How long applications are told of what happened; rows of what was told are taken away some day.
pub(super) const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(72);

impl Situation<'_> {
    /// The replacement of an inquiry that nobody began, for a newer version of its template, once nothing happens.
    pub(super) fn replacement_in_advance(&self, inquiry: &Inquiry) -> Option<Planned> {
        let rules = &self.rules.access;
        let quiet = rules.replace_after?;
        let wanted = inquiry.status() == Some(&Status::Created)
            && inquiry.is_alive(self.now)
            && inquiry.is_superseded(self.template)
            && self.obstacle(inquiry).is_none();
        if !wanted {
            return None;
        }
        let work = Work::Replace(Replacement { cause: Cause::NewVersion, asked: false });
        let wish = planned(inquiry, work, self.now.plus(quiet));
        // Planned once, it waits no longer for being planned again, but for the person to pause.
        let waiting = self
            .actions
            .iter()
            .find(|action| action.planned.key == wish.key && matches!(action.state, State::Planned | State::Running));
        let due_at = waiting.map_or(wish.due_at, |action| action.planned.due_at);
        let due_at = due_at.max(inquiry.last_active.map_or(due_at, |active| active.plus(quiet)));
        let work = waiting.map_or(wish.work.clone(), |action| action.planned.work.clone());
        Some(Planned { work, due_at, ..wish })
    }

    /// What the application has to hear of replacements.
    pub(super) fn told(&self) -> Vec<Planned> {
        let mut told = Vec::new();
        for inquiry in self.group {
            let recent = |of: &&Succession| self.now.since(of.changed_at) < TOLD_WITHIN;
            let Some(succession) = self.lineages.origin(&inquiry.id).filter(recent) else { continue };
            let applications = self.rules.notify.iter().filter(|name| !self.rules.for_people.contains(name));
            for notifier in applications {
                let (old, cause) = (succession.inquiry.clone(), succession.cause);
                let work = Work::Tell(Replaced { old, cause, notifier: notifier.clone() });
                told.push(planned(inquiry, work, succession.changed_at));
            }
        }
        told
    }

    /// Open inquiries whose verification was finished in another one of their lineage.
    pub(super) fn needless(&self) -> Vec<Planned> {
        let open = self
            .group
            .iter()
            .filter(|inquiry| inquiry.is_alive(self.now) && self.lineages.succession(&inquiry.id).is_none());
        let end = |inquiry: &Inquiry| {
            let other = self.group.iter().find(|other| self.ended_lineage(other, inquiry))?;
            let work = Work::Expire(Finished { other: other.id.clone() });
            Some(planned(inquiry, work, other.finished.unwrap_or(self.now)))
        };
        open.filter_map(end).collect()
    }
}

/// What is wanted for an inquiry that is or was replaced: what was begun goes on, whatever the rules say by then.
pub(super) fn succeeded(inquiry: &Inquiry, succession: &Succession) -> Result<Standing, Quiet> {
    match &succession.successor {
        Some(successor) if succession.stage == Stage::Replaced => Err(Quiet::ReplacedBy(successor.clone())),
        _ => {
            let work = Work::Replace(Replacement { cause: succession.cause, asked: succession.asked });
            Ok(Standing::Replaced(planned(inquiry, work, succession.began_at)))
        }
    }
}
