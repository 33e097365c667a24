//! Acts on events: released or discarded, gone through once more, or looked into.

use crate::app::board::{Revealed, StoredEvent};
use crate::app::desk::{ActError, Desk};
use crate::app::observe::TRIES;
use crate::app::quarantine::QuarantineError;
use crate::domain::act::Act;
use crate::domain::deed::About;
use crate::domain::event::{Event, Subject};
use crate::domain::ids::{EnvironmentName, EventId};
use crate::domain::inquiry::Change;
use crate::storage::StorageError;
use crate::storage::events::Outcome;

/// What came of going through an event once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// What it changed, as Persona names it; nothing where nothing was missed.
    pub changed: Vec<&'static str>,
    /// Why it changed nothing, or why its status was not taken.
    pub note: Option<String>,
}

impl Desk {
    /// The payload of an event as it was received; written down before it is shown.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn reveal(&self, environment: &EnvironmentName, id: &EventId) -> Result<Revealed, ActError> {
        let deed = self.deed(Act::Reveal, environment, About::event(id))?;
        let board = self.app.board(self.operator.environment.clone());
        let gone = || ActError::NotNow("its body or its key is gone".to_owned());
        board.event(environment, id).await?.ok_or(ActError::Unknown("event"))?;
        self.announced(&deed).await?;
        board.payload(environment, id).await?.ok_or_else(gone)
    }

    /// Applies a quarantined event as it was received.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn release_event(&self, environment: &EnvironmentName, id: &EventId) -> Result<StoredEvent, ActError> {
        self.allowed(Act::ReleaseEvent, environment, "event")?;
        let released = self.app.release_event(Some(environment), id, self.reason(), &self.operator).await;
        released.map_err(of_quarantine)
    }

    /// Discards a quarantined event for good.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn discard_event(&self, environment: &EnvironmentName, id: &EventId) -> Result<StoredEvent, ActError> {
        self.allowed(Act::DiscardEvent, environment, "event")?;
        let discarded = self.app.discard_event(Some(environment), id, self.reason(), &self.operator).await;
        discarded.map_err(of_quarantine)
    }

    /// Takes an event through the same steps as when it came. Where nothing was missed, that changes nothing.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn replay_event(&self, environment: &EnvironmentName, id: &EventId) -> Result<Replayed, ActError> {
        let deed = self.deed(Act::Replay, environment, About::event(id))?;
        let configured = self.app.environments().get(environment).ok_or(ActError::Unknown("environment"))?;
        let mut tx = self.app.database().read().await?;
        let found = tx.find_event(id).await?.into_iter().find(|event| event.environment == *environment);
        let stored = found.ok_or(ActError::Unknown("event"))?;
        if matches!(stored.outcome, Some(Outcome::Quarantined | Outcome::Discarded)) {
            let only = "it was kept aside; release it instead, if it is Persona's";
            return Err(ActError::NotNow(only.to_owned()));
        }
        let body = tx.event_body(environment, id).await?;
        drop(tx);
        let body = body.ok_or_else(|| ActError::NotNow("its body or its key is gone".to_owned()))?;
        let event = Event::parse(&body, stored.received_at)?;
        for _ in 0..TRIES {
            let (mut tx, now) = (self.app.database().begin().await?, self.app.clock().now());
            let replayed = match &event.subject {
                Subject::None(why) => Replayed { changed: Vec::new(), note: Some(why.to_string()) },
                Subject::Inquiry(observation) => {
                    match self.app.observe_one(&mut tx, configured, observation, now).await? {
                        Some(change) => replayed(change),
                        None => continue,
                    }
                }
            };
            for template in &event.templates {
                tx.observe_template(environment, template, now).await?;
            }
            Self::done(tx, &deed).await?;
            return Ok(replayed);
        }
        Err(StorageError::Contended.into())
    }
}

fn replayed(change: Change) -> Replayed {
    match change {
        Change::Changed { attributes, status_kept } => {
            Replayed { changed: attributes, note: status_kept.map(|why| format!("its status was not taken: {why}")) }
        }
        Change::Unchanged(why) => Replayed { changed: Vec::new(), note: Some(why.to_string()) },
    }
}

fn of_quarantine(error: QuarantineError) -> ActError {
    match error {
        QuarantineError::Unknown(_) | QuarantineError::UnknownEnvironment(_) => ActError::Unknown("event"),
        QuarantineError::Storage(error) => ActError::Storage(error),
        QuarantineError::Unreadable(error) => ActError::Unreadable(error),
        QuarantineError::NoReason(error) => ActError::NoReason(error),
        other => ActError::NotNow(other.to_string()),
    }
}
