//! The actions that should exist, from state alone.
//!
//! Level-triggered: the plan is computed from what is known of a person's inquiries, the rules and the time, and
//! the difference to what exists is written. Computing it twice changes nothing. The same computation is the
//! guard right before an action is performed, so there is one answer to "should this person be troubled?".

mod holdout;
mod invitations;
mod lineage;
mod person;
mod publications;
mod reminders;
mod standing;
mod timing;

use sha2::{Digest, Sha256};

use crate::domain::action::{Action, CancelledBy, DedupeKey, Planned, State, Work};
use crate::domain::addressee::Addressee;
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId, NotifierName};
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage::Lineages;
use crate::domain::rules::Rules;
use crate::domain::status::Status;
use crate::domain::template::Template;
use crate::domain::time::Timestamp;

pub use self::person::Bound;
pub use self::standing::{Quiet, Standing};

/// Everything a plan is made from: one person's inquiries of one template, and what was planned for them before.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The inquiries of one person and one template; a single one where the person is not known.
    pub group: &'a [Inquiry],
    /// Every action there is for these inquiries, in whatever state.
    pub actions: &'a [Action],
    /// Which of them took the place of which.
    pub lineages: &'a Lineages,
    /// What is known of their template.
    pub template: Option<&'a Template>,
    /// The rules of the template.
    pub rules: &'a Rules,
    /// What is known of the person beyond that.
    pub addressee: &'a Addressee,
    /// The time.
    pub now: Timestamp,
}

/// What to write so that the actions are as they should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Actions that should exist and don't.
    pub insert: Vec<Planned>,
    /// Actions the plan had cancelled and wants again, or whose time moved.
    pub replan: Vec<Planned>,
    /// Actions that should no longer be performed, and why.
    pub cancel: Vec<(ActionId, Objection)>,
}

/// Why an action should not be performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// In words.
    pub reason: String,
    /// Whether it was tried and nobody was reached before it was too late: that is a failure to be seen, not a
    /// change of plan.
    pub too_late: bool,
}

/// What the plan says of an action right before it is performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Perform it.
    Now,
    /// It is wanted, but later, and why: the person is at work, it is no time to tell them, or earlier news is still to be
    /// told.
    NotBefore(Timestamp, &'static str),
    /// It is not wanted.
    Object(Objection),
}

impl Difference {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.insert.is_empty() && self.replan.is_empty() && self.cancel.is_empty()
    }
}

