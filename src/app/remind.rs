//! `remind`: a fresh link from Persona, in a notice, to a notifier.
//!
//! The link lives in memory between the two calls and nowhere else: a retry asks Persona again under the same
//! idempotency key and gets the same link.

use secrecy::SecretString;

use crate::app::step::{Step, after, after_notifier, give_up, under_a_new_key};
use crate::app::{App, Environment};
use crate::domain::action::{Action, Outcome, Reminder};
use crate::domain::rules::LinkForm;
use crate::notify::notice::{Notice, NoticeKind};
use crate::persona::answer::OneTimeLink;
use crate::persona::client::PersonaClient;
use crate::persona::error::Next;
use crate::persona::request::IdempotencyKey;

impl App {
    pub(super) async fn remind(&self, action: &Action, reminder: &Reminder) -> Outcome {
        match self.try_remind(action, reminder).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_remind(&self, action: &Action, reminder: &Reminder) -> Step<()> {
        let (environment, persona) = self.at_persona(action)?;
        let notifier = self.notifier(&reminder.notifier)?;
        let inquiry = self.still_wanted_afresh(environment, persona, action).await?;
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
            Ok(link) => {
                self.count_session(environment, inquiry).await;
                return Ok(link);
            }
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

fn in_form(link: OneTimeLink, form: LinkForm) -> SecretString {
    match form {
        LinkForm::OneTime => link.link,
        LinkForm::OneTimeShort => link.short.unwrap_or(link.link),
    }
}
