//! The use cases: the only floor where storage, Persona and notifiers meet.
//!
//! Decisions are made in `domain`; here they are asked for, written down and carried out.

mod batch;

mod committer;

mod observe;

mod erasure;

pub mod ingest;

pub mod replan;

pub mod perform;

mod step;

pub mod party;

mod reread;

pub mod recipient;

pub mod contacts;

mod addressee;

mod telling;

pub mod suppressions;

pub mod channels;

mod remind;

mod revive;

mod replace;

mod tell;

mod hold;

mod publish;

mod outcomes;

pub mod links;

mod invite;

pub mod access;

pub mod mute;

mod secret;

pub mod tokens;

pub mod operators;

pub mod customers;

pub mod create;

pub mod idempotency;

pub mod static_links;

pub mod budget;

mod pace;

pub mod templates;

pub mod replay;

pub mod import;

pub mod reconcile;

pub mod quarantine;

mod refusals;

pub mod tally;

pub mod retention;

pub mod keys;

pub mod names;

pub mod operate;

pub mod lanes;

pub mod singleton;

pub mod queries;

pub mod diagnosis;

mod webhook_secrets;

pub mod setup;

mod backlog;

mod measures;

pub mod alerts;

pub mod board;

pub mod desk;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::SignedDuration;

use crate::app::access::Doors;
use crate::app::budget::SharedBudget;
use crate::app::channels::{Channels, InvalidNotifier};
use crate::app::committer::Committer;
use crate::app::refusals::Refusals;
use crate::app::webhook_secrets::Registered;
use crate::clock::Clock;
use crate::config::{
    self, AlertSettings, ApiSettings, Config, ContactLookup, Links, Mode, ReconcileSettings, RetentionSettings, SignIn,
};
use crate::domain::action::Kind;
use crate::domain::customer::Customers;
use crate::domain::ids::{EnvironmentName, NotifierName};
use crate::notify::letter::{LetterError, Letters};
use crate::notify::lookup::Lookup;
use crate::notify::webhook::{InvalidWebhook, WebhookSettings};
use crate::oidc::{OidcError, Provider};
use crate::persona::client::PersonaClient;
use crate::persona::settings::{ClientSettings, InvalidSettings};
use crate::storage::Database;
use crate::vault::LinkKey;

/// Everything the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    clock: Clock,
    environments: Arc<Environments>,
    committer: OnceLock<Committer>,
    channels: Channels,
    /// Where it is asked how a person is reached, and how long an answer holds.
    lookup: Option<(Lookup, SignedDuration)>,
    reread_after: SignedDuration,
    /// How long an action is held that is performed for somebody who waits, and how often that is renewed.
    lease: (Duration, Duration),
    doors: Doors,
    registered: Registered,
    refusals: Refusals,
    reconcile: ReconcileSettings,
    retention: RetentionSettings,
    alerts: AlertSettings,
    links: Links,
    link_key: OnceLock<LinkKey>,
    customers: Arc<Customers>,
    api: ApiSettings,
    effective: Effective,
    sign_in: SignIn,
    provider: Option<Provider>,
}

/// The environments, by name.
type Environments = BTreeMap<EnvironmentName, Environment>;

/// One Persona environment: what is configured for it, and the client that asks it.
pub struct Environment {
    /// Its configuration.
    pub settings: config::Environment,
    /// Its client; none without an API key, which only mode `observe` allows.
    pub persona: Option<PersonaClient>,
    /// What may be asked of Persona, which every call of the client passes; none without a client.
    pub budget: Option<Arc<SharedBudget>>,
    /// The operator's customers, whose people there are.
    pub customers: Arc<Customers>,
}

/// The configuration in effect, as operators may see it.
#[derive(Debug, Clone)]
pub struct Effective {
    /// In the form of the configuration file, with secrets left out.
    pub text: String,
    /// What is allowed and probably not meant.
    pub warnings: Vec<String>,
}

/// Why the use cases could not be set up; each names the key.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A Persona client could not be made.
    #[error("environments.{environment}: {source}")]
    Persona {
        /// The environment.
        environment: EnvironmentName,
        /// What was wrong.
        source: InvalidSettings,
    },
    /// A notifier could not be made.
    #[error("notifiers.{name}: {source}")]
    Notifier {
        /// The notifier.
        name: NotifierName,
        /// What was wrong.
        source: InvalidNotifier,
    },
    /// A template of the operator's own can't be used.
    #[error("notices.templates: {0}")]
    Letters(LetterError),
    /// What asks how people are reached could not be made.
    #[error("contacts: {0}")]
    Lookup(InvalidWebhook),
    /// The client of the OpenID provider could not be made.
    #[error("sign_in.oidc: {0}")]
    Provider(OidcError),
}

