//! A whole Rekindle between a simulated Persona and an application, with a clock that tests move by hand.
//!
//! Webhooks, API calls and notices go over loopback HTTP, as in production; only the worker's loop is stepped by
//! hand, so that a story says when things happen.

use std::time::Duration;

use jiff::SignedDuration;
use rekindle::app::ingest::{Delivery, Receipt};
use rekindle::app::{App, names};
use rekindle::clock::Clock;
use rekindle::config::{Config, Limits};
use rekindle::domain::action::{Action, State, Work};
use rekindle::domain::ids::{EnvironmentName, InquiryId};
use rekindle::domain::signature::sign;
use rekindle::domain::time::Timestamp;
use rekindle::http::{public, server};
use rekindle::persona::client::PersonaClient;
use rekindle::persona::request::IdempotencyKey;
use rekindle::persona::settings::ClientSettings;
use rekindle::persona::simulator::{
    EventView, Faults, NewInquiry, Opened, SANDBOX_KEY, Serving, Settings, Simulator, WebhookSettings,
};
use rekindle::storage::Database;
use rekindle::storage::actions::{ActionFilter, Claimed};
use rekindle::storage::events::{EventFilter, StoredEvent};
use rekindle::storage::reconciliation::{Run, Why};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::application::{Application, SECRET};
use crate::support::Scratch;
use crate::support::vault::open;

pub const ENVIRONMENT: &str = "sandbox";
pub const WEBHOOK_SECRET: &str = "wbhsec_11111111-2222-3333-4444-555555555555";
const WORKER: &str = "the hand of the test";

/// Short enough that a lease of a crashed worker lapses before the next look, on either database's clock.
const LEASE: Duration = Duration::from_millis(1);

pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub struct World {
    pub clock: Clock,
    pub persona: Simulator,
    pub application: Application,
    pub app: App,
    /// What it was made with.
    pub setting: Setting,
    config: String,
    url: String,
    application_url: String,
    webhook_url: String,
    serving: Serving,
    listener: JoinHandle<()>,
    application_task: JoinHandle<()>,
}

/// What differs from one story's world to another's.
#[derive(Clone)]
pub struct Setting {
    pub mode: &'static str,
    pub reminders: &'static str,
    pub more: &'static str,
    /// Keys before every section.
    pub top: &'static str,
    pub persona: Settings,
}

impl Default for Setting {
    fn default() -> Self {
        Self { mode: "act", reminders: r#"["50%", "3h"]"#, more: "", top: "", persona: Settings::default() }
    }
}

impl World {
    pub async fn on(scratch: &Scratch) -> Self {
        Self::with(scratch, Setting::default()).await
    }

    pub async fn with(scratch: &Scratch, setting: Setting) -> Self {
        let clock = Clock::manual(Timestamp::parse("2026-03-01T08:00:00Z").unwrap());
        let persona = Simulator::new(clock.clone(), setting.persona.clone());
        let serving = persona.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).await;
        let application = Application::default();
        let (application_url, application_task) = application.listen().await;
        let config = configuration(&setting, &serving, &application_url);
        let (app, listener, webhook_url) = start(&config, &scratch.url, &clock, &persona).await;
        let url = scratch.url.clone();
        Self {
            clock,
            persona,
            application,
            app,
            setting,
            config,
            url,
            application_url,
            webhook_url,
            serving,
            listener,
            application_task,
        }
    }

    /// Stops the process as hard as can be and starts another one on the same database.
    pub async fn restart(&mut self) {
        self.listener.abort();
        (self.app, self.listener, self.webhook_url) = start(&self.config, &self.url, &self.clock, &self.persona).await;
    }

    /// As [`World::restart`], by a clock that is not Persona's.
    pub async fn restart_by(&mut self, ours: &Clock) {
        self.listener.abort();
        (self.app, self.listener, self.webhook_url) = start(&self.config, &self.url, ours, &self.persona).await;
    }

    /// Another process beside this one, on the same database.
    pub async fn another_process(&self) -> App {
        let config = Config::from_toml(&self.config).unwrap();
        let database = open(&self.url).await;
        let database = names::kept(database, config.seal_reference_ids, self.clock.now()).await.unwrap();
        App::new(&config, database, self.clock.clone()).unwrap()
    }

    /// As [`World::restart`], and Persona goes on with the webhook it has.
    pub async fn restart_keeping_webhook(&mut self) {
        let webhook = self.persona.webhooks(ENVIRONMENT).unwrap().pop().unwrap();
        self.restart().await;
        self.persona.set_webhook(ENVIRONMENT, Some(webhook)).unwrap();
    }

    /// Where Persona reaches us.
    pub fn base(&self) -> String {
        self.webhook_url.split("/webhooks/").next().unwrap().to_owned()
    }

    /// Stops the process; deliveries find nobody.
    pub fn stop(&self) {
        self.listener.abort();
    }

