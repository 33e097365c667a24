//! Reconciliation: what webhooks did not bring is asked for.
//!
//! State comes first, because people depend on it: inquiries that changed are searched for. Then the events that
//! never came, so that the story is whole; then what was quarantined; then inquiries that fell silent. Every step is
//! written down, so a run that ends at any point is gone on with, and one run at a time holds an environment's row.

mod events;
mod quarantined;
mod run;
mod schedule;
mod search;
mod silent;

use jiff::SignedDuration;
use tracing::{info, warn};

use crate::app::App;
use crate::app::measures::measure_reconciliation;
use crate::app::reread::RereadError;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::persona::error::PersonaError;
use crate::storage::StorageError;
use crate::storage::reconciliation::{Found, Reconciliation, Run, Why};
use run::Walk;

/// How far back the first run looks when somebody asks for it: longer than Persona retries
/// (<https://docs.withpersona.com/webhooks>).
const FIRST_LOOK: SignedDuration = SignedDuration::from_hours(72);

/// Why a run did not come to its end. What it found stays, and the next one goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// No such environment.
    #[error("no environment {0} is configured")]
    UnknownEnvironment(EnvironmentName),
    /// It has no key to ask with.
    #[error("environments.{0} has no api_key; reconciliation asks Persona what webhooks did not bring")]
    NoKey(EnvironmentName),
    /// Another run is under way, in this process or another one.
    #[error("environment {0} is being reconciled already; see `rekindle reconcile status`")]
    Held(EnvironmentName),
    /// It made no step for so long that another run took over.
    #[error("another run took over")]
    TakenOver,
    /// Persona did not answer as it should.
    #[error(transparent)]
    Persona(#[from] PersonaError),
    /// The database could not be asked.
    #[error("the database could not be asked: {0}")]
    Storage(#[from] StorageError),
}

impl From<RereadError> for ReconcileError {
    fn from(error: RereadError) -> Self {
        match error {
            RereadError::Persona(error) => Self::Persona(error),
            RereadError::Storage(error) => Self::Storage(error),
        }
    }
}

impl App {
    /// Asks Persona for what webhooks did not bring, since the last run or since then; `progress` is told after each
    /// step. A run that was stopped is gone on with.
    ///
    /// Stays within Persona's rate limit, and leaves its reserve to others.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub async fn reconcile(
        &self,
        name: &EnvironmentName,
        why: Why,
        since: Option<Timestamp>,
        progress: impl FnMut(&Run) + Send,
    ) -> Result<Run, ReconcileError> {
        let environment = self.environments().get(name);
        let environment = environment.ok_or_else(|| ReconcileError::UnknownEnvironment(name.clone()))?;
        let persona = environment.persona.as_ref().ok_or_else(|| ReconcileError::NoKey(name.clone()))?;
        let mut walk = Walk::begin(self, environment, persona, why, since, progress).await?;
        match walk.walk().await {
            Ok(()) => {
                tell(name, &walk.run.found);
                measure_reconciliation(name, walk.reconciled_until, self.clock().now());
                Ok(walk.run)
            }
            Err(error) => {
                warn!(environment = %name, %error, stage = %walk.run.stage, "reconciliation stopped; it will go on");
                walk.let_go(&error).await;
                Err(error)
            }
        }
    }

    /// How far each environment is, and what the latest run found.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn reconciliations(&self) -> Result<Vec<Reconciliation>, StorageError> {
        self.database().read().await?.reconciliations().await
    }
}

/// The one log line of a run, and its numbers.
fn tell(name: &EnvironmentName, found: &Found) {
    let Found { searched, changed, listed, recovered, confirmed, discarded, reread, overdue, refused, errors } = *found;
    info!(
        environment = %name,
        searched, changed, listed, recovered, confirmed, discarded, reread, overdue, refused, errors, "reconciled"
    );
    for (what, count) in [
        ("inquiries", changed),
        ("events", recovered),
        ("confirmed", confirmed),
        ("discarded", discarded),
        ("overdue", overdue),
        ("errors", errors),
    ] {
        metrics::counter!("rekindle_recovered_total", "environment" => name.to_string(), "what" => what)
            .increment(count);
    }
}
