//! The actions that should exist, from state alone.
//!
//! Level-triggered: the plan is computed from what is known of a person's inquiries, the rules and the time, and
//! the difference to what exists is written. Computing it twice changes nothing. The same computation is the
//! guard right before an action is performed, so there is one answer to "should this person be troubled?".

use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::action::{Action, CancelledBy, DedupeKey, Planned, Reminder, State, Work};
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId, NotifierName};
use crate::domain::inquiry::Inquiry;
use crate::domain::rules::{Rules, Step};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// Everything a plan is made from: one person's inquiries of one template, and what was planned for them before.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The inquiries of one person and one template; a single one where the person is not known.
    pub group: &'a [Inquiry],
    /// Every action there is for these inquiries, in whatever state.
    pub actions: &'a [Action],
    /// The rules of the template.
    pub rules: &'a Rules,
    /// The time.
    pub now: Timestamp,
}

/// What is wanted for one inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The person has to finish and can be reminded.
    Reminded {
        /// The deadline the reminders count from.
        deadline: Timestamp,
        /// The reminders that should exist, each in time order.
        reminders: Vec<Planned>,
    },
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
    /// The person has a newer open inquiry for the same template.
    NewerOpen(InquiryId),
    /// The person finished another inquiry after this one was made.
    FinishedAnother(InquiryId),
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
            Self::NewerOpen(id) => write!(f, "the person has a newer open inquiry, {id}"),
            Self::FinishedAnother(id) => write!(f, "the person finished another inquiry, {id}"),
            Self::NoDeadline => f.write_str("nothing says when it expires"),
            Self::DeadlinePassed(at) => write!(f, "its deadline, {at}, has passed"),
            Self::NobodyToTell => f.write_str("the rules of its template name no notifier"),
        }
    }
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

    /// What is wanted for one inquiry of the group.
    #[must_use]
    pub fn standing(&self, inquiry: &Inquiry) -> Standing {
        match self.deadline_to_remind_of(inquiry) {
            Err(quiet) => Standing::Quiet(quiet),
            Ok(deadline) => Standing::Reminded { deadline, reminders: self.reminders(inquiry, deadline) },
        }
    }

    /// The difference between what is wanted and what exists.
    #[must_use]
    pub fn difference(&self) -> Difference {
        let standings = self.standings();
        let wanted: Vec<&Planned> = standings.iter().flat_map(|(_, standing)| standing.reminders()).collect();
        let mut difference = Difference::default();
        for planned in &wanted {
            match self.actions.iter().find(|action| action.planned.key == planned.key) {
                None => difference.insert.push((*planned).clone()),
                Some(action) if must_be_replanned(action, planned) => difference.replan.push((*planned).clone()),
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

    /// Why an action should not be performed now; `None` when it should.
    #[must_use]
    pub fn objection(&self, action: &Action) -> Option<Objection> {
        let standings = self.standings();
        let wanted = standings.iter().flat_map(|(_, standing)| standing.reminders());
        let is_wanted = wanted.into_iter().any(|planned| planned.key == action.planned.key);
        (!is_wanted).then(|| self.object(action, &standings))
    }

    fn deadline_to_remind_of(&self, inquiry: &Inquiry) -> Result<Timestamp, Quiet> {
        let status = inquiry.status().ok_or(Quiet::StatusUnknown)?;
        if inquiry.known.redacted_at().is_some() {
            return Err(Quiet::Redacted);
        }
        if !status.is_open() {
            return Err(Quiet::Status(status.clone()));
        }
        if let Some(other) = self.group.iter().find(|other| finished_since(other, inquiry)) {
            return Err(Quiet::FinishedAnother(other.id.clone()));
        }
        if let Some(newer) =
            self.group.iter().filter(|other| self.is_newer_open(other, inquiry)).max_by_key(|o| age_key(o))
        {
            return Err(Quiet::NewerOpen(newer.id.clone()));
        }
        let deadline = inquiry.deadline(self.rules.lifetime).ok_or(Quiet::NoDeadline)?;
        if deadline <= self.now {
            return Err(Quiet::DeadlinePassed(deadline));
        }
        if self.rules.notify.is_empty() {
            return Err(Quiet::NobodyToTell);
        }
        Ok(deadline)
    }

    /// Whether `other` is where the person is to be sent instead: open, newer, and not past its deadline.
    fn is_newer_open(&self, other: &Inquiry, than: &Inquiry) -> bool {
        other.status().is_some_and(Status::is_open)
            && other.known.redacted_at().is_none()
            && other.deadline(self.rules.lifetime).is_none_or(|deadline| deadline > self.now)
            && age_key(other) > age_key(than)
    }

    fn reminders(&self, inquiry: &Inquiry, deadline: Timestamp) -> Vec<Planned> {
        let began = inquiry.lifetime_began(deadline, self.rules.lifetime).unwrap_or(deadline);
        let mut steps: Vec<(Timestamp, Step)> =
            self.rules.reminders.iter().map(|step| (step.due(began, deadline), *step)).collect();
        steps.sort_unstable();
        steps.dedup_by_key(|(due, _)| *due);
        // Steps missed in an outage collapse into the last of them.
        let missed = steps.iter().filter(|(due, _)| *due <= self.now).count();
        let wanted = &steps[missed.saturating_sub(1)..];
        self.rules.notify.iter().flat_map(|notifier| self.reminders_by(inquiry, deadline, wanted, notifier)).collect()
    }

    /// One notifier's reminders, within what one person is to receive at most.
    fn reminders_by(
        &self,
        inquiry: &Inquiry,
        deadline: Timestamp,
        steps: &[(Timestamp, Step)],
        notifier: &NotifierName,
    ) -> Vec<Planned> {
        let sent: Vec<(&Action, &Reminder)> = self
            .actions
            .iter()
            .filter(|action| action.state == State::Done && action.planned.inquiry == inquiry.id)
            .map(|action| match &action.planned.work {
                Work::Remind(reminder) => (action, reminder),
            })
            .filter(|(_, reminder)| reminder.notifier == *notifier)
            .collect();
        let left = usize::try_from(self.rules.max_reminders).unwrap_or(usize::MAX).saturating_sub(sent.len());
        let reminded_after = |due: Timestamp| {
            let of_deadline = sent.iter().filter(|(_, reminder)| reminder.deadline == deadline);
            of_deadline.into_iter().any(|(action, _)| action.finished_at.is_some_and(|finished| finished >= due))
        };
        let open = steps.iter().filter(|(due, _)| !reminded_after(*due)).take(left);
        open.map(|(due, step)| planned(inquiry, deadline, *due, *step, notifier)).collect()
    }

    fn object(&self, action: &Action, standings: &[(InquiryId, Standing)]) -> Objection {
        let standing = standings.iter().find(|(id, _)| *id == action.planned.inquiry).map(|(_, standing)| standing);
        let ended =
            matches!(standing, Some(Standing::Quiet(Quiet::DeadlinePassed(_) | Quiet::Status(Status::Expired))));
        let reason = self.why_not(action, standing);
        match &action.reason {
            Some(error) if ended && action.attempts > 0 => Objection {
                reason: format!("nobody was told in time, {reason}; the last error: {error}"),
                too_late: true,
            },
            _ => Objection { reason, too_late: false },
        }
    }

    fn why_not(&self, action: &Action, standing: Option<&Standing>) -> String {
        let Work::Remind(reminder) = &action.planned.work;
        match standing {
            None => "its inquiry is no longer known".to_owned(),
            Some(Standing::Quiet(quiet)) => quiet.to_string(),
            Some(Standing::Reminded { deadline, .. }) if *deadline != reminder.deadline => {
                format!("the deadline moved to {deadline}")
            }
            Some(_) if !self.rules.reminders.contains(&reminder.step) => "the rules no longer ask for it".to_owned(),
            Some(_) if !self.rules.notify.contains(&reminder.notifier) => {
                format!("the rules no longer tell {}", reminder.notifier)
            }
            Some(_) => "a later reminder took its place, or the person was reminded often enough".to_owned(),
        }
    }
}

impl Standing {
    fn reminders(&self) -> &[Planned] {
        match self {
            Self::Reminded { reminders, .. } => reminders,
            Self::Quiet(_) => &[],
        }
    }
}

/// The plan may want again only what it cancelled itself, and moves only what has not been tried.
fn must_be_replanned(action: &Action, planned: &Planned) -> bool {
    match action.state {
        State::Cancelled => action.cancelled_by == Some(CancelledBy::Plan),
        State::Planned => action.planned.work != planned.work && action.attempts == 0,
        State::Running | State::Done | State::Failed => false,
    }
}

/// Which of two inquiries is the newer; the id settles a tie.
fn age_key(inquiry: &Inquiry) -> (Option<Timestamp>, &InquiryId) {
    (inquiry.began(), &inquiry.id)
}

/// Whether `other` was finished after `inquiry` was made: then the person is through, whatever else is open.
fn finished_since(other: &Inquiry, inquiry: &Inquiry) -> bool {
    let Some(finished) = other.finished.filter(|_| other.status().is_some_and(Status::is_over)) else { return false };
    other.id != inquiry.id && inquiry.began().is_none_or(|began| finished >= began)
}

fn planned(inquiry: &Inquiry, deadline: Timestamp, due: Timestamp, step: Step, notifier: &NotifierName) -> Planned {
    let work = Work::Remind(Reminder { deadline, step, step_due: due, notifier: notifier.clone() });
    let key = DedupeKey::of(&inquiry.id, &work);
    Planned {
        id: action_id(&inquiry.environment, &key),
        environment: inquiry.environment.clone(),
        inquiry: inquiry.id.clone(),
        key,
        work,
        due_at: due,
    }
}

/// An action's name, derived from what makes it unique: 80 bits of a hash, in hex.
fn action_id(environment: &EnvironmentName, key: &DedupeKey) -> ActionId {
    let digest = Sha256::digest(format!("{environment}\n{}", key.as_str()));
    ActionId::parse(&format!("rka_{}", hex::encode(&digest[..10]))).unwrap_or_else(|_| unreachable!("hex is an id"))
}
