//! `remind`: a fresh link from Persona, in a notice, to a notifier.
//!
//! The link lives in memory between the two calls and nowhere else: a retry asks Persona again under the same
//! idempotency key and gets the same link. An access link of our own asks Persona nothing, and a retry makes the same.

use crate::app::recipient::Addressed;
use crate::app::step::{Step, Wanted, after, database, give_up, under_a_new_key, under_the_same_key};
use crate::app::{App, Environment};
use crate::domain::access::Form;
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
        let (environment, persona) = &self.at_persona(action, Wanted::ByPlan)?;
        let notifier = self.channel(&reminder.notifier, action)?;
        let inquiry = self.still_wanted_afresh(environment, persona, action).await?;
        let Addressed { to, unsubscribe } =
            self.recipient_of(environment, &inquiry, action, &reminder.notifier).await?;
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        let form = rules.link;
        let link = match form {
            LinkForm::Access => self.link_of(action).await?.url,
            LinkForm::OneTime => self.mint(environment, persona, action, reminder).await?.link,
            LinkForm::OneTimeShort => {
                let minted = self.mint(environment, persona, action, reminder).await?;
                minted.short.unwrap_or(minted.link)
            }
        };
        self.record_telling(environment, action, &inquiry, &reminder.notifier).await?;
        let notice = Notice {
            id: action.planned.id.clone(),
            kind: NoticeKind::Reminder,
            environment: environment.settings.name.clone(),
            step: reminder.step.to_string(),
            deadline: reminder.deadline,
            link,
            link_form: form,
            to,
            unsubscribe,
            created_at: reminder.moment().max(action.created_at),
            status: inquiry.status().cloned().ok_or_else(|| give_up("its status is not known"))?,
            reference_id: inquiry.known.reference_id().cloned(),
            template_id: inquiry.known.template_id().cloned(),
            next_step: inquiry.known.next_step().cloned(),
            inquiry_id: inquiry.id,
        };
        let delivered = notifier.deliver(&notice).await;
        self.told(action, &reminder.notifier, rules, delivered).await
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
        let lifetime = reminder.deadline.since(reminder.moment());
        let inquiry = &action.planned.inquiry;
        if let Some(link) = self.mint_into_session(environment, persona, action, false).await? {
            return Ok(link);
        }
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
            // Or that it has had all its sessions, by links that are not ours.
            if let Some(link) = self.mint_into_session(environment, persona, action, true).await? {
                return Ok(link);
            }
        }
        Err(after(&error, self.clock().now()))
    }

    /// A link into a session there is, where the inquiry is near its limit of sessions, as far as we know; `surely` asks
    /// Persona.
    async fn mint_into_session(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        action: &Action,
        surely: bool,
    ) -> Step<Option<OneTimeLink>> {
        let (name, inquiry) = (&environment.settings.name, &action.planned.inquiry);
        let counted = async { self.database().read().await?.sessions_made(name, inquiry).await };
        let counted = counted.await.map_err(|error| database(&error))?;
        let (_, known) = self.party_of(environment, action).await?;
        let limit = environment.settings.rules.for_template(known.known.template_id()).access.session_limit;
        if counted < limit && !surely {
            return Ok(None);
        }
        let looked = self.look_at_sessions(environment, persona, inquiry, Form::Browser).await;
        let looked = looked.map_err(|error| database(&error))?;
        let (made, session) = looked.map_err(|error| under_the_same_key(after(&error, self.clock().now())))?;
        let Some(session) = session.filter(|_| made >= limit) else { return Ok(None) };
        let key = IdempotencyKey::of(&action.planned.id, "session-link", action.generation);
        let link = persona.generate_session_link(&session.id, &key).await;
        link.map(Some).map_err(|error| after(&error, self.clock().now()))
    }
}
