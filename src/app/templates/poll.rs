//! The list of templates, asked for by the clock: for versions of which no event told.

use jiff::SignedDuration;
use tracing::{info, warn};

use crate::app::pace::reading;
use crate::app::{App, Environment};
use crate::domain::ids::{EnvironmentName, TemplateId};
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::persona::error::PersonaError;
use crate::storage::StorageError;
use crate::storage::template_runs::{Poll, PollOutcome};

/// Persona's largest page (<https://docs.withpersona.com/pagination>).
const PAGE: u8 = 100;

/// How long after a refusal it is tried again: a sandbox key never may, and permissions change rarely.
const AFTER_REFUSAL: SignedDuration = SignedDuration::from_hours(24);

/// Why templates could not be asked for.
#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Persona(#[from] PersonaError),
    #[error("the database could not be asked: {0}")]
    Storage(#[from] StorageError),
}

impl App {
    /// Asks for an environment's templates where that is due; whether it was.
    ///
    /// A key that may not see them is no error: that is kept, and shown by `rekindle templates list`.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn poll_templates_where_due(&self, name: &EnvironmentName) -> Result<bool, StorageError> {
        let Some(environment) = self.environments().get(name) else { return Ok(false) };
        let Some(persona) = &environment.persona else { return Ok(false) };
        let now = self.clock().now();
        let last = self.database().read().await?.template_poll(name).await?;
        if last.as_ref().is_some_and(|last| !is_due(last, self.shared.reconcile.templates_every, now)) {
            return Ok(false);
        }
        let poll = match self.poll_templates(environment, &reading(persona)).await {
            Ok(()) => Poll { at: now, outcome: PollOutcome::Done, error: None },
            Err(PollError::Storage(error)) => return Err(error),
            Err(PollError::Persona(error)) => {
                let refused = matches!(error.status(), Some(401..=404));
                let outcome = if refused { PollOutcome::Refused } else { PollOutcome::Failed };
                let before = last.is_none_or(|last| last.outcome != outcome);
                if refused && before {
                    info!(environment = %name, %error, "this key may not see the list of templates; new versions are learnt from webhooks and readings");
                } else if before {
                    warn!(environment = %name, %error, "the list of templates could not be asked for");
                }
                Poll { at: now, outcome, error: Some(error.to_string()) }
            }
        };
        let mut tx = self.database().begin().await?;
        tx.keep_template_poll(name, &poll).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn poll_templates(&self, environment: &Environment, persona: &PersonaClient) -> Result<(), PollError> {
        let name = &environment.settings.name;
        let mut after: Option<TemplateId> = None;
        loop {
            let (page, asked_at) = self.ask(|| persona.list_templates(after.as_ref(), PAGE)).await?;
            let mut templates = page.items;
            templates.sort_by(|one, other| one.id.cmp(&other.id));
            let mut tx = self.database().begin().await?;
            for template in &templates {
                tx.observe_template(name, template, asked_at).await?;
            }
            tx.commit().await?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }
}

fn is_due(last: &Poll, every: SignedDuration, now: Timestamp) -> bool {
    let wait = if last.outcome == PollOutcome::Refused { AFTER_REFUSAL.max(every) } else { every };
    now >= last.at.plus(wait) || last.at > now
}
