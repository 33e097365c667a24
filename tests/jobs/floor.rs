//! A shop floor: people who wait to be reminded, and workers that can be started and stopped.

use std::time::Duration;

use jiff::SignedDuration;
use rekindle::app::App;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::action::{Action, State};
use rekindle::domain::ids::EnvironmentName;
use rekindle::jobs;
use rekindle::persona::simulator::{Faults, NewInquiry, SANDBOX_KEY, Serving, Settings, Simulator};
use rekindle::storage::actions::{ActionFilter, Attempt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::Scratch;
use crate::support::application::{Application, SECRET};
use crate::support::vault::open;

/// Longer than anything here takes; only a defect lets it pass.
const BOUND: Duration = Duration::from_mins(1);

pub struct Floor {
    pub persona: Simulator,
    pub application: Application,
    /// For looking and planning; workers have their own.
    pub app: App,
    url: String,
    api_url: String,
    application_url: String,
    _serving: Serving,
    application_task: JoinHandle<()>,
}

/// A worker that runs.
pub struct Worker {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Floor {
    pub async fn over(scratch: &Scratch) -> Self {
        let persona = Simulator::new(Clock::System, Settings { requests_per_minute: 100_000, ..Settings::default() });
        let serving = persona.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).await;
        let application = Application::default();
        let (application_url, application_task) = application.listen().await;
        let (url, api_url) = (scratch.url.clone(), serving.api_url());
        let app = app(&scratch.url, &api_url, &application_url, "").await.0;
        Self { persona, application, app, url, api_url, application_url, _serving: serving, application_task }
    }

    /// People whose only reminder falls due when a hundredth of these lifetimes, in seconds, is gone.
    pub async fn people(&self, lifetimes: impl IntoIterator<Item = i64>) {
        for (number, lifetime) in lifetimes.into_iter().enumerate() {
            let from_creation = Some(SignedDuration::from_secs(lifetime));
            let new = NewInquiry { from_creation, ..NewInquiry::for_person(format!("customer-{number}")) };
            self.persona.create_inquiry("sandbox", new).unwrap();
        }
        self.app.import(&environment(), |_| ()).await.unwrap();
    }

    /// Persona takes so long to answer.
    pub fn slow(&self, latency_ms: u64) {
        self.persona.set_faults(Faults { latency_ms, ..Faults::default() });
    }

    /// Starts a worker with these settings.
    pub async fn start(&self, worker: &str) -> Worker {
        self.start_over(&self.url, worker).await
    }

    /// Starts a worker that reaches the database another way.
    pub async fn start_over(&self, url: &str, worker: &str) -> Worker {
        let (app, config) = app(url, &self.api_url, &self.application_url, worker).await;
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        Worker { stop, running: tokio::spawn(jobs::run(app, config.worker, stopped)) }
    }

    /// Every action there is and can be read, by due time.
    pub async fn actions(&self) -> Vec<Action> {
        let mut tx = self.app.database().read().await.unwrap();
        let mut actions = tx.list_actions(&ActionFilter::default(), None, 1_000).await.unwrap().items;
        actions.sort_by_key(|action| (action.planned.due_at, action.planned.id.clone()));
        actions
    }

    pub async fn count(&self, state: State) -> usize {
        self.actions().await.iter().filter(|action| action.state == state).count()
    }

    /// Every attempt of an action.
    pub async fn attempts(&self, action: &Action) -> Vec<Attempt> {
        self.app.database().read().await.unwrap().attempts(&action.planned.id).await.unwrap()
    }

    /// Waits until so many are in a state.
    pub async fn until(&self, state: State, count: usize) {
        self.wait_for(&format!("{count} are {state}"), || async { self.count(state).await == count }).await;
    }

    pub async fn wait_for<A: Future<Output = bool>>(&self, what: &str, mut ask: impl FnMut() -> A) {
        let asking = async {
            while !ask().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let found = tokio::time::timeout(BOUND, asking).await.is_ok();
        assert!(found, "never: {what}; {:#?}", self.actions().await);
    }

    /// Everyone was reminded once, by one link each, however often it was tried.
    pub async fn everyone_was_reminded_once(&self, people: usize) {
        let mut ids: Vec<String> = self.application.notices().into_iter().map(|notice| notice.id).collect();
        ids.sort_unstable();
        let known = self.actions().await.into_iter().map(|action| action.planned.id.to_string());
        let mut known: Vec<String> = known.collect();
        known.sort_unstable();
        assert_eq!((ids.len(), &ids), (people, &known));
        assert!(self.persona.inquiries().iter().all(|inquiry| inquiry.links.len() == 1));
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.application_task.abort();
    }
}

impl Worker {
    /// Asks it to stop.
    pub fn ask_to_stop(self) -> JoinHandle<()> {
        let _ = self.stop.send(());
        self.running
    }

    /// Stops it softly.
    pub async fn stop(self) {
        tokio::time::timeout(BOUND, self.ask_to_stop()).await.expect("it stops").unwrap();
    }
}

pub fn environment() -> EnvironmentName {
    EnvironmentName::parse("sandbox").unwrap()
}

async fn app(url: &str, api_url: &str, application_url: &str, worker: &str) -> (App, Config) {
    let config = Config::from_toml(&format!(
        r#"
        [environments.sandbox]
        webhook_secrets = ["wbhsec_11111111-2222-3333-4444-555555555555"]
        api_key = "{SANDBOX_KEY}"
        api_url = "{api_url}"
        [environments.sandbox.templates.default]
        reminders = ["1%"]
        [notifiers.app]
        type = "webhook"
        url = "{application_url}"
        allow_private = true
        secret = "{SECRET}"
        [worker]
        {worker}
        "#
    ));
    let config = config.unwrap();
    let app = App::new(&config, open(url).await, Clock::System).unwrap();
    (app, config)
}
