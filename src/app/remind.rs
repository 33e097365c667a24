//! `remind`: a fresh link from Persona, in a notice, to a notifier.
//!
//! The link lives in memory between the two calls and nowhere else: a retry asks Persona again under the same
//! idempotency key and gets the same link.

use jiff::SignedDuration;
use secrecy::SecretString;

use crate::app::{App, Environment};
use crate::domain::action::{Action, Outcome, Reminder};
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::Objection;
use crate::domain::rules::LinkForm;
use crate::domain::time::Timestamp;
use crate::notify::error::NotifyError;
use crate::notify::notice::{Notice, NoticeKind};
use crate::persona::answer::OneTimeLink;
use crate::persona::client::PersonaClient;
use crate::persona::error::{Next, PersonaError};
use crate::persona::request::IdempotencyKey;
use crate::storage::StorageError;

/// A step of an attempt: what it yields, or the outcome with which the attempt ends early.
type Step<T> = Result<T, Outcome>;

impl App {
    pub(super) async fn remind(&self, action: &Action, reminder: &Reminder) -> Outcome {
        match self.try_remind(action, reminder).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_remind(&self, action: &Action, reminder: &Reminder) -> Step<()> {
        let environment = self.environments().get(&action.planned.environment);
        let environment = environment.ok_or_else(|| give_up("its environment is not configured"))?;
        let persona = environment.persona.as_ref().ok_or_else(|| give_up("its environment has no api_key"))?;
        let notifier = self.shared.notifiers.get(&reminder.notifier);
        let notifier = notifier.ok_or_else(|| give_up("no notifier of that name is configured"))?;

        let mut inquiry = self.still_wanted(environment, action).await?;
        if self.is_stale(&inquiry).await.map_err(|error| database(&error))? {
            self.reread(environment, persona, &inquiry.id).await.map_err(|error| error.outcome(self.clock().now()))?;
            inquiry = self.still_wanted(environment, action).await?;
        }
        let link = self.mint(environment, persona, action, reminder).await?;
        let form = environment.settings.rules.for_template(inquiry.known.template_id()).link;
        let notice = Notice {
            id: action.planned.id.clone(),
            kind: NoticeKind::Reminder,
            environment: environment.settings.name.clone(),
            step: reminder.step.to_string(),
            deadline: reminder.deadline,
            link: in_form(link, form),
            link_form: form,
            created_at: reminder.step_due.max(action.created_at),
            status: inquiry.status().cloned().ok_or_else(|| give_up("its status is not known"))?,
            reference_id: inquiry.known.reference_id().cloned(),
            template_id: inquiry.known.template_id().cloned(),
            next_step: inquiry.known.next_step().cloned(),
            inquiry_id: inquiry.id,
        };
        let delivered = notifier.deliver(&notice).await;
        delivered.map(|_| ()).map_err(|error| after_notifier(&error, self.clock().now()))
    }

    /// The inquiry, if the action should still be performed; asked of the same plan that made it.
    async fn still_wanted(&self, environment: &Environment, action: &Action) -> Step<Inquiry> {
        let wanted = self.objection(environment, action).await.map_err(|error| database(&error))?;
        wanted.map_err(|Objection { reason, too_late }| {
            let new_key = false;
            if too_late { Outcome::GiveUp { reason, new_key } } else { Outcome::Cancel { reason, new_key } }
        })
    }

    /// Asks for a link that lives as long as the deadline allows. The parameters are the same at every try, as
    /// an idempotency key demands.
    async fn mint(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        action: &Action,
        reminder: &Reminder,
    ) -> Step<OneTimeLink> {
        let key = IdempotencyKey::of(&action.planned.id, "link", action.generation);
        let lifetime = reminder.deadline.since(reminder.step_due);
        let inquiry = &action.planned.inquiry;
        let error = match persona.generate_one_time_link(inquiry, Some(lifetime), &key).await {
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        if matches!(error.next(), Next::Reread | Next::GiveUp) {
            // A refusal may mean that the inquiry has moved on without our hearing of it.
            if self.reread(environment, persona, inquiry).await.is_ok() {
                self.still_wanted(environment, action).await.map_err(under_a_new_key)?;
            }
        }
        Err(after(&error, self.clock().now()))
    }
}

/// How long to wait when Persona refuses for its limit without saying how long; it recommends 5 seconds to begin with
/// (<https://docs.withpersona.com/rate-limiting>).
const SHORT_OF_CALLS: SignedDuration = SignedDuration::from_secs(5);

/// What follows from an error of Persona's. A conflict can pass: what it conflicted with may be over at the next try.
pub(super) fn after(error: &PersonaError, now: Timestamp) -> Outcome {
    let at = error.retry_after().map(|wait| now.plus(wait));
    if error.is_about_budget() {
        return Outcome::Postpone { reason: error.to_string(), until: at.unwrap_or_else(|| now.plus(SHORT_OF_CALLS)) };
    }
    match error.next() {
        Next::RetrySameKey => Outcome::Retry { error: error.to_string(), at, new_key: false },
        Next::RetryNewKey | Next::Reread => Outcome::Retry { error: error.to_string(), at, new_key: true },
        Next::GiveUp => Outcome::GiveUp { reason: error.to_string(), new_key: true },
    }
}

/// Persona keeps its refusal under the key of the call, and would give it again.
fn under_a_new_key(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::GiveUp { reason, .. } => Outcome::GiveUp { reason, new_key: true },
        Outcome::Cancel { reason, .. } => Outcome::Cancel { reason, new_key: true },
        other => other,
    }
}

fn after_notifier(error: &NotifyError, now: Timestamp) -> Outcome {
    if !error.may_retry() {
        return Outcome::GiveUp { reason: error.to_string(), new_key: false };
    }
    let at = error.retry_after().map(|wait| now.plus(wait));
    Outcome::Retry { error: error.to_string(), at, new_key: false }
}

fn in_form(link: OneTimeLink, form: LinkForm) -> SecretString {
    match form {
        LinkForm::OneTime => link.link,
        LinkForm::OneTimeShort => link.short.unwrap_or(link.link),
    }
}

fn give_up(reason: &str) -> Outcome {
    Outcome::GiveUp { reason: reason.to_owned(), new_key: false }
}

fn database(error: &StorageError) -> Outcome {
    Outcome::Retry { error: format!("the database could not be asked: {error}"), at: None, new_key: false }
}
