//! From a delivery to stored, applied and planned: *if we answered 2xx, it is on disk, with everything that follows from it.*

use sha2::{Digest, Sha256};

use crate::app::observe::{Observed, TRIES, observe};
use crate::app::{App, Environment};
use crate::domain::event::{Event, Subject};
use crate::domain::ids::{EnvironmentName, EventId};
use crate::domain::inquiry::Change;
use crate::domain::signature::{self, Age, SignatureError, Verified};
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::events::{NewEvent, Origin, Outcome, Recorded, UnreadableBody};
pub use crate::storage::sabotage::{answer_first, answers_first};

/// One HTTP request from Persona, read whole and not trusted yet.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// The environment its route names.
    pub environment: &'a str,
    /// Its `Persona-Signature` header.
    pub signature: Option<&'a [u8]>,
    /// Its raw body.
    pub body: &'a [u8],
}

/// What became of a delivery that was taken: it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// New, and it changed what is known; with what of it was not taken, and why.
    Applied(Option<String>),
    /// New, and it changed nothing: why.
    Ignored(String),
    /// Known already.
    Duplicate,
    /// Signed too long ago or in the future: stored, not applied.
    Quarantined(Age),
    /// Verified, but not understood: stored, with why.
    Unreadable(String),
}

impl Receipt {
    /// One word for logs and metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::Ignored(_) => "ignored",
            Self::Duplicate => "duplicate",
            Self::Quarantined(_) => "quarantined",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// Why a delivery was not taken: nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The route names no environment of ours.
    #[error("no environment of that name is configured")]
    UnknownEnvironment,
    /// It is not Persona's, or not for this environment.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It could not be stored now; Persona will send it again.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// Takes one delivery: verifies, records, applies, plans and commits.
    ///
    /// # Errors
    /// [`Refusal`] when nothing was kept.
    pub async fn receive(&self, delivery: Delivery<'_>) -> Result<Receipt, Refusal> {
        let (name, environment) = self.environment(delivery.environment).ok_or(Refusal::UnknownEnvironment)?;
        let now = self.clock().now();
        let verified = verify(environment, delivery, now)?;
        let receipt = match Event::parse(delivery.body, now) {
            Ok(event) => self.record(environment, &event, delivery.body, verified.age, Origin::Webhook, now).await,
            Err(why) => self.keep_unreadable(name, delivery.body, &why.to_string(), now).await,
        };
        match receipt {
            Err(error) if !error.is_unavailable() => {
                let why = format!("it could not be applied: {error}");
                Ok(self.keep_unreadable(name, delivery.body, &why, now).await?)
            }
            other => Ok(other?),
        }
    }

    fn environment(&self, name: &str) -> Option<(&EnvironmentName, &Environment)> {
        self.environments().get_key_value(&EnvironmentName::parse(name).ok()?)
    }

    /// Records an event, applies it and commits; begins again when a person's identity moved in between.
    pub(super) async fn record(
        &self,
        environment: &Environment,
        event: &Event,
        body: &[u8],
        age: Age,
        origin: Origin,
        now: Timestamp,
    ) -> Result<Receipt, StorageError> {
        for _ in 0..TRIES {
            if let Some(receipt) = self.try_record(environment, event, body, age, origin, now).await? {
                return Ok(receipt);
            }
        }
        Err(StorageError::Contended)
    }

    async fn try_record(
        &self,
        environment: &Environment,
        event: &Event,
        body: &[u8],
        age: Age,
        origin: Origin,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StorageError> {
        let name = &environment.settings.name;
        let mut tx = self.database().begin().await?;
        let recorded = tx
            .record_event(&NewEvent {
                environment: name,
                id: &event.id,
                name: &event.name,
                occurred_at: event.occurred_at,
                received_at: now,
                inquiry: event.inquiry(),
                origin,
                body,
            })
            .await?;
        let receipt = match recorded {
            Recorded::Duplicate { outcome } if outcome != Some(Outcome::Quarantined) || age != Age::Fresh => {
                Receipt::Duplicate
            }
            _ if age != Age::Fresh => Receipt::Quarantined(age),
            _ => {
                for template in &event.templates {
                    tx.observe_template(name, template, now).await?;
                }
                match &event.subject {
                    Subject::None(why) => Receipt::Ignored(why.to_string()),
                    Subject::Inquiry(observation) => {
                        match observe(&mut tx, environment, (**observation).clone(), now).await? {
                            Observed::PersonMoved => return Ok(None),
                            Observed::Applied(change) => receipt_of(change),
                        }
                    }
                }
            }
        };
        if let Some((outcome, reason)) = outcome_of(&receipt) {
            tx.settle_event(name, &event.id, outcome, reason.as_deref(), None).await?;
        }
        tx.commit().await?;
        Ok(Some(receipt))
    }

    async fn keep_unreadable(
        &self,
        environment: &EnvironmentName,
        body: &[u8],
        why: &str,
        now: Timestamp,
    ) -> Result<Receipt, StorageError> {
        let mut tx = self.database().begin().await?;
        let id = content_id(body);
        let origin = Origin::Webhook;
        tx.record_unreadable(&UnreadableBody { environment, id: &id, received_at: now, origin, reason: why, body })
            .await?;
        tx.commit().await?;
        Ok(Receipt::Unreadable(why.to_owned()))
    }
}

fn verify(environment: &Environment, delivery: Delivery<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
    use secrecy::ExposeSecret;

    let settings = &environment.settings;
    let secrets: Vec<&[u8]> = settings.webhook_secrets.iter().map(|secret| secret.expose_secret().as_bytes()).collect();
    signature::verify(delivery.signature, delivery.body, &secrets, now, settings.signature_tolerance)
}

/// What an unreadable body is known by: the same content is stored once.
fn content_id(body: &[u8]) -> EventId {
    let text = format!("sha256:{}", hex::encode(Sha256::digest(body)));
    EventId::parse(&text).unwrap_or_else(|_| unreachable!("hex is an id"))
}

fn receipt_of(change: Change) -> Receipt {
    match change {
        Change::Changed { status_kept, .. } => {
            Receipt::Applied(status_kept.map(|why| format!("its status was not taken: {why}")))
        }
        Change::Unchanged(why) => Receipt::Ignored(why.to_string()),
    }
}

fn outcome_of(receipt: &Receipt) -> Option<(Outcome, Option<String>)> {
    match receipt {
        Receipt::Applied(note) => Some((Outcome::Applied, note.clone())),
        Receipt::Ignored(why) => Some((Outcome::Ignored, Some(why.clone()))),
        Receipt::Quarantined(age) => Some((Outcome::Quarantined, Some(age.reason().to_owned()))),
        Receipt::Duplicate | Receipt::Unreadable(_) => None,
    }
}
