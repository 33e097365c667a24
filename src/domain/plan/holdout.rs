//! Who is held out to measure what reminding does, and the steps that pass them over.
//!
//! A step is planned for them as for everyone, and performed as for everyone up to the notice: only so are those who are
//! held out and those who are reminded alike in everything but that.

use crate::domain::action::{Action, Held, Planned, State, Work};
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::timing::Slot;
use crate::domain::plan::{Situation, planned};
use crate::domain::time::Timestamp;

impl Situation<'_> {
    /// Whether the person of an inquiry is held out. Somebody of whom nobody knows who they are is not.
    #[must_use]
    pub fn is_held_out(&self, inquiry: &Inquiry) -> bool {
        let holdout = self.rules.holdout;
        !holdout.is_nobody() && inquiry.person().is_some_and(|person| holdout.takes(&inquiry.environment, &person))
    }

    /// The steps that pass somebody over, as many as they would have been reminded at.
    pub(super) fn held_steps(&self, inquiry: &Inquiry, deadline: Timestamp, slots: &[Slot]) -> Vec<Planned> {
        let passed: Vec<(&Action, &Held)> = self
            .actions
            .iter()
            .filter(|action| action.state == State::Done)
            .filter(|action| {
                action.planned.inquiry == inquiry.id || self.lineages.are_one(&action.planned.inquiry, &inquiry.id)
            })
            .filter_map(|action| Some((action, action.planned.work.held()?)))
            .collect();
        let left = usize::try_from(self.rules.max_reminders).unwrap_or(usize::MAX).saturating_sub(passed.len());
        let passed_after = |at: Timestamp| {
            let mut of_deadline =
                passed.iter().filter(|(action, of)| action.planned.inquiry == inquiry.id && of.deadline == deadline);
            of_deadline.any(|(action, _)| action.finished_at.is_some_and(|finished| finished >= at))
        };
        let open = slots.iter().filter(|slot| !passed_after(slot.due.min(slot.at))).take(left);
        open.map(|slot| held_step(inquiry, deadline, slot)).collect()
    }

    /// Whether a step is still to pass somebody over.
    pub(super) fn hold_is_to_come(&self, inquiry: &Inquiry, deadline: Timestamp, slot: &Slot) -> bool {
        !self.is_ended(&held_step(inquiry, deadline, slot).key)
    }
}

/// At the same moment as a reminder would come.
fn held_step(inquiry: &Inquiry, deadline: Timestamp, slot: &Slot) -> Planned {
    let work = Work::Hold(Held { deadline, step: slot.step, step_due: slot.due });
    planned(inquiry, work, slot.at)
}
