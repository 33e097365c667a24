//! The configuration: read from a TOML file and the environment, checked as a whole, and typed from there on.
//!
//! A mistake costs people their way back in, so nothing is guessed: unknown keys are refused, and all mistakes
//! are told at once, each with its key, what is wrong and the remedy. Secrets are never shown.

mod address;
mod alerts;
mod api;
mod brand;
mod contacts;
mod customer;
mod environment;
mod error;
mod keys;
mod links;
mod nearest;
mod notices;
mod notifier;
mod reader;
mod redacted;
mod secret;
mod settings;
mod sign_in;
mod subscription;
mod telemetry;
mod template;
mod texts;
mod upkeep;
mod variables;
mod warnings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, io};

use figment::Figment;
use figment::providers::{Format, Toml};

pub use address::{DatabaseKind, DatabaseUrl};
pub use alerts::AlertSettings;
pub use api::ApiSettings;
pub use brand::{Brand, Colour, Support};
pub use contacts::ContactLookup;
pub use environment::{Environment, Mode, PERSONA_API_URL, SIGNATURE_TOLERANCE};
pub use error::{ConfigError, Problem};
pub use keys::MasterKeys;
pub use links::{LinkHost, Links};
pub use notices::{NoticeTemplate, Notices};
pub use notifier::{EmailConfig, EmailSecurity, NotifierConfig};
pub use settings::{Limits, Listen, LogFormat, LogSettings, WorkerSettings};
pub use sign_in::{Oidc, SignIn};
pub use subscription::{SubscriptionConfig, Subscriptions};
pub use telemetry::Telemetry;
pub use template::TemplateRules;
pub use texts::{Language, Text};
pub use upkeep::{ReconcileSettings, RetentionSettings};
pub use warnings::LONGEST_ADVISED;

use crate::domain::customer::Customers;
use crate::domain::ids::{EnvironmentName, NotifierName};
use crate::domain::rules::LinkForm;
use reader::{Reading, Section};

/// The file that is read where none is named and it is there.
pub const DEFAULT_FILE: &str = "rekindle.toml";

/// Everything that is configured, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// What people's data is sealed under.
    pub master_keys: MasterKeys,
    /// Whether reference ids are sealed as well: where they say who somebody is.
    pub seal_reference_ids: bool,
    /// Where we answer.
    pub listen: Listen,
    /// Access links and their pages.
    pub links: Links,
    /// Persona's environments, by name.
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// Who can be told, by name.
    pub notifiers: BTreeMap<NotifierName, NotifierConfig>,
    /// How notices are put into words.
    pub notices: Notices,
    /// Where it is asked how a person is reached.
    pub contacts: Option<ContactLookup>,
    /// The operator's customers, by name.
    pub customers: Customers,
    /// What applications are told about people, by the subscriptions' names.
    pub subscriptions: Subscriptions,
    /// What the API bears.
    pub api: ApiSettings,
    /// How operators sign in.
    pub sign_in: SignIn,
    /// What a client may take of us.
    pub limits: Limits,
    /// How work is done.
    pub worker: WorkerSettings,
    /// When what we know is compared with what Persona knows.
    pub reconcile: ReconcileSettings,
    /// How long rows are kept.
    pub retention: RetentionSettings,
    /// What somebody is told of the installation itself, and who.
    pub alerts: AlertSettings,
    /// Where traces go.
    pub telemetry: Telemetry,
    /// What is logged.
    pub log: LogSettings,
}