impl Situation<'_> {
    /// What is wanted for each inquiry, in the group's order.
    #[must_use]
    pub fn standings(&self) -> Vec<(InquiryId, Standing)> {
        self.group.iter().map(|inquiry| (inquiry.id.clone(), self.standing(inquiry))).collect()
    }

    /// The difference between what is wanted and what exists.
    #[must_use]
    pub fn difference(&self) -> Difference {
        let standings = self.standings();
        let wanted = self.wanted(&standings);
        let mut difference = Difference::default();
        for planned in &wanted {
            match self.actions.iter().find(|action| action.planned.key == planned.key) {
                None => difference.insert.push(planned.clone()),
                Some(action) if must_be_replanned(action, planned) => difference.replan.push(planned.clone()),
                Some(_) => {}
            }
        }
        for action in self.actions.iter().filter(|action| action.state == State::Planned) {
            if !wanted.iter().any(|planned| planned.key == action.planned.key) {
                difference.cancel.push((action.planned.id.clone(), self.object(action, &standings)));
            }
        }
        difference
    }

    /// Whether an action is to be performed now.
    #[must_use]
    pub fn guard(&self, action: &Action) -> Guard {
        let standings = self.standings();
        let wanted = self.wanted(&standings);
        match wanted.iter().find(|planned| planned.key == action.planned.key) {
            None => Guard::Object(self.object(action, &standings)),
            Some(planned) => match self.may_be_reminded(planned) {
                Guard::Now => self.earlier_news(action).map_or(Guard::Now, |until| {
                    Guard::NotBefore(until, "earlier news of the same verification is to be told first")
                }),
                other => other,
            },
        }
    }

    fn may_be_reminded(&self, planned: &Planned) -> Guard {
        const NO_TIME: &str = "it is no time to tell the person";
        const AT_WORK: &str = "the person is at work";
        if let Some(held) = planned.work.held() {
            let later = planned.due_at > self.now.max(held.step_due);
            return if later { Guard::NotBefore(planned.due_at, AT_WORK) } else { Guard::Now };
        }
        let Some(reminder) = planned.work.reminder().filter(|_| planned.due_at > self.now) else { return Guard::Now };
        let inquiry = self.group.iter().find(|inquiry| inquiry.id == planned.inquiry);
        if inquiry.is_some_and(|inquiry| self.may_come_early(inquiry, reminder)) {
            return Guard::Now;
        }
        Guard::NotBefore(planned.due_at, if reminder.moved_to.is_some() { NO_TIME } else { AT_WORK })
    }

    fn wanted(&self, standings: &[(InquiryId, Standing)]) -> Vec<Planned> {
        let mut wanted: Vec<Planned> = standings.iter().flat_map(|(_, standing)| standing.wanted()).cloned().collect();
        wanted.extend(self.told());
        wanted.extend(self.needless());
        wanted.extend(self.asked_for());
        wanted.extend(self.published());
        wanted
    }

    fn object(&self, action: &Action, standings: &[(InquiryId, Standing)]) -> Objection {
        let standing = standings.iter().find(|(id, _)| *id == action.planned.inquiry).map(|(_, standing)| standing);
        let ended = matches!(
            standing,
            Some(Standing::Revived(_) | Standing::Quiet(Quiet::DeadlinePassed(_) | Quiet::Status(Status::Expired)))
        );
        let reason = self.why_not(action, standing);
        match &action.reason {
            Some(error) if ended && action.attempts > 0 && action.planned.work.reminder().is_some() => Objection {
                reason: format!("nobody was told in time, {reason}; the last error: {error}"),
                too_late: true,
            },
            _ => Objection { reason, too_late: false },
        }
    }

    fn why_not(&self, action: &Action, standing: Option<&Standing>) -> String {
        match (standing, &action.planned.work) {
            (None, _) => "its inquiry is no longer known".to_owned(),
            (Some(_), Work::Publish(publication)) => self.why_not_told(publication),
            (Some(Standing::Quiet(quiet)), _) => quiet.to_string(),
            (Some(Standing::Revived(_)), _) => "it is expired".to_owned(),
            (Some(Standing::Replaced(_)), _) => "it is being replaced".to_owned(),
            (Some(Standing::Reminded { deadline, .. }), Work::Remind(reminder)) if *deadline != reminder.deadline => {
                format!("the deadline moved to {deadline}")
            }
            (Some(Standing::Reminded { held_out: true, .. }), Work::Remind(reminder))
                if reminder.step.is_of_a_rule() =>
            {
                "the person is held out, to measure what reminding does".to_owned()
            }
            (Some(Standing::Reminded { held_out: false, .. }), Work::Hold(_)) => {
                "the person is no longer held out".to_owned()
            }
            (Some(_), Work::Remind(reminder)) if !self.rules.reminders.contains(&reminder.step) => {
                "the rules no longer ask for it".to_owned()
            }
            (Some(_), Work::Remind(reminder)) if !self.rules.notify.contains(&reminder.notifier) => {
                format!("the rules no longer tell {}", reminder.notifier)
            }
            (Some(_), Work::Remind(reminder)) if self.is_suppressed(action, &reminder.notifier) => {
                "the person does not want to be told".to_owned()
            }
            (Some(Standing::Reminded { left_out, .. }), Work::Remind(reminder))
                if left_out.contains(&reminder.step) =>
            {
                "quiet times and limits leave no moment for it before the deadline".to_owned()
            }
            (Some(_), Work::Remind(_)) => {
                "a later reminder took its place, or the person was reminded often enough".to_owned()
            }
            (Some(_), Work::Hold(_)) => "the rules or the deadline changed, or a later step took its place".to_owned(),
            (Some(Standing::Reminded { .. }), Work::Revive(_)) => "it is open".to_owned(),
            (Some(Standing::Reminded { .. }), Work::Replace(_)) => "the person can get in as it is".to_owned(),
            (Some(Standing::Reminded { .. }), Work::Expire(_) | Work::Tell(_) | Work::Invite(_)) => {
                "it is no longer needed".to_owned()
            }
        }
    }
}

impl Situation<'_> {
    fn is_suppressed(&self, action: &Action, notifier: &NotifierName) -> bool {
        let lineage = self.lineages.first(&action.planned.inquiry);
        self.addressee.suppressed(notifier, lineage).is_some()
    }
}

/// The plan may want again only what it cancelled itself, and moves only what has not been tried: to what the inquiry
/// says now, to a moment that suits the person, or to a later time because they are at work.
fn must_be_replanned(action: &Action, planned: &Planned) -> bool {
    match action.state {
        State::Cancelled => action.cancelled_by == Some(CancelledBy::Plan),
        State::Planned if action.attempts == 0 => {
            let postponed = planned.due_at > action.planned.due_at
                && planned.work.moment().is_none_or(|moment| planned.due_at > moment);
            action.planned.work != planned.work || postponed
        }
        State::Planned | State::Running | State::Done | State::Failed => false,
    }
}

/// A piece of work for an inquiry, with the names that follow from it.
#[must_use]
pub fn planned(inquiry: &Inquiry, work: Work, due_at: Timestamp) -> Planned {
    let key = DedupeKey::of(&inquiry.id, &work);
    Planned {
        id: action_id(&inquiry.environment, &key),
        environment: inquiry.environment.clone(),
        inquiry: inquiry.id.clone(),
        key,
        work,
        due_at,
    }
}

/// An action's name, derived from what makes it unique: 80 bits of a hash, in hex.
fn action_id(environment: &EnvironmentName, key: &DedupeKey) -> ActionId {
    let digest = Sha256::digest(format!("{environment}\n{}", key.as_str()));
    ActionId::parse(&format!("rka_{}", hex::encode(&digest[..10]))).unwrap_or_else(|_| unreachable!("hex is an id"))
}
