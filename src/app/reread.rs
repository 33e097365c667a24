//! Reading an inquiry again at Persona, before a person is troubled or when a call was refused.

use std::collections::BTreeSet;

use crate::app::erasure::erase;
use crate::app::observe::{TRIES, Told, observe};
use crate::app::step::{after, under_the_same_key};
use crate::app::{App, Environment};
use crate::domain::action::Outcome;
use crate::domain::ids::InquiryId;
use crate::domain::inquiry::{Change, Inquiry};
use crate::domain::observation::{Observation, Snapshot, Source};
use crate::domain::subject::SubjectId;
use crate::domain::template::Template;
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::persona::error::PersonaError;
use crate::storage::{StorageError, Tx};

/// Why an inquiry could not be read again.
#[derive(Debug, thiserror::Error)]
pub enum RereadError {
    /// Persona did not give it.
    #[error(transparent)]
    Persona(#[from] PersonaError),
    /// It could not be stored.
    #[error("the database could not be asked: {0}")]
    Storage(#[from] StorageError),
}

impl RereadError {
    /// What it means for the attempt that needed the reading. A reading carries no key, so whatever Persona answered it,
    /// the other calls of the attempt keep theirs.
    pub(super) fn outcome(&self, now: Timestamp) -> Outcome {
        match self {
            Self::Persona(error) => under_the_same_key(after(error, now)),
            Self::Storage(_) => Outcome::Retry { error: self.to_string(), at: None, new_key: false },
        }
    }
}

impl App {
    /// Reads an inquiry at Persona and applies the answer; what that changed.
    pub(super) async fn reread(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        id: &InquiryId,
    ) -> Result<Change, RereadError> {
        let asked_at = self.clock().now();
        let read = persona.retrieve_inquiry(id).await?;
        Ok(self.take_reading(environment, read.inquiry, read.template.as_ref(), asked_at).await?)
    }

    /// Applies what the API said of an inquiry, at the time Persona says it was last updated; what that changed.
    pub(super) async fn take_reading(
        &self,
        environment: &Environment,
        snapshot: Snapshot,
        template: Option<&Template>,
        asked_at: Timestamp,
    ) -> Result<Change, StorageError> {
        self.take_observation(environment, &Observation::of_read(snapshot, asked_at), template, asked_at).await
    }

    /// Applies what Persona answered to a call of our own that changed the inquiry; what that changed.
    pub(super) async fn take_own(
        &self,
        environment: &Environment,
        snapshot: Snapshot,
        asked_at: Timestamp,
    ) -> Result<Change, StorageError> {
        let at = snapshot.updated_at.unwrap_or(asked_at);
        self.take_observation(environment, &Observation::of(snapshot, at, Source::OwnCall), None, asked_at).await
    }

    async fn take_observation(
        &self,
        environment: &Environment,
        observation: &Observation,
        template: Option<&Template>,
        asked_at: Timestamp,
    ) -> Result<Change, StorageError> {
        let (name, id) = (&environment.settings.name, &observation.inquiry);
        for _ in 0..TRIES {
            let mut tx = self.database().begin().await?;
            if let Some(change) = self.observe_one(&mut tx, environment, observation, asked_at).await? {
                if let Some(template) = template {
                    tx.observe_template(name, template, asked_at).await?;
                }
                tx.mark_read(name, id, asked_at).await?;
                tx.commit().await?;
                return Ok(change);
            }
        }
        Err(StorageError::Contended)
    }

    /// Applies one observation within an open transaction, and erases what it says was erased; what it changed. `None` when the transaction has to begin
    /// again.
    pub(super) async fn observe_one(
        &self,
        tx: &mut Tx,
        environment: &Environment,
        observation: &Observation,
        now: Timestamp,
    ) -> Result<Option<Change>, StorageError> {
        let name = &environment.settings.name;
        let told = Told { environment: name, observation };
        let changes = observe(tx, self.environments(), &[told], now).await?;
        if changes.is_some() && observation.redacts() {
            let subject = SubjectId::inquiry(&observation.inquiry);
            erase(tx, &BTreeSet::from([(name.clone(), subject)]), now).await?;
        }
        Ok(changes.and_then(|changes| changes.into_iter().next()))
    }

    /// Whether so long has passed since anything was heard of an inquiry that it must be read before anyone is troubled.
    pub(super) async fn is_stale(&self, inquiry: &Inquiry) -> Result<bool, StorageError> {
        let stored = self.database().read().await?.inquiry(&inquiry.environment, &inquiry.id).await?;
        let heard = inquiry.last_observed.max(stored.and_then(|stored| stored.read_at));
        Ok(heard.is_none_or(|heard| self.clock().now().since(heard) > self.shared.reread_after))
    }
}
