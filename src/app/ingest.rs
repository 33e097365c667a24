//! From a delivery to stored, applied and planned: *if we answered 2xx, it is on disk, with everything that follows from it.*

use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use tracing::Span;

use crate::app::batch::{self, Arrival};
use crate::app::committer::{Books, Bounds, Committer, NotCommitted};
use crate::app::{App, Environment, Environments};
use crate::clock::Clock;
use crate::domain::event::Event;
use crate::domain::ids::EnvironmentName;
use crate::domain::signature::{self, Age, SignatureError, Verified};
use crate::domain::time::Timestamp;
use crate::storage::events::Origin;
pub use crate::storage::sabotage::{answer_first, answers_first};
use crate::storage::{Database, Kind, StorageError};

/// What may wait to be stored: some seconds' worth on a small machine, and no more memory than it can spare. The
/// patience leaves room within the 5 seconds that Persona waits (<https://docs.withpersona.com/webhooks>).
const BOUNDS: Bounds = Bounds {
    waiting: 4_096,
    waiting_bytes: 64 << 20,
    batch: 256,
    batch_bytes: 8 << 20,
    at_once: 1,
    worthwhile: 64,
    beside: Duration::from_millis(25),
    patience: Duration::from_millis(3_500),
};

/// Batches under way at one time on PostgreSQL: while it works on one, the next is prepared. SQLite has one writer.
const AT_ONCE_ON_POSTGRES: usize = 2;

/// A body longer than this is checked on a thread where it keeps nobody else waiting, in bytes.
const LONG_BODY: usize = 64 << 10;

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
    /// More comes than can be stored in time; Persona will send it again.
    #[error("more deliveries wait to be stored than can be stored in time")]
    Overloaded,
    /// It could not be stored now; Persona will send it again.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// Takes one delivery: verifies it, and has it recorded, applied, planned and committed together with others.
    ///
    /// # Errors
    /// [`Refusal`] when nothing was kept, or nobody can say whether it was.
    pub async fn receive(&self, delivery: Delivery<'_>) -> Result<Receipt, Refusal> {
        let (name, environment) = self.environment(delivery.environment).ok_or(Refusal::UnknownEnvironment)?;
        let arrival = match self.check(name, environment, delivery).await {
            Err(Refusal::Signature(SignatureError::Mismatch)) if self.doubt_webhook_secrets(name).await? => {
                self.check(name, environment, delivery).await
            }
            checked => checked,
        }?;
        Span::current().record("event", tracing::field::display(&arrival.key().1));
        self.committer().commit(arrival).await.map_err(|why| match why {
            NotCommitted::Full => Refusal::Overloaded,
            NotCommitted::Storage(error) => Refusal::Storage(error),
        })
    }

    /// Checks that a delivery is Persona's, by the secrets known now, and reads it.
    async fn check(
        &self,
        name: &EnvironmentName,
        environment: &Environment,
        delivery: Delivery<'_>,
    ) -> Result<Arrival, Refusal> {
        let now = self.clock().now();
        let (secrets, tolerance) =
            (self.verifying_secrets(environment, now).await?, environment.settings.signature_tolerance);
        let body = Bytes::copy_from_slice(delivery.body);
        if body.len() <= LONG_BODY {
            return Ok(examine(name, (&secrets, tolerance), delivery.signature, body, now)?);
        }
        let (name, signature) = (name.clone(), delivery.signature.map(<[u8]>::to_vec));
        let check = move || examine(&name, (&secrets, tolerance), signature.as_deref(), body, now);
        let checked = tokio::task::spawn_blocking(check).await;
        Ok(checked.unwrap_or_else(|defect| std::panic::resume_unwind(defect.into_panic()))?)
    }

    fn environment(&self, name: &str) -> Option<(&EnvironmentName, &Environment)> {
        self.environments().get_key_value(&EnvironmentName::parse(name).ok()?)
    }

    /// Begins with the first delivery: commands that take none need none.
    fn committer(&self) -> &Committer {
        self.shared.committer.get_or_init(|| {
            let database = self.database().clone();
            let at_once = match database.kind() {
                Kind::Sqlite => 1,
                Kind::Postgres => AT_ONCE_ON_POSTGRES,
            };
            let environments = self.shared.environments.clone();
            let books = Ledgers { database, environments, clock: self.clock().clone() };
            Committer::start(books, Bounds { at_once, ..BOUNDS })
        })
    }

    /// Records an event that did not come as a delivery, applies it and commits.
    ///
    /// # Errors
    /// [`StorageError`] when nothing was kept, or nobody can say whether it was.
    pub async fn record(
        &self,
        environment: &Environment,
        event: &Event,
        body: &[u8],
        age: Age,
        origin: Origin,
        now: Timestamp,
    ) -> Result<Receipt, StorageError> {
        let (name, body) = (&environment.settings.name, Bytes::copy_from_slice(body));
        let arrival = Arrival::event(name, event.clone(), age, origin, now, body);
        let receipts = batch::commit(self.database(), self.environments(), self.clock(), &[arrival]).await?;
        receipts.into_iter().next().ok_or(StorageError::Contended)
    }
}

/// What the committer commits to.
struct Ledgers {
    database: Database,
    environments: std::sync::Arc<Environments>,
    clock: Clock,
}

impl Books for Ledgers {
    async fn commit(&self, arrivals: &[Arrival]) -> Result<Vec<Receipt>, StorageError> {
        batch::commit(&self.database, &self.environments, &self.clock, arrivals).await
    }
}

/// Checks that a body is Persona's, and reads it.
fn examine(
    name: &EnvironmentName,
    accepted: (&[SecretString], SignedDuration),
    signature: Option<&[u8]>,
    body: Bytes,
    now: Timestamp,
) -> Result<Arrival, SignatureError> {
    let verified = verify(accepted, signature, &body, now)?;
    Ok(match Event::parse(&body, now) {
        Ok(event) => Arrival::event(name, event, verified.age, Origin::Webhook, now, body),
        Err(why) => Arrival::unreadable(name, why.to_string(), Origin::Webhook, now, body),
    })
}

fn verify(
    (secrets, tolerance): (&[SecretString], SignedDuration),
    signature: Option<&[u8]>,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, SignatureError> {
    let secrets: Vec<&[u8]> = secrets.iter().map(|secret| secret.expose_secret().as_bytes()).collect();
    signature::verify(signature, body, &secrets, now, tolerance)
}
