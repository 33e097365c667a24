//! Everything around the process: a simulated Persona and the operator's application, on loopback and in real time.

use rekindle::clock::Clock;
use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::{
    BackgroundDelivery, DEFAULT_TEMPLATE, EnvironmentSettings, Life, NewInquiry, Serving, Settings, Simulator,
    TemplateSettings, WebhookSettings,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use jiff::SignedDuration;

use super::process::{API_KEY, Installation, webhook_secret};
use crate::support::application::{Application, SECRET};

pub const ENVIRONMENT: &str = "sandbox";

pub struct Outside {
    pub persona: Simulator,
    pub application: Application,
    api_url: String,
    application_url: String,
    /// Ended with this.
    _serving: Serving,
    _delivering: BackgroundDelivery,
    application_task: JoinHandle<()>,
}

/// A Persona whose inquiries live so many seconds, and whose retries come a hundred times sooner than in truth.
pub fn living(seconds: i64) -> Settings {
    let life = Life { from_creation: SignedDuration::from_secs(seconds), ..Life::default() };
    let templates = vec![TemplateSettings::new(DEFAULT_TEMPLATE).with_life(life)];
    let environments = vec![EnvironmentSettings::sandbox(ENVIRONMENT).with_key(API_KEY)];
    Settings { environments, templates, retry_scale: 0.01, ..Settings::default() }
}

impl Outside {
    pub async fn with(settings: Settings) -> Self {
        Self::at(Clock::System, settings).await
    }

    /// With a Persona whose clock is not the process's.
    pub async fn at(clock: Clock, settings: Settings) -> Self {
        let persona = Simulator::new(clock, settings);
        let serving = persona.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).await;
        let application = Application::default();
        let (application_url, application_task) = application.listen().await;
        let delivering = persona.start_background_delivery();
        let api_url = serving.api_url();
        Self {
            persona,
            application,
            api_url,
            application_url,
            _serving: serving,
            _delivering: delivering,
            application_task,
        }
    }

    /// A configuration for these surroundings: one environment in mode act, one notifier.
    pub fn configuration(&self, database_url: &str, rules: &str) -> String {
        let (api_url, application_url) = (&self.api_url, &self.application_url);
        let webhook_secret = webhook_secret(ENVIRONMENT);
        format!(
            r#"
            database_url = "{database_url}"

            [environments.{ENVIRONMENT}]
            webhook_secrets = ["{webhook_secret}"]
            api_key = "{API_KEY}"
            api_url = "{api_url}"

            [environments.{ENVIRONMENT}.templates.default]
            {rules}

            [notifiers.app]
            type = "webhook"
            url = "{application_url}"
            allow_private = true
            secret = "{SECRET}"
            "#
        )
    }

    /// What API requests start with.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Lets Persona send its webhooks there.
    pub fn send_webhooks_to(&self, rekindle: &Installation) {
        let webhook = WebhookSettings::new(rekindle.webhook(ENVIRONMENT), webhook_secret(ENVIRONMENT));
        self.persona.set_webhook(ENVIRONMENT, Some(webhook)).unwrap();
    }

    /// An inquiry for a person, made by the application.
    pub fn person(&self, reference_id: &str) -> InquiryId {
        self.persona.create_inquiry(ENVIRONMENT, NewInquiry::for_person(reference_id)).unwrap()
    }

    /// How many calls named so took effect at Persona: answered with 2xx, and not from memory.
    pub fn calls(&self, path: &str) -> usize {
        let requests = self.persona.requests().into_iter().filter(|request| request.path.contains(path));
        requests.filter(|request| !request.replayed && request.status.is_some_and(|status| status < 300)).count()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.application_task.abort();
    }
}