impl App {
    /// Puts the use cases together from a checked configuration.
    ///
    /// # Errors
    /// [`SetUpError`] when a Persona client or a notifier can't be made.
    pub fn new(config: &Config, database: Database, clock: Clock) -> Result<Self, SetUpError> {
        let mut environments = BTreeMap::new();
        let customers = Arc::new(config.customers.clone());
        for (name, settings) in &config.environments {
            let budget = settings.api_key.as_ref().map(|_| {
                SharedBudget::new(name.clone(), database.clone(), clock.clone(), settings.careful_calls_per_minute)
            });
            let persona = client_of(settings, &clock, budget.clone());
            let persona = persona.map_err(|source| SetUpError::Persona { environment: name.clone(), source })?;
            let (settings, customers) = (settings.clone(), customers.clone());
            environments.insert(name.clone(), Environment { settings, persona, budget, customers });
        }
        let channels = channels::of(config, &clock)?;
        let lookup = config.contacts.as_ref().map(|contacts| lookup_of(contacts, &clock)).transpose();
        let lookup = lookup.map_err(SetUpError::Lookup)?;
        let provider = operators::oidc::provider_of(&config.sign_in, &clock).map_err(SetUpError::Provider)?;
        let reread_after = config.worker.reread_after;
        let lease = (config.worker.lease, config.worker.renew);
        let (reconcile, retention) = (config.reconcile, config.retention);
        let (environments, committer) = (Arc::new(environments), OnceLock::new());
        let shared = Shared {
            database,
            clock,
            environments,
            committer,
            channels,
            lookup,
            reread_after,
            lease,
            doors: Doors::default(),
            registered: Registered::default(),
            refusals: Refusals::default(),
            reconcile,
            retention,
            alerts: config.alerts.clone(),
            links: config.links.clone(),
            link_key: OnceLock::new(),
            customers,
            api: config.api,
            effective: Effective { text: config.redacted(), warnings: config.warnings() },
            sign_in: config.sign_in.clone(),
            provider,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

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

    /// Where access links lead to, and how their pages look.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.shared.links
    }

    /// The operator's customers, by name.
    #[must_use]
    pub fn customers(&self) -> &Customers {
        &self.shared.customers
    }

    /// Whether there is a notifier of that name.
    #[must_use]
    pub fn has_notifier(&self, name: &NotifierName) -> bool {
        self.shared.channels.contains_key(name)
    }

    /// What the API bears.
    #[must_use]
    pub fn api(&self) -> ApiSettings {
        self.shared.api
    }

    /// How often each environment is made sure of.
    #[must_use]
    pub fn reconciles_every(&self) -> SignedDuration {
        self.shared.reconcile.every
    }

    /// How operators sign in.
    #[must_use]
    pub fn sign_in(&self) -> &SignIn {
        &self.shared.sign_in
    }

    /// The configuration in effect.
    #[must_use]
    pub fn effective(&self) -> &Effective {
        &self.shared.effective
    }

    /// What may be claimed: the kinds of the environments that are in mode `act`.
    #[must_use]
    pub fn lanes(&self) -> Vec<(EnvironmentName, Kind)> {
        let acting = self.shared.environments.values().filter(|environment| environment.settings.mode == Mode::Act);
        acting.flat_map(|environment| Kind::ALL.map(|kind| (environment.settings.name.clone(), kind))).collect()
    }
}

fn client_of(
    settings: &config::Environment,
    clock: &Clock,
    budget: Option<Arc<SharedBudget>>,
) -> Result<Option<PersonaClient>, InvalidSettings> {
    let (Some(api_key), Some(budget)) = (settings.api_key.clone(), budget) else { return Ok(None) };
    let settings = ClientSettings::new(settings.api_url.clone(), api_key);
    PersonaClient::gated(&settings, clock.clone(), budget).map(Some)
}

fn lookup_of(settings: &ContactLookup, clock: &Clock) -> Result<(Lookup, SignedDuration), InvalidWebhook> {
    let ContactLookup { url, secrets, timeout, keep, allow_private } = settings.clone();
    let settings = WebhookSettings { url, secrets, timeout, allow_private, letters: Letters::standard() };
    Ok((Lookup::new(&settings, clock.clone())?, keep))
}
