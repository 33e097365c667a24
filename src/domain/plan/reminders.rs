//! When a person is reminded, by whom, and not while they are at work.

use jiff::SignedDuration;

use crate::domain::action::{Action, Planned, Reminder, State, Work};
use crate::domain::ids::NotifierName;
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::{Situation, planned};
use crate::domain::rules::Step;
use crate::domain::time::Timestamp;

/// However busy the person is, a reminder comes at least so long before the deadline.
const LAST_CALL: SignedDuration = SignedDuration::from_mins(5);

impl Situation<'_> {
    /// The reminders of an open inquiry.
    pub(super) fn reminders(&self, inquiry: &Inquiry, deadline: Timestamp, held_out: bool) -> Vec<Planned> {
        let began = inquiry.lifetime_began(deadline, self.rules.lifetime).unwrap_or(deadline);
        let occasion = self.occasion(inquiry);
        let of_rules = self.rules.reminders.iter().copied();
        // Who is held out still hears of what we did: nobody could know of it otherwise.
        let (steps, mut planned): (Vec<Step>, Vec<Planned>) = if held_out {
            let passed_over = self.upcoming(began, deadline, of_rules);
            (occasion.into_iter().collect(), self.held_steps(inquiry, deadline, &passed_over))
        } else {
            (of_rules.chain(occasion).collect(), Vec::new())
        };
        let wanted = self.upcoming(began, deadline, steps);
        let by = |notifier| self.reminders_by(inquiry, deadline, &wanted, notifier);
        planned.extend(self.rules.notify.iter().flat_map(by));
        planned
    }

    /// When steps are due, in time order, from the last one on that is due by now.
    fn upcoming(
        &self,
        began: Timestamp,
        deadline: Timestamp,
        steps: impl IntoIterator<Item = Step>,
    ) -> Vec<(Timestamp, Step)> {
        let mut steps: Vec<(Timestamp, Step)> =
            steps.into_iter().map(|step| (step.due(began, deadline), step)).collect();
        steps.sort_unstable();
        steps.dedup_by_key(|(due, _)| *due);
        // Steps missed in an outage collapse into the last of them.
        let missed = steps.iter().filter(|(due, _)| *due <= self.now).count();
        steps.split_off(missed.saturating_sub(1).min(steps.len()))
    }

    /// A notice that is due because of what we did: nobody asked for it, so nobody knows.
    fn occasion(&self, inquiry: &Inquiry) -> Option<Step> {
        let revived = self.actions.iter().any(|action| {
            let revival = action.planned.work.revival().filter(|revival| !revival.asked);
            action.planned.inquiry == inquiry.id
                && matches!(action.state, State::Running | State::Done)
                && revival.is_some_and(|revival| Some(revival.expired_at) == inquiry.last_expired)
        });
        let unasked = self.lineages.origin(&inquiry.id).is_some_and(|succession| !succession.asked);
        if revived {
            Some(Step::Revived)
        } else {
            (unasked && self.rules.access.remind_replaced).then_some(Step::Replaced)
        }
    }

    /// One notifier's reminders, within what one person is to receive at most.
    fn reminders_by(
        &self,
        inquiry: &Inquiry,
        deadline: Timestamp,
        steps: &[(Timestamp, Step)],
        notifier: &NotifierName,
    ) -> Vec<Planned> {
        let sent: Vec<(&Action, &Reminder)> =
            self.sent(inquiry, notifier).filter_map(|action| Some((action, action.planned.work.reminder()?))).collect();
        let left = usize::try_from(self.rules.max_reminders).unwrap_or(usize::MAX).saturating_sub(sent.len());
        let reminded_after = |due: Timestamp| {
            let mut of_deadline =
                sent.iter().filter(|(action, of)| action.planned.inquiry == inquiry.id && of.deadline == deadline);
            of_deadline.any(|(action, _)| action.finished_at.is_some_and(|finished| finished >= due))
        };
        let open = steps.iter().filter(|(due, _)| !reminded_after(*due)).take(left);
        open.map(|(due, step)| self.reminder(inquiry, deadline, (*due, *step), notifier)).collect()
    }

    fn reminder(
        &self,
        inquiry: &Inquiry,
        deadline: Timestamp,
        (step_due, step): (Timestamp, Step),
        notifier: &NotifierName,
    ) -> Planned {
        let work = Work::Remind(Reminder { deadline, step, step_due, notifier: notifier.clone() });
        planned(inquiry, work, self.not_while_active(inquiry, deadline, step_due))
    }

    /// When a reminder is due: not while the person is at work, and not too late for it to be of use.
    pub(super) fn not_while_active(&self, inquiry: &Inquiry, deadline: Timestamp, due: Timestamp) -> Timestamp {
        let Some(active) = inquiry.last_active else { return due };
        // Who came back after a revival was at work since, and not only before.
        let quiet_until = active.plus(self.rules.quiet_while_active);
        let last_call = deadline.minus(LAST_CALL).max(due);
        quiet_until.clamp(due, last_call)
    }
}
