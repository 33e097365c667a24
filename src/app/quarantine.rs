//! What was kept aside: released or discarded, by an operator or because Persona says so.
//!
//! A fresh delivery of the same event releases it too; that is part of taking deliveries.

use crate::app::erasure::{erase, erased_by};
use crate::app::observe::TRIES;
use crate::app::{App, Environment};
use crate::domain::act::Act;
use crate::domain::deed::{About, Deed, NoReason};
use crate::domain::event::{Event, Subject, Unreadable};
use crate::domain::ids::{EnvironmentName, EventId};
use crate::domain::inquiry::Change;
use crate::domain::operator::Operator;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::events::{Outcome, StoredEvent};
use crate::storage::quarantine::Decision;

/// Why an event was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// There is no such event.
    #[error("there is no event {0}")]
    Unknown(EventId),
    /// Several environments have one of that id in quarantine.
    #[error("environments {0} each have one in quarantine; say which with --environment")]
    Ambiguous(String),
    /// It is not in quarantine.
    #[error(
        "event {id} of environment {environment} is {outcome}; only a quarantined one can be released or discarded"
    )]
    NotQuarantined {
        /// The event.
        id: EventId,
        /// Its environment.
        environment: EnvironmentName,
        /// What became of it.
        outcome: String,
    },
    /// Its environment is no longer configured, so there are no rules to plan by.
    #[error("environment {0} is not configured")]
    UnknownEnvironment(EnvironmentName),
    /// Its body was dropped by retention.
    #[error(
        "the body of event {0} was dropped when its time was over or its subject erased; `rekindle reconcile` asks Persona for it"
    )]
    NoBody(EventId),
    /// Its body is not understood.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// The database could not be asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// Applies a quarantined event as it was received, in somebody's name; the event as it is then.
    ///
    /// # Errors
    /// [`QuarantineError`].
    pub async fn release_event(
        &self,
        environment: Option<&EnvironmentName>,
        id: &EventId,
        reason: &str,
        by: &Operator,
    ) -> Result<StoredEvent, QuarantineError> {
        let now = self.clock().now();
        let deed = Deed::new(by, Act::ReleaseEvent, Some(reason), now)?;
        let held = self.held_event(environment, id, by).await?;
        let configured = self.environments().get(&held.environment);
        let configured = configured.ok_or_else(|| QuarantineError::UnknownEnvironment(held.environment.clone()))?;
        let body = self.database().read().await?.event_body(&held.environment, id).await?;
        let event = Event::parse(&body.ok_or_else(|| QuarantineError::NoBody(id.clone()))?, held.received_at)?;
        let why = format!("released: {reason}");
        let deed = deed.within(&held.environment).about(About::event(id));
        self.apply_quarantined(configured, id, &event, (&why, &by.who), now, Some(&deed)).await?;
        self.event_of(&held.environment, id).await
    }

    /// Discards a quarantined event for good, in somebody's name; the event as it is then.
    ///
    /// # Errors
    /// [`QuarantineError`].
    pub async fn discard_event(
        &self,
        environment: Option<&EnvironmentName>,
        id: &EventId,
        reason: &str,
        by: &Operator,
    ) -> Result<StoredEvent, QuarantineError> {
        let at = self.clock().now();
        let deed = Deed::new(by, Act::DiscardEvent, Some(reason), at)?;
        let held = self.held_event(environment, id, by).await?;
        let mut tx = self.database().begin().await?;
        let decision = Decision { outcome: Outcome::Discarded, reason: Some(reason), by: &by.who, at };
        if tx.decide_event(&held.environment, id, decision).await? {
            tx.record_deed(&deed.within(&held.environment).about(About::event(id))).await?;
        }
        tx.commit().await?;
        self.event_of(&held.environment, id).await
    }

    /// Applies what a quarantined event says, and writes why and who let it; what became of it. `None` when it is in
    /// quarantine no longer.
    pub(super) async fn apply_quarantined(
        &self,
        environment: &Environment,
        id: &EventId,
        event: &Event,
        (why, by): (&str, &str),
        now: Timestamp,
        deed: Option<&Deed>,
    ) -> Result<Option<Outcome>, StorageError> {
        let name = &environment.settings.name;
        for _ in 0..TRIES {
            let mut tx = self.database().begin().await?;
            let (outcome, note) = match &event.subject {
                Subject::None(what) => (Outcome::Ignored, Some(what.to_string())),
                Subject::Inquiry(observation) => {
                    match self.observe_one(&mut tx, environment, observation, now).await? {
                        Some(change) => outcome_of(change),
                        None => continue,
                    }
                }
            };
            let erased = erased_by(&mut tx, [(name, event)].into_iter()).await?;
            erase(&mut tx, &erased, now).await?;
            let reason = note.map_or_else(|| why.to_owned(), |note| format!("{why}; {note}"));
            // Last, as deliveries do it, so that neither waits for the other.
            if !tx.decide_event(name, id, Decision { outcome, reason: Some(&reason), by, at: now }).await? {
                return Ok(None);
            }
            for template in &event.templates {
                tx.observe_template(name, template, now).await?;
            }
            if let Some(deed) = deed {
                tx.record_deed(deed).await?;
            }
            tx.commit().await?;
            return Ok(Some(outcome));
        }
        Err(StorageError::Contended)
    }

    /// The one quarantined event that is meant.
    async fn held_event(
        &self,
        environment: Option<&EnvironmentName>,
        id: &EventId,
        by: &Operator,
    ) -> Result<StoredEvent, QuarantineError> {
        let mut found = self.database().read().await?.find_event(id).await?;
        found.retain(|event| environment.is_none_or(|environment| event.environment == *environment));
        found.retain(|event| by.sees(&event.environment));
        let Some(any) = found.first().cloned() else { return Err(QuarantineError::Unknown(id.clone())) };
        found.retain(|event| event.outcome == Some(Outcome::Quarantined));
        if found.len() > 1 {
            let names: Vec<&str> = found.iter().map(|event| event.environment.as_str()).collect();
            return Err(QuarantineError::Ambiguous(names.join(", ")));
        }
        found.pop().ok_or_else(|| QuarantineError::NotQuarantined {
            id: id.clone(),
            environment: any.environment,
            outcome: any.outcome.map_or_else(|| "not settled yet".to_owned(), |outcome| outcome.to_string()),
        })
    }

    async fn event_of(&self, environment: &EnvironmentName, id: &EventId) -> Result<StoredEvent, QuarantineError> {
        let found = self.database().read().await?.find_event(id).await?;
        let event = found.into_iter().find(|event| event.environment == *environment);
        event.ok_or_else(|| QuarantineError::Unknown(id.clone()))
    }
}

fn outcome_of(change: Change) -> (Outcome, Option<String>) {
    match change {
        Change::Changed { status_kept, .. } => {
            (Outcome::Applied, status_kept.map(|why| format!("its status was not taken: {why}")))
        }
        Change::Unchanged(why) => (Outcome::Ignored, Some(why.to_string())),
    }
}
