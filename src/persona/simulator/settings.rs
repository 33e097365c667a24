//! What a simulator starts with.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;

use super::faults::Faults;
use super::unknowns::Unknowns;
use super::webhook::WebhookSettings;

/// Everything a simulator starts with. The default: one sandbox environment named `sandbox` with the key
/// [`SANDBOX_KEY`], and one template with the id [`DEFAULT_TEMPLATE`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where ids and faults come from; the same seed tells the same story.
    pub seed: u64,
    /// What links start with, such as `http://127.0.0.1:8090`; the address served on when absent.
    pub public_base_url: Option<String>,
    /// The environments; the first is where template links without an `environment-id` lead.
    pub environments: Vec<EnvironmentSettings>,
    /// The organization's templates, known in every environment.
    pub templates: Vec<TemplateSettings>,
    /// API requests a minute and environment (<https://docs.withpersona.com/rate-limiting>).
    pub requests_per_minute: u32,
    /// Inquiries created by API a minute and environment; the number is the example in the same page.
    pub creations_per_minute: u32,
    /// How far `POST /inquiries/search` is behind; documented as about one minute.
    pub search_lag: SignedDuration,
    /// How long a receiver may take (<https://docs.withpersona.com/webhooks>).
    pub delivery_timeout: Duration,
    /// What the waits before delivery retries are multiplied by; 0.001 makes 51 hours three minutes.
    pub retry_scale: f64,
    /// Whether creating an account fires `account.created`, as Persona does; off, because it is nobody's inquiry.
    pub account_events: bool,
    /// The answers to what the documentation leaves open.
    pub unknowns: Unknowns,
    /// The faults to begin with.
    pub faults: Faults,
}

/// The default sandbox environment's API key.
pub const SANDBOX_KEY: &str = "persona_sandbox_simulator";

/// The API key of [`EnvironmentSettings::production`].
pub const PRODUCTION_KEY: &str = "persona_production_simulator";

/// The default template's id.
pub const DEFAULT_TEMPLATE: &str = "itmpl_SimulatedIdentityCheck";

/// Which of Persona's two kinds an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentKind {
    /// Free, without real checks; organization-wide resources are out of its reach.
    Sandbox,
    /// Where real people are.
    Production,
}

/// One environment.
#[derive(Debug, Clone)]
pub struct EnvironmentSettings {
    /// The name by which the handle and the control routes know it.
    pub name: String,
    /// Its kind.
    pub kind: EnvironmentKind,
    /// The keys that open it. A key opens one environment: where two share one, the first.
    pub api_keys: Vec<SecretString>,
    /// Where its events are sent.
    pub webhook: Option<WebhookSettings>,
}

/// A template with the life times its Dashboard page configures.
#[derive(Debug, Clone)]
pub struct TemplateSettings {
    /// Its id, `itmpl_…`.
    pub id: String,
    /// Its display name.
    pub name: String,
    /// The steps between `start` and `success`.
    pub steps: Vec<String>,
    /// The life of what follows from it.
    pub life: Life,
    /// How many sessions an inquiry may have.
    pub session_limit: usize,
}

/// The life times of a template (<https://docs.withpersona.com/docs/inquiry-expiration>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// An inquiry's life from its creation.
    pub from_creation: SignedDuration,
    /// A started inquiry's life from its start; the deadline from creation stays when absent.
    pub from_start: Option<SignedDuration>,
    /// A resumed inquiry's life from its resume.
    pub from_resume: SignedDuration,
    /// A one-time link's life.
    pub one_time_link: SignedDuration,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            from_creation: SignedDuration::from_hours(24),
            from_start: None,
            from_resume: SignedDuration::from_hours(24),
            one_time_link: SignedDuration::from_hours(24),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            public_base_url: None,
            environments: vec![EnvironmentSettings::sandbox("sandbox")],
            templates: vec![TemplateSettings::new(DEFAULT_TEMPLATE)],
            requests_per_minute: 300,
            creations_per_minute: 150,
            search_lag: SignedDuration::from_secs(60),
            delivery_timeout: Duration::from_secs(5),
            retry_scale: 1.0,
            account_events: false,
            unknowns: Unknowns::default(),
            faults: Faults::default(),
        }
    }
}

impl Settings {
    /// Adds an environment.
    #[must_use]
    pub fn with_environment(mut self, environment: EnvironmentSettings) -> Self {
        self.environments.push(environment);
        self
    }

    /// Adds a template.
    #[must_use]
    pub fn with_template(mut self, template: TemplateSettings) -> Self {
        self.templates.push(template);
        self
    }

    /// Gives every environment there is this webhook.
    #[must_use]
    pub fn with_webhook(mut self, webhook: &WebhookSettings) -> Self {
        for environment in &mut self.environments {
            environment.webhook = Some(webhook.clone());
        }
        self
    }

    /// Answers the open questions this way.
    #[must_use]
    pub fn with_unknowns(mut self, unknowns: Unknowns) -> Self {
        self.unknowns = unknowns;
        self
    }
}

impl EnvironmentSettings {
    /// A sandbox that opens to [`SANDBOX_KEY`].
    #[must_use]
    pub fn sandbox(name: &str) -> Self {
        Self::new(name, EnvironmentKind::Sandbox, SANDBOX_KEY)
    }

    /// A production environment that opens to [`PRODUCTION_KEY`].
    #[must_use]
    pub fn production(name: &str) -> Self {
        Self::new(name, EnvironmentKind::Production, PRODUCTION_KEY)
    }

    /// Replaces the key that opens it.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<SecretString>) -> Self {
        self.api_keys = vec![key.into()];
        self
    }

    /// Sends its events there.
    #[must_use]
    pub fn with_webhook(mut self, webhook: WebhookSettings) -> Self {
        self.webhook = Some(webhook);
        self
    }

    fn new(name: &str, kind: EnvironmentKind, key: &str) -> Self {
        Self { name: name.to_owned(), kind, api_keys: vec![key.into()], webhook: None }
    }
}

impl TemplateSettings {
    /// An identity check with two steps and Persona's default life times.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: "Simulated identity check".to_owned(),
            steps: vec!["verification_government_id".to_owned(), "verification_selfie".to_owned()],
            life: Life::default(),
            session_limit: 25,
        }
    }

    /// Lives this long.
    #[must_use]
    pub fn with_life(mut self, life: Life) -> Self {
        self.life = life;
        self
    }
}
