//! The stage: everything started and tied together, and everything stopped again.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::cast::Person;
use super::home::Home;
use super::mailbox::{Mailbox, PostOffice};
use super::pace::{Pace, REMINDERS};
use super::people::Story;
use super::verdict::{Ended, Outcome};
use super::watcher::Snapshot;
use crate::app::App;
use crate::cli::serve::{Parts, Running};
use crate::cli::vault;
use crate::clock::Clock;
use crate::config::Config;
use crate::persona::simulator::{
    BackgroundDelivery, DEFAULT_TEMPLATE, Faults, Life, SANDBOX_KEY, Serving, Settings, Simulator, TemplateSettings,
    WebhookSettings,
};
use crate::storage::{Alone, Database, StorageError};

/// The environment all of it happens in.
pub(super) const ENVIRONMENT: &str = "sandbox";

/// Persona's webhook secret: invented, and of use to nobody else.
const WEBHOOK_SECRET: &str = "wbhsec_00000000-demo-demo-demo-000000000000";

/// The field of an inquiry that holds the person's address.
pub(super) const ADDRESS_FIELD: &str = "email-address";

/// The share of deliveries that arrive twice.
const REPEATED: f64 = 0.2;

/// The events that tell of an inquiry's status.
const EVENTS: [&str; 8] = [
    "inquiry.created",
    "inquiry.started",
    "inquiry.completed",
    "inquiry.failed",
    "inquiry.expired",
    "inquiry.marked-for-review",
    "inquiry.approved",
    "inquiry.declined",
];

/// The simulated Persona, the people's mailbox and Rekindle.
pub(super) struct Stage {
    simulator: Simulator,
    persona: Serving,
    deliveries: BackgroundDelivery,
    office: PostOffice,
    app: App,
    rekindle: Running,
    _alone: Alone,
    home: Home,
}

impl Stage {
    /// Starts everything, on ports of the system's choice.
    pub(super) async fn set(pace: &Pace, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let clock = Clock::System;
        let simulator = Simulator::new(clock.clone(), persona_settings(pace));
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free on loopback")?;
        let persona = simulator.serve(listener).await;
        let office = PostOffice::open(clock.clone()).await?;
        let home = Home::make()?;
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config::from_toml(&configuration(&home, &persona, &office, any, any))?;
        let database = Database::open(config.database_url.expose()).await.context("the database can't be made")?;
        let alone = database.claim_alone()?;
        database.migrate().await.context("the database's schema can't be made")?;
        let database = vault::unlocked(&config, database, |_| {}).await?;
        let app = App::new(&config, database, clock)?;
        let rekindle = Running::start(&config, app.clone(), metrics, Parts::ALL).await?;
        let mut webhook = WebhookSettings::new(
            format!("http://{}/webhooks/persona/{ENVIRONMENT}", rekindle.public()?),
            WEBHOOK_SECRET,
        );
        webhook.enabled_events = EVENTS.map(str::to_owned).to_vec();
        simulator.set_webhook(ENVIRONMENT, Some(webhook))?;
        let deliveries = simulator.start_background_delivery();
        Ok(Self { simulator, persona, deliveries, office, app, rekindle, _alone: alone, home })
    }

    pub(super) const fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    pub(super) const fn app(&self) -> &App {
        &self.app
    }

    pub(super) fn clock(&self) -> &Clock {
        self.app.clock()
    }

    /// Opens a person's mailbox.
    pub(super) fn mailbox(&self, person: &Person) -> Mailbox {
        self.office.mailbox(person)
    }

    /// Where the mailboxes are looked at.
    pub(super) fn mailbox_page(&self) -> &str {
        self.office.page()
    }