impl Config {
    /// Reads the file, or `rekindle.toml` if it is there and none is named, and lays environment variables over it.
    ///
    /// # Errors
    /// See [`ConfigError`]; all mistakes in the values come together.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let file = path.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_none() => String::new(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ConfigError::Missing(file.to_owned())),
            Err(source) => return Err(ConfigError::Unreadable { path: file.to_owned(), source }),
        };
        // A name or value that is no Unicode can't be right; lossy, it fails a check instead of being passed over.
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let variables = env::vars_os().map(|(name, value)| (lossy(name), lossy(value)));
        Self::assemble(&text, file.parent().unwrap_or(Path::new("")), variables)
    }

    /// Reads a configuration from its text alone, without environment variables.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::assemble(text, Path::new(""), [])
    }

    /// Refuses to go on without an environment.
    ///
    /// # Errors
    /// [`ConfigError::NoEnvironments`].
    pub fn require_environments(&self) -> Result<&Self, ConfigError> {
        if self.environments.is_empty() { Err(ConfigError::NoEnvironments) } else { Ok(self) }
    }

    /// What is allowed and probably not meant.
    pub fn warnings(&self) -> Vec<String> {
        warnings::of(self)
    }

    /// What is in effect, in the form of the configuration file, with secrets left out.
    pub fn redacted(&self) -> String {
        redacted::text(self)
    }

    fn assemble(
        text: &str,
        folder: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let figment = variables::merge(Figment::from(Toml::string(text)), variables);
        let reading = Reading::new(figment, folder);
        let config = Self::read(reading.top()?);
        reading.finish()?;
        // Whatever is missing is among the mistakes, so this is never reached without a configuration.
        config.ok_or(ConfigError::Invalid(Vec::new()))
    }

    fn read(mut top: Section<'_>) -> Option<Self> {
        let database_url = database_url(&mut top);
        let master_keys = keys::master_keys(&mut top);
        let seal_reference_ids = top.flag("seal_reference_ids", false);
        let listen = settings::listen(top.section("listen"));
        let links = links::links(&mut top);
        let link = if links.public_url.is_some() { LinkForm::Access } else { LinkForm::OneTime };
        let (notifiers, names) = notifier::notifiers(&mut top);
        let for_people = notifiers.iter().filter(|(_, notifier)| notifier.is_for_people());
        let for_people: Vec<NotifierName> = for_people.map(|(name, _)| name.clone()).collect();
        let mut environments = BTreeMap::new();
        for (name, section) in top.sections("environments") {
            if let Some(mut environment) = environment::environment(&name, section, &names, link) {
                environment.rules.reach_people_by(&for_people);
                environments.insert(environment.name.clone(), environment);
            }
        }
        let notices = notices::notices(top.section("notices"));
        let contacts = contacts::contacts(top.section("contacts"));
        let customers = customer::customers(&mut top, seal_reference_ids);
        let subscriptions = subscription::subscriptions(&mut top, &names, &mut environments, &customers);
        let api = api::api(top.section("api"));
        let sign_in = sign_in::sign_in(top.section("sign_in"));
        let limits = settings::limits(top.section("limits"));
        let worker = settings::worker(top.section("worker"));
        let reconcile = upkeep::reconcile(top.section("reconcile"));
        let tolerance = environments.values().map(|environment| environment.signature_tolerance).max();
        let retention = upkeep::retention(top.section("retention"), tolerance);
        let alerts = alerts::alerts(top.section("alerts"), &names, reconcile.every);
        let telemetry = telemetry::telemetry(top.section("telemetry"));
        let log = settings::log(top.section("log"));
        top.finish();
        let database_url = database_url?;
        Some(Self {
            database_url,
            master_keys,
            seal_reference_ids,
            listen,
            links,
            environments,
            notifiers,
            notices,
            contacts,
            customers,
            subscriptions,
            api,
            sign_in,
            limits,
            worker,
            reconcile,
            retention,
            alerts,
            telemetry,
            log,
        })
    }
}

fn database_url(top: &mut Section<'_>) -> Option<DatabaseUrl> {
    let Some(entry) = secret::one(top, "database_url", "database_url_file") else {
        return DatabaseUrl::parse("sqlite://rekindle.db").ok();
    };
    DatabaseUrl::parse(&entry.text)
        .map_err(|trouble| top.reading.refuse(&entry.place, Some(address::shown(&entry.text)), trouble))
        .ok()
}

/// Names of environments and notifiers stand in routes, variables and logs, so they are small and plain.
fn plain_name<'n>(section: &Section<'_>, name: &'n str) -> Option<&'n str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(plain) {
        return Some(name);
    }
    let trouble = "is no usable name; use small letters, digits, _ and -, at most 64 of them";
    section.reading.refuse(&section.here(), None, trouble);
    None
}
