//! When a person is reminded, by whom, and not while they are at work.

use jiff::SignedDuration;

use crate::domain::action::{Action, CancelledBy, DedupeKey, Planned, Reminder, State, Work};
use crate::domain::ids::NotifierName;
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::timing::{Slot, Timing};
use crate::domain::plan::{Situation, planned};
use crate::domain::rules::Step;
use crate::domain::time::Timestamp;

/// However busy the person is, a reminder comes at least so long before the deadline.
pub(super) const LAST_CALL: SignedDuration = SignedDuration::from_mins(5);

impl Situation<'_> {
    /// The reminders of an open inquiry, and the steps for which there is no moment.
    pub(super) fn reminders(
        &self,
        inquiry: &Inquiry,
        deadline: Timestamp,
        held_out: bool,
    ) -> (Vec<Planned>, Vec<Step>) {
        let timing = self.timing(inquiry, deadline);
        let occasion = self.occasion(inquiry);
        let of_rules = self.rules.reminders.iter().copied();
        // Who is held out still hears of what we did: nobody could know of it otherwise.
        let (steps, mut planned): (Vec<Step>, Vec<Planned>) = if held_out {
            let (passed_over, _) =
                self.upcoming(&timing, of_rules, |slot| self.hold_is_to_come(inquiry, deadline, slot));
            (occasion.into_iter().collect(), self.held_steps(inquiry, deadline, &passed_over))
        } else {
            (of_rules.chain(occasion).collect(), Vec::new())
        };
        let (slots, left_out) = self.upcoming(&timing, steps, |slot| self.is_still_to_come(inquiry, deadline, slot));
        let channels = self.channels(inquiry);
        planned.extend(channels.flat_map(|notifier| self.reminders_by(inquiry, deadline, &slots, notifier)));
        (planned, left_out)
    }

    /// A moment for each step, in time order, from the last one on that is past; and the steps for which there is none.
    fn upcoming(
        &self,
        timing: &Timing<'_>,
        steps: impl IntoIterator<Item = Step>,
        is_to_come: impl Fn(&Slot) -> bool,
    ) -> (Vec<Slot>, Vec<Step>) {
        let due = |step: Step| (step.due(timing.began, timing.deadline), step);
        let mut steps: Vec<(Timestamp, Step)> = steps.into_iter().map(due).collect();
        steps.sort_unstable();
        steps.dedup_by_key(|(due, _)| *due);
        let (slots, left_out) = timing.slots(&steps);
        // Steps missed in an outage collapse into the last of them.
        let missed = slots.iter().filter(|slot| slot.at <= self.now).count();
        let slots = slots.into_iter().skip(missed.saturating_sub(1)).collect();
        let (slots, crowded) = timing.spaced(slots, is_to_come);
        (slots, left_out.into_iter().chain(crowded).collect())
    }

    /// Who is to be told about an inquiry, but for those its person does not want to hear from.
    pub(super) fn channels<'a>(&'a self, inquiry: &'a Inquiry) -> impl Iterator<Item = &'a NotifierName> {
        let lineage = self.lineages.first(&inquiry.id);
        self.rules.notify.iter().filter(|notifier| self.addressee.suppressed(notifier, lineage).is_none())
    }

    /// Whether a reminder may be handed over at this very moment, though the plan has it later: because an operator wants
    /// it now. Quiet times and limits hold for everyone.
    pub(super) fn may_come_early(&self, inquiry: &Inquiry, reminder: &Reminder) -> bool {
        let timing = self.timing(inquiry, reminder.deadline);
        let due = timing.not_while_active(reminder.step_due);
        due <= self.now.max(reminder.step_due) && timing.is_open_now(reminder.step)
    }

    fn timing<'a>(&'a self, inquiry: &'a Inquiry, deadline: Timestamp) -> Timing<'a> {
        let began = inquiry.lifetime_began(deadline, self.rules.lifetime).unwrap_or(deadline);
        Timing { inquiry, began, deadline, rules: self.rules, addressee: self.addressee, now: self.now }
    }

    /// Whether some channel is still to tell of a step: nothing came of it yet that would stand.
    fn is_still_to_come(&self, inquiry: &Inquiry, deadline: Timestamp, slot: &Slot) -> bool {
        let key = |notifier: &NotifierName| reminder(inquiry, deadline, slot, notifier).key;
        self.channels(inquiry).any(|notifier| !self.is_ended(&key(notifier)))
    }

    /// Whether something came of an action that stands, whatever the plan wants.
    pub(super) fn is_ended(&self, key: &DedupeKey) -> bool {
        let action = self.actions.iter().find(|action| action.planned.key == *key);
        action.is_some_and(|action| match action.state {
            State::Planned | State::Running => false,
            State::Cancelled => action.cancelled_by == Some(CancelledBy::Operator),
            State::Done | State::Failed => true,
        })
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
        slots: &[Slot],
        notifier: &NotifierName,
    ) -> Vec<Planned> {
        let sent: Vec<(&Action, &Reminder)> =
            self.sent(inquiry, notifier).filter_map(|action| Some((action, action.planned.work.reminder()?))).collect();
        let left = usize::try_from(self.rules.max_reminders).unwrap_or(usize::MAX).saturating_sub(sent.len());
        let reminded_after = |at: Timestamp| {
            let mut of_deadline =
                sent.iter().filter(|(action, of)| action.planned.inquiry == inquiry.id && of.deadline == deadline);
            of_deadline.any(|(action, _)| action.finished_at.is_some_and(|finished| finished >= at))
        };
        // One that was moved to earlier than it is due is known by when it was to come.
        let open = slots.iter().filter(|slot| !reminded_after(slot.due.min(slot.at))).take(left);
        open.map(|slot| reminder(inquiry, deadline, slot, notifier)).collect()
    }
}

/// A reminder of one step by one notifier.
fn reminder(inquiry: &Inquiry, deadline: Timestamp, slot: &Slot, notifier: &NotifierName) -> Planned {
    let Slot { at, due, step, moved } = *slot;
    let moved_to = moved.then_some(at);
    let work = Work::Remind(Reminder { deadline, step, step_due: due, moved_to, notifier: notifier.clone() });
    planned(inquiry, work, at)
}

impl Timing<'_> {
    /// When a reminder is due: not while the person is at work, and not too late for it to be of use.
    pub(super) fn not_while_active(&self, due: Timestamp) -> Timestamp {
        let Some(active) = self.inquiry.last_active else { return due };
        // Who came back after a revival was at work since, and not only before.
        let quiet_until = active.plus(self.rules.quiet_while_active);
        quiet_until.clamp(due, self.last_call(due))
    }
}
