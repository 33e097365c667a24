//! What the kinds of work share: the guard before, and what an error means for the attempt.

use jiff::SignedDuration;

use crate::app::party::Party;
use crate::app::{App, Environment};
use crate::domain::access::{Access, Form, Sessions};
use crate::domain::action::{Action, Outcome};
use crate::domain::budget::Urgency;
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::{Guard, Objection};
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::persona::error::{Next, PersonaError};
use crate::storage::StorageError;

/// A step of an attempt: what it yields, or the outcome with which the attempt ends early.
pub(super) type Step<T> = Result<T, Outcome>;

/// Who wants an action performed: that decides what is asked right before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The plan, which is asked again.
    ByPlan,
    /// Somebody who came and waits: whether it still lets them in is asked again.
    BySomeone,
}

impl App {
    /// Where an action is to be performed, and a client that asks there as urgently as it is wanted.
    pub(super) fn at_persona(&self, action: &Action, wanted: Wanted) -> Step<(&Environment, PersonaClient)> {
        let environment = self.environment_of(action)?;
        let persona = environment.persona.as_ref().ok_or_else(|| give_up("its environment has no api_key"))?;
        let urgency = match wanted {
            Wanted::ByPlan => Urgency::of(action.planned.work.kind()),
            Wanted::BySomeone => Urgency::Waiting,
        };
        Ok((environment, persona.at(urgency)))
    }

    pub(super) fn environment_of(&self, action: &Action) -> Step<&Environment> {
        let environment = self.environments().get(&action.planned.environment);
        environment.ok_or_else(|| give_up("its environment is not configured"))
    }

    /// The inquiry, if the action should still be performed; asked of the same plan that made it.
    pub(super) async fn still_wanted(&self, environment: &Environment, action: &Action) -> Step<Inquiry> {
        let (party, inquiry) = self.party_of(environment, action).await?;
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        let new_key = false;
        Err(match party.situation(rules, self.clock().now()).guard(action) {
            Guard::Now => return Ok(inquiry),
            Guard::NotBefore(until, why) => Outcome::Postpone { reason: why.to_owned(), until },
            Guard::Object(Objection { reason, too_late: true }) => Outcome::GiveUp { reason, new_key },
            Guard::Object(Objection { reason, too_late: false }) => Outcome::Cancel { reason, new_key },
        })
    }

    /// As [`App::still_wanted`], but read again at Persona where nothing was heard of the inquiry for long.
    pub(super) async fn still_wanted_afresh(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        action: &Action,
    ) -> Step<Inquiry> {
        let inquiry = self.still_wanted(environment, action).await?;
        if !self.is_stale(&inquiry).await.map_err(|error| database(&error))? {
            return Ok(inquiry);
        }
        self.reread(environment, persona, &inquiry.id).await.map_err(|error| error.outcome(self.clock().now()))?;
        self.still_wanted(environment, action).await
    }

    /// The inquiry of an action and how its person gets in, for a guard that asks that instead of the plan.
    pub(super) async fn access_of(
        &self,
        environment: &Environment,
        action: &Action,
        sessions: Sessions,
    ) -> Step<(Inquiry, Access)> {
        let (party, inquiry) = self.party_of(environment, action).await?;
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        let access = party.situation(rules, self.clock().now()).access(&inquiry, Form::Browser, sessions);
        Ok((inquiry, access))
    }

    pub(super) async fn party_of(&self, environment: &Environment, action: &Action) -> Step<(Party, Inquiry)> {
        let found = self.find_party(environment, action).await.map_err(|error| database(&error))?;
        let reason = "its inquiry is not known".to_owned();
        found.ok_or(Outcome::Cancel { reason, new_key: false })
    }

    async fn find_party(
        &self,
        environment: &Environment,
        action: &Action,
    ) -> Result<Option<(Party, Inquiry)>, StorageError> {
        let mut tx = self.database().read().await?;
        let stored = tx.inquiry(&environment.settings.name, &action.planned.inquiry).await?;
        let Some(inquiry) = stored.map(|stored| stored.inquiry) else { return Ok(None) };
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        let party = Party::of(&mut tx, &inquiry).await?;
        Ok(Some((self.acquaint(&mut tx, party, rules).await?, inquiry)))
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

/// The outcome of an attempt whose call Persona refused: it keeps its refusal under the key, and would give it again.
pub(super) fn under_a_new_key(outcome: Outcome) -> Outcome {
    with_key(outcome, true)
}

/// The outcome of an attempt that failed at something that carries no key, such as a reading.
pub(super) fn under_the_same_key(outcome: Outcome) -> Outcome {
    with_key(outcome, false)
}

fn with_key(outcome: Outcome, new_key: bool) -> Outcome {
    match outcome {
        Outcome::Done => Outcome::Done,
        Outcome::Retry { error, at, .. } => Outcome::Retry { error, at, new_key },
        postponed @ Outcome::Postpone { .. } => postponed,
        Outcome::GiveUp { reason, .. } => Outcome::GiveUp { reason, new_key },
        Outcome::Cancel { reason, .. } => Outcome::Cancel { reason, new_key },
    }
}

pub(super) fn give_up(reason: &str) -> Outcome {
    Outcome::GiveUp { reason: reason.to_owned(), new_key: false }
}

pub(super) fn cancel(reason: &str) -> Outcome {
    Outcome::Cancel { reason: reason.to_owned(), new_key: false }
}

pub(super) fn database(error: &StorageError) -> Outcome {
    Outcome::Retry { error: format!("the database could not be asked: {error}"), at: None, new_key: false }
}
