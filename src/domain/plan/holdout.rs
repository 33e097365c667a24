//! Who is held out to measure what reminding does, and the steps that pass them over.
//!
//! A step is planned for them as for everyone, and performed as for everyone up to the notice: only so are those who are
//! held out and those who are reminded alike in everything but that.

use crate::domain::action::{Action, Held, Planned, State, Work};
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::{Situation, planned};
use crate::domain::rules::Step;
use crate::domain::time::Timestamp;

impl Situation<'_> {
    /// Whether the person of an inquiry is held out. Somebody of whom nobody knows who they are is not.
    #[must_use]
    pub fn is_held_out(&self, inquiry: &Inquiry) -> bool {
        let holdout = self.rules.holdout;
        !holdout.is_nobody() && inquiry.person().is_some_and(|person| holdout.takes(&inquiry.environment, &person))
    }

    /// The steps that pass somebody over, as many as they would have been reminded at.
    pub(super) fn held_steps(
        &self,
        inquiry: &Inquiry,
        deadline: Timestamp,
        steps: &[(Timestamp, Step)],
    ) -> Vec<Planned> {
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
        let passed_after = |due: Timestamp| {
            let mut of_deadline =
                passed.iter().filter(|(action, of)| action.planned.inquiry == inquiry.id && of.deadline == deadline);
            of_deadline.any(|(action, _)| action.finished_at.is_some_and(|finished| finished >= due))
        };
        let open = steps.iter().filter(|(due, _)| !passed_after(*due)).take(left);
        open.map(|(step_due, step)| {
            let work = Work::Hold(Held { deadline, step: *step, step_due: *step_due });
            planned(inquiry, work, self.not_while_active(inquiry, deadline, *step_due))
        })
        .collect()
    }
}