    /// As [`World::restart`], with another configuration.
    pub async fn restart_as(&mut self, setting: &Setting) {
        self.config = configuration(setting, &self.serving, &self.application_url);
        self.setting = setting.clone();
        self.restart().await;
        self.app.replan_if_rules_changed().await.unwrap();
    }

    /// An inquiry for a person, made by the application.
    pub fn person(&self, reference_id: &str) -> InquiryId {
        self.persona.create_inquiry(ENVIRONMENT, NewInquiry::for_person(reference_id)).unwrap()
    }

    /// Lets everything happen that is due: deadlines at Persona, deliveries, work; until nothing more does.
    pub async fn settle(&self) {
        for _ in 0..200 {
            self.persona.tick();
            let delivered = self.persona.deliver_due().await.len();
            let performed = self.work().await;
            if delivered + performed == 0 {
                return;
            }
        }
        panic!("it never settles");
    }

    /// Asks Persona for what its webhooks did not bring, while time passes.
    pub async fn reconcile(&self) -> Run {
        self.while_time_passes(self.app.reconcile(&environment(), Why::Asked, None, |_| {})).await.unwrap()
    }

    /// Moves the clock by a second every few milliseconds until something is done that waits for it.
    pub async fn while_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(Duration::from_millis(4)) => self.clock.advance(seconds(1)),
            }
        }
    }

    /// Performs and settles what is due now, once; how much that was.
    pub async fn work(&self) -> usize {
        self.app.reap(WORKER, 100, LEASE).await.unwrap();
        let claimed = self.claim().await;
        for claimed in &claimed {
            let began = self.clock.now();
            let outcome = self.app.perform(claimed).await;
            self.app.settle(claimed, WORKER, began, outcome).await.unwrap();
        }
        claimed.len()
    }

    /// Claims what is due, as a worker that may crash afterwards.
    pub async fn claim(&self) -> Vec<Claimed> {
        let claimed = self.app.claim(WORKER, 100, LEASE).await.unwrap();
        if !claimed.is_empty() {
            tokio::time::sleep(LEASE * 3).await;
        }
        claimed
    }

    /// Lets the leases of a crashed worker lapse: ours is moved, the database's own passes.
    pub async fn let_leases_lapse(&self) {
        self.clock.advance(seconds(1));
        tokio::time::sleep(LEASE * 5).await;
    }

    /// Where the public listener answers, such as `http://127.0.0.1:4711`.
    pub fn public(&self) -> &str {
        self.webhook_url.split("/webhooks").next().unwrap()
    }

    /// Changes how Persona sends webhooks.
    pub fn change_webhook(&self, change: impl FnOnce(&mut WebhookSettings)) {
        let mut webhook = WebhookSettings::new(self.webhook_url.clone(), WEBHOOK_SECRET);
        change(&mut webhook);
        self.persona.set_webhook(ENVIRONMENT, Some(webhook)).unwrap();
    }

    /// Delivers the first event of all with a signature of that long ago.
    pub async fn deliver_signed(&self, ago: SignedDuration) -> Receipt {
        let event = self.persona.events().remove(0);
        self.deliver_signed_event(&event, ago).await
    }

    /// Delivers an event with a signature of that long ago.
    pub async fn deliver_signed_event(&self, event: &EventView, ago: SignedDuration) -> Receipt {
        let body = serde_json::json!({ "data": { "type": "event", "id": event.id.as_str(), "attributes": {
            "name": event.name, "created-at": event.created_at.to_string(), "payload": { "data": event.payload } } } });
        let body = body.to_string().into_bytes();
        let signature = sign(&body, WEBHOOK_SECRET.as_bytes(), self.clock.now().minus(ago));
        let delivery = Delivery { environment: ENVIRONMENT, signature: Some(signature.as_bytes()), body: &body };
        self.app.receive(delivery).await.unwrap()
    }

    /// Somebody at the operator's resumes an inquiry in Persona's dashboard; no event says so.
    pub async fn resume_at_persona(&self, id: &InquiryId) {
        self.resume_as(id, "by hand").await;
    }

    /// As [`World::resume_at_persona`], under a key of its own.
    pub async fn resume_as(&self, id: &InquiryId, key: &str) {
        let settings = ClientSettings::new(self.serving.api_url().parse().unwrap(), SANDBOX_KEY.into());
        let client = PersonaClient::new(&settings, self.clock.clone()).unwrap();
        client.resume_inquiry(id, &IdempotencyKey::parse(key).unwrap()).await.unwrap();
    }

    /// Loses every delivery that is due now on its way, though Persona holds it for delivered.
    pub async fn lose_deliveries(&self) {
        self.persona.set_faults(Faults { deliveries_lost_share: 1.0, ..Faults::default() });
        self.persona.deliver_due().await;
        self.persona.set_faults(Faults::default());
    }

    /// Opens a link over HTTP, as a browser would.
    pub fn open(&self, link: &str) -> Result<InquiryId, String> {
        match self.persona.open_link(link) {
            Opened::Inside { inquiry, .. } => Ok(inquiry),
            Opened::Refused(why) => Err(format!("{why:?}")),
        }
    }

    pub async fn status(&self, id: &InquiryId) -> String {
        let stored = self.database().read().await.unwrap().inquiry(&environment(), id).await.unwrap();
        stored.and_then(|stored| stored.inquiry.status().map(ToString::to_string)).unwrap_or_default()
    }

    /// The actions of an inquiry, by due time.
    pub async fn actions(&self, id: &InquiryId) -> Vec<Action> {
        let filter = ActionFilter { inquiry: Some(id.clone()), ..ActionFilter::default() };
        let page = self.database().read().await.unwrap().list_actions(&filter, None, 100).await.unwrap();
        let mut actions = page.items;
        actions.sort_by_key(|action| action.planned.due_at);
        actions
    }

    /// The planned reminders of an inquiry: which step, in how long.
    pub async fn planned(&self, id: &InquiryId) -> Vec<String> {
        let now = self.clock.now();
        let actions = self.actions(id).await.into_iter().filter(|action| action.state == State::Planned);
        actions
            .map(|action| {
                let what = match &action.planned.work {
                    Work::Remind(reminder) => reminder.step.to_string(),
                    other => other.kind().to_string(),
                };
                format!("{what} in {}m", action.planned.due_at.since(now).as_secs() / 60)
            })
            .collect()
    }

    /// The events of an inquiry as stored, in the order they came.
    pub async fn events(&self) -> Vec<StoredEvent> {
        let mut tx = self.database().read().await.unwrap();
        let page = tx.list_events(&EventFilter::default(), None, 1_000).await.unwrap();
        let mut events = page.items;
        events.reverse();
        events
    }

    /// How many API calls named so took effect at Persona: answered with 2xx, and not from memory.
    pub fn calls(&self, path: &str) -> usize {
        let requests = self.persona.requests().into_iter().filter(|request| request.path.contains(path));
        requests.filter(|request| !request.replayed && request.status.is_some_and(|status| status < 300)).count()
    }

    /// A second process on the same database, with a listener of its own: where that is, and its task.
    pub async fn another_listener(&self) -> (String, JoinHandle<()>) {
        let config = Config::from_toml(&self.config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let limits = server::ServerLimits::new(&config.limits, Duration::ZERO);
        let routes = public::routes(self.another_process().await, config.limits);
        (address, tokio::spawn(server::serve(listener, routes, limits, std::future::pending())))
    }

    /// What its listeners bear.
    pub fn limits(&self) -> Limits {
        Config::from_toml(&self.config).unwrap().limits
    }

    pub fn database(&self) -> &Database {
        self.app.database()
    }

    /// Ends the story: nothing may be left that should have happened.
    pub async fn finish(self) {
        self.settle().await;
        let running = ActionFilter { state: Some(State::Running), ..ActionFilter::default() };
        let page = self.database().read().await.unwrap().list_actions(&running, None, 10).await.unwrap();
        assert_eq!(page.items, [], "nothing is left half done");
        assert_eq!(self.persona.pending_deliveries(), [], "everything was delivered");
        self.listener.abort();
        self.application_task.abort();
        self.serving.stop().await;
    }
}

