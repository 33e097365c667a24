//! The secrets that deliveries are verified with: those configured, and those of webhooks that were set up at Persona.
//!
//! The latter are read from the database, and read again when a signature matches none of them: so a process that
//! runs learns of a new secret with the first delivery that carries it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tracing::warn;

use crate::app::{App, Environment};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;

/// How long what was read is good without a reason to doubt it: then what was taken away ends here, too.
const GOOD_FOR: Duration = Duration::from_mins(1);

/// How often signatures that match nothing make us look: anybody can send such.
const LOOK: Duration = Duration::from_secs(1);

/// A secret, and when it ends.
type Ending = (SecretString, Option<Timestamp>);

/// What was read, by environment.
#[derive(Default)]
pub(super) struct Registered(Mutex<BTreeMap<EnvironmentName, Known>>);

#[derive(Default, Clone)]
struct Known {
    secrets: Arc<Vec<Ending>>,
    read_at: Option<Instant>,
    doubted_at: Option<Instant>,
}

impl Registered {
    fn get(&self, environment: &EnvironmentName) -> Known {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(environment).cloned().unwrap_or_default()
    }

    fn change(&self, environment: &EnvironmentName, change: impl FnOnce(&mut Known)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(environment.clone()).or_default());
    }
}

impl App {
    /// The secrets that verify now.
    ///
    /// # Errors
    /// [`StorageError`] when the database was never asked and can't be.
    pub(super) async fn verifying_secrets(
        &self,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<SecretString>, StorageError> {
        let name = &environment.settings.name;
        let mut known = self.shared.registered.get(name);
        if known.read_at.is_none_or(|at| at.elapsed() >= GOOD_FOR) {
            match self.read_webhook_secrets(name).await {
                Ok(()) => known = self.shared.registered.get(name),
                Err(error) if known.read_at.is_some() || !environment.settings.webhook_secrets.is_empty() => {
                    warn!(environment = %name, %error, "the webhooks' secrets can't be read anew");
                }
                Err(error) => return Err(error),
            }
        }
        let live = known.secrets.iter().filter(|(_, ends_at)| ends_at.is_none_or(|ends_at| now < ends_at));
        let registered = live.map(|(secret, _)| secret.clone());
        Ok(environment.settings.webhook_secrets.iter().cloned().chain(registered).collect())
    }

    /// Looks whether there are other secrets than those that match nothing; false where we looked a moment ago.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub(super) async fn doubt_webhook_secrets(&self, name: &EnvironmentName) -> Result<bool, StorageError> {
        if self.shared.registered.get(name).doubted_at.is_some_and(|at| at.elapsed() < LOOK) {
            return Ok(false);
        }
        self.shared.registered.change(name, |known| known.doubted_at = Some(Instant::now()));
        self.read_webhook_secrets(name).await?;
        Ok(true)
    }

    async fn read_webhook_secrets(&self, name: &EnvironmentName) -> Result<(), StorageError> {
        let stored = self.database().read().await?.webhook_secrets(name).await?;
        let secrets = Arc::new(stored.into_iter().map(|secret| (secret.value, secret.ends_at)).collect());
        self.shared.registered.change(name, |known| {
            known.secrets = secrets;
            known.read_at = Some(Instant::now());
        });
        Ok(())
    }
}
