//! The use cases: the only floor where storage, Persona and notifiers meet.
//!
//! Decisions are made in `domain`; here they are asked for, written down and carried out.

mod observe;

pub mod ingest;

pub mod replan;

pub mod perform;

mod reread;

mod remind;

pub mod import;

pub mod operate;

pub mod queries;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::config::{self, Config, Mode};
use crate::domain::action::Kind;
use crate::domain::ids::{EnvironmentName, NotifierName};
use crate::notify::Notifier;
use crate::persona::client::PersonaClient;
use crate::storage::Database;

/// Everything the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    clock: Clock,
    environments: BTreeMap<EnvironmentName, Environment>,
    notifiers: BTreeMap<NotifierName, Notifier>,
    reread_after: SignedDuration,
}

/// One Persona environment: what is configured for it, and the client that asks it.
pub struct Environment {
    /// Its configuration.
    pub settings: config::Environment,
    /// Its client; none without an API key, which only mode `observe` allows.
    pub persona: Option<PersonaClient>,
}

/// Why the use cases could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A Persona client could not be made.
    #[error("environments.{environment}: {source}")]
    Persona {
        /// The environment.
        environment: EnvironmentName,
        /// What was wrong.
        source: crate::persona::error::PersonaError,
    },
    /// A notifier could not be made.
    #[error("notifiers.{name}: {source}")]
    Notifier {
        /// The notifier.
        name: NotifierName,
        /// What was wrong.
        source: crate::notify::NotifyError,
    },
}

impl App {
    /// The database, for reading queries of its own.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.shared.database
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The environments, by name.
    #[must_use]
    pub fn environments(&self) -> &BTreeMap<EnvironmentName, Environment> {
        &self.shared.environments
    }

    /// What may be claimed: the kinds of the environments that are in mode `act`.
    #[must_use]
    pub fn lanes(&self) -> Vec<(EnvironmentName, Kind)> {
        let acting = self.shared.environments.values().filter(|environment| environment.settings.mode == Mode::Act);
        acting.flat_map(|environment| Kind::ALL.map(|kind| (environment.settings.name.clone(), kind))).collect()
    }
}
