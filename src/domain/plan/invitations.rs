//! New links that somebody asked for: the plan makes none of them, and keeps each for as long as it is of use.

use crate::domain::access::{Access, Form, Sessions};
use crate::domain::action::{Action, Planned, State, Work};
use crate::domain::ids::NotifierName;
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::Situation;

impl Situation<'_> {
    /// What was asked for and is still of use.
    pub(super) fn asked_for(&self) -> Vec<Planned> {
        let waiting = self.actions.iter().filter(|action| matches!(action.state, State::Planned | State::Running));
        waiting.filter(|action| self.is_of_use(action)).map(|action| action.planned.clone()).collect()
    }

    fn is_of_use(&self, action: &Action) -> bool {
        let Work::Invite(invitation) = &action.planned.work else { return false };
        let inquiry = self.group.iter().find(|inquiry| inquiry.id == action.planned.inquiry);
        inquiry.is_some_and(|inquiry| self.may_invite(inquiry, &invitation.notifier))
    }

    /// Whether a new link may be sent to whoever says that they have none that opens: there is something to get into,
    /// nobody muted it, the person did not say that they want none, and it was not sent as often as a person may be told
    /// at most. It comes at any hour: they ask for it themselves.
    #[must_use]
    pub fn may_invite(&self, inquiry: &Inquiry, notifier: &NotifierName) -> bool {
        let sent = self.actions.iter().filter(|action| {
            let by = matches!(&action.planned.work, Work::Invite(invitation) if invitation.notifier == *notifier);
            let of =
                action.planned.inquiry == inquiry.id || self.lineages.are_one(&action.planned.inquiry, &inquiry.id);
            by && of && action.state == State::Done
        });
        let often = sent.count() >= usize::try_from(self.rules.max_reminders).unwrap_or(usize::MAX);
        let access = self.access(inquiry, Form::Browser, Sessions::default());
        let shut = matches!(access, Access::Done { .. } | Access::Failed | Access::Closed(_));
        let wanted = self.addressee.suppressed(notifier, self.lineages.first(&inquiry.id)).is_none();
        !shut && !often && wanted && !self.lineages.is_muted(&inquiry.id) && self.rules.notify.contains(notifier)
    }
}