    /// Waits until Rekindle has heard of everything, at most so long.
    pub(super) async fn settle(&self, patience: Duration) -> Result<(), StorageError> {
        let end = Instant::now() + patience;
        while Instant::now() < end {
            let events = self.simulator.events();
            let wanted = events.iter().filter(|event| EVENTS.contains(&event.name)).count();
            let heard = Snapshot::take(&self.app).await?.events.len();
            if heard >= wanted && self.simulator.pending_deliveries().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What became of everyone: their own stories, and what Persona, Rekindle and the mailbox say.
    pub(super) async fn outcomes(&self, stories: Vec<Story>) -> anyhow::Result<Vec<Outcome>> {
        let rekindle = Snapshot::take(&self.app).await.context("Rekindle's database can't be read")?;
        let (inquiries, notices) = (self.simulator.inquiries(), self.office.taken());
        let outcome = |story: Story| {
            let reference = story.person.reference_id.as_str();
            let own = inquiries.iter().filter(|view| view.reference_id.as_deref() == Some(reference));
            let ended = own.map(|view| Ended {
                at_persona: view.status.clone(),
                in_rekindle: rekindle.inquiries.iter().find(|row| row.id == view.id).and_then(|row| row.status.clone()),
            });
            let inquiries = ended.collect();
            let to_them = notices.iter().filter(|notice| notice.reference_id == reference);
            Outcome { inquiries, reminded_at: to_them.map(|notice| notice.at).collect(), story }
        };
        Ok(stories.into_iter().map(outcome).collect())
    }

    /// What is wrong that is nobody's story.
    pub(super) fn complaints(&self) -> Option<String> {
        let refused = self.office.refused();
        (refused > 0).then(|| format!("the mailbox refused {refused} messages that nobody can get in by"))
    }

    /// Leaves the files there and writes the configuration; says where everything is.
    pub(super) fn keep(&mut self) -> anyhow::Result<String> {
        let (public, internal) = (self.rekindle.public()?, self.rekindle.internal);
        let file = self.home.path().join("rekindle.toml");
        let text = configuration(&self.home, &self.persona, &self.office, public, internal);
        fs::write(&file, text).with_context(|| format!("{} can't be written", file.display()))?;
        self.home.keep();
        let mut told = String::from("Everything keeps running until ctrl-c, and the files stay.\n");
        for (what, place) in [
            ("simulated Persona", format!("{}/simulator", self.persona.url())),
            ("people's mailbox", self.office.page().to_owned()),
            ("Rekindle, public", format!("http://{public}")),
            ("Rekindle, dashboard", format!("http://{internal}")),
            ("configuration", file.display().to_string()),
            ("to sign in", format!("rekindle sign-in --config {}", file.display())),
            ("try", format!("rekindle inquiries list --config {}", file.display())),
            ("", format!("rekindle inquiries show ada --config {}", file.display())),
        ] {
            let _ = writeln!(told, "  {what:<20}{place}");
        }
        Ok(told.trim_end().to_owned())
    }

    /// Stops everything, Persona first, so that nobody knocks at closed doors.
    pub(super) async fn strike(self) {
        self.deliveries.stop();
        self.rekindle.stop().await;
        self.persona.stop().await;
        drop(self.office);
    }
}

fn persona_settings(pace: &Pace) -> Settings {
    let life =
        Life { from_creation: pace.life(), from_start: None, from_resume: pace.life(), one_time_link: pace.life() };
    Settings {
        templates: vec![TemplateSettings::new(DEFAULT_TEMPLATE).with_life(life)],
        faults: Faults { deliveries_repeated_share: REPEATED, deliveries_reordered: true, ..Faults::default() },
        ..Settings::default()
    }
}

/// Rekindle's configuration, as anyone would write it.
fn configuration(
    home: &Home,
    persona: &Serving,
    office: &PostOffice,
    public: SocketAddr,
    internal: SocketAddr,
) -> String {
    let database = home.path().join("rekindle.db");
    let (api, smtp, steps) = (persona.api_url(), office.smtp_port(), REMINDERS.map(|percent| format!("{percent}%")));
    format!(
        r#"database_url = {database:?}

[listen]
public = "{public}"
internal = "{internal}"

[environments.{ENVIRONMENT}]
mode = "act"
webhook_secrets = ["{WEBHOOK_SECRET}"]
api_key = "{SANDBOX_KEY}"
api_url = "{api}"

[environments.{ENVIRONMENT}.templates.default]
reminders = {steps:?}
address_fields = ["{ADDRESS_FIELD}"]
revive_after = "never"

[notifiers.mail]
type = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
from = "Example Bank <verify@bank.example>"

[brand]
name = "Example Bank"

[worker]
poll_interval_ms = 10
shutdown_grace = "2s"
"#,
        database = format!("sqlite://{}", database.display()),
    )
}