pub fn environment() -> EnvironmentName {
    EnvironmentName::parse(ENVIRONMENT).unwrap()
}

async fn start(config: &str, url: &str, clock: &Clock, persona: &Simulator) -> (App, JoinHandle<()>, String) {
    let config = Config::from_toml(config).unwrap();
    let database = names::kept(open(url).await, config.seal_reference_ids, clock.now()).await.unwrap();
    let app = App::new(&config, database, clock.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = format!("http://{}/webhooks/persona/{ENVIRONMENT}", listener.local_addr().unwrap());
    persona.set_webhook(ENVIRONMENT, Some(WebhookSettings::new(webhook.clone(), WEBHOOK_SECRET))).unwrap();
    let limits = server::ServerLimits::new(&config.limits, Duration::ZERO);
    let routes = public::routes(app.clone(), config.limits);
    let task = tokio::spawn(server::serve(listener, routes, limits, std::future::pending()));
    (app, task, webhook)
}

fn configuration(setting: &Setting, serving: &Serving, application_url: &str) -> String {
    let Setting { mode, reminders, more: keys, top, .. } = setting;
    let api_url = serving.api_url();
    format!(
        r#"
        {top}

        [environments.{ENVIRONMENT}]
        mode = "{mode}"
        webhook_secrets = ["{WEBHOOK_SECRET}"]
        api_key = "{SANDBOX_KEY}"
        api_url = "{api_url}"

        [environments.{ENVIRONMENT}.templates.default]
        reminders = {reminders}
        {keys}

        [notifiers.app]
        type = "webhook"
        url = "{application_url}"
        allow_private = true
        secret = "{SECRET}"
        "#
    )
}
