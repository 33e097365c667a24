//! A hall where nothing but the machinery is real: actions without an effect, and performers that do as they are told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rekindle::app::App;
use rekindle::app::perform::Perform;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::action::{Action, DedupeKey, Outcome, Planned, Reminder, State, Work};
use rekindle::domain::ids::{ActionId, EnvironmentName, InquiryId, NotifierName};
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::rules::Step;
use rekindle::domain::time::Timestamp;
use rekindle::jobs;
use rekindle::storage::actions::{ActionFilter, Claimed};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::vault::open;

/// Longer than anything here takes; only a defect lets it pass.
const BOUND: Duration = Duration::from_mins(1);

/// Leases short enough that a test can wait for them.
pub const QUICK: &str = "poll_interval_ms = 50\nlease_ms = 500\nrenew_ms = 100\n";

pub struct Hall {
    pub app: App,
    pub players: Players,
    pub url: String,
}

/// What a performer does with every action.
#[derive(Debug, Clone, Copy)]
pub enum Play {
    /// Takes so long.
    For(Duration),
    /// Never ends.
    Forever,
    /// Takes its thread with it for so long, once, and then is done at once.
    Blocking(Duration),
    /// Takes the process with it.
    Abort,
}

/// How often each action was begun, ended and stopped half-way.
#[derive(Clone)]
pub struct Players {
    play: Play,
    seen: Arc<Mutex<BTreeMap<ActionId, Seen>>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    pub begun: u32,
    pub ended: u32,
    pub stopped: u32,
}

impl Perform for Players {
    async fn perform(&self, claimed: &Claimed) -> Outcome {
        let id = &claimed.action.planned.id;
        let mut under_way = UnderWay { players: self, id, ended: false };
        let first = self.note(id, |seen| seen.begun += 1);
        match self.play {
            Play::For(time) => tokio::time::sleep(time).await,
            Play::Forever => std::future::pending().await,
            Play::Blocking(time) if first => std::thread::sleep(time),
            Play::Blocking(_) => {}
            Play::Abort => std::process::abort(),
        }
        under_way.ended = true;
        Outcome::Done
    }
}

struct UnderWay<'a> {
    players: &'a Players,
    id: &'a ActionId,
    ended: bool,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let ended = self.ended;
        self.players.note(self.id, |seen| if ended { seen.ended += 1 } else { seen.stopped += 1 });
    }
}

impl Players {
    /// True when nothing at all was seen before.
    fn note(&self, id: &ActionId, note: impl FnOnce(&mut Seen)) -> bool {
        let mut seen = self.seen.lock().unwrap();
        let first = seen.is_empty();
        note(seen.entry(id.clone()).or_default());
        first
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().values().copied().collect()
    }

    /// All together.
    pub fn total(&self) -> Seen {
        let add = |a: Seen, b: Seen| Seen {
            begun: a.begun + b.begun,
            ended: a.ended + b.ended,
            stopped: a.stopped + b.stopped,
        };
        self.seen().into_iter().fold(Seen::default(), add)
    }
}

/// A worker that runs.
pub struct Worker {
    stop: oneshot::Sender<()>,
    pub running: JoinHandle<()>,
}

impl Worker {
    pub fn ask_to_stop(self) -> JoinHandle<()> {
        let _ = self.stop.send(());
        self.running
    }

    pub async fn stop(self) {
        tokio::time::timeout(BOUND, self.ask_to_stop()).await.expect("it stops").unwrap();
    }
}

impl Hall {
    pub async fn new(url: &str, play: Play) -> Self {
        let players = Players { play, seen: Arc::default() };
        Self { app: app(url, "").await.0, players, url: url.to_owned() }
    }

    /// The same actions, played another way.
    pub fn playing(&self, play: Play) -> Self {
        let players = Players { play, ..self.players.clone() };
        Self { app: self.app.clone(), players, url: self.url.clone() }
    }

    /// Plans so many actions that are due now.
    pub async fn plan(&self, count: usize, max_attempts: u32) {
        let now = self.app.clock().now();
        let planned: Vec<Planned> = (0..count).map(|number| due(&format!("inq_{number}"), now)).collect();
        let mut tx = self.app.database().begin().await.unwrap();
        let unknown = |action: &Planned| Inquiry::unknown(environment(), action.inquiry.clone());
        let inquiries: Vec<Inquiry> = planned.iter().map(unknown).collect();
        tx.add_inquiries(&inquiries.iter().collect::<Vec<_>>(), now).await.unwrap();
        tx.insert_actions(&planned, max_attempts, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn start(&self, worker: &str) -> Worker {
        self.start_over(&self.url, worker).await
    }

    /// Starts a worker that reaches the database by another way.
    pub async fn start_over(&self, url: &str, worker: &str) -> Worker {
        let (app, config) = app(url, worker).await;
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        Worker { stop, running: tokio::spawn(jobs::run_with(app, self.players.clone(), config.worker, stopped)) }
    }

    pub async fn actions(&self) -> Vec<Action> {
        let mut tx = self.app.database().read().await.unwrap();
        tx.list_actions(&ActionFilter::default(), None, 5_000).await.unwrap().items
    }

    pub async fn count(&self, state: State) -> usize {
        self.actions().await.iter().filter(|action| action.state == state).count()
    }

    pub async fn until(&self, state: State, count: usize) {
        self.wait_for(&format!("{count} are {state}"), async || self.count(state).await == count).await;
    }

    pub async fn wait_for(&self, what: &str, mut ask: impl AsyncFnMut() -> bool) {
        let asking = async {
            while !ask().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let found = tokio::time::timeout(BOUND, asking).await.is_ok();
        assert!(found, "never: {what}; {:?}; {:#?}", self.players.total(), self.actions().await);
    }

    /// The outcomes of the attempts at each action.
    pub async fn outcomes(&self) -> Vec<Vec<String>> {
        let mut told = Vec::new();
        for action in self.actions().await {
            let mut tx = self.app.database().read().await.unwrap();
            let attempts = tx.attempts(&action.planned.id).await.unwrap();
            told.push(attempts.iter().map(|attempt| attempt.outcome.to_string()).collect());
        }
        told
    }
}

pub fn environment() -> EnvironmentName {
    EnvironmentName::parse("sandbox").unwrap()
}

fn due(inquiry: &str, now: Timestamp) -> Planned {
    let inquiry = InquiryId::parse(inquiry).unwrap();
    let work = Work::Remind(Reminder {
        deadline: now.plus(jiff::SignedDuration::from_hours(24)),
        step: Step::Gone { percent: 50 },
        step_due: now,
        moved_to: None,
        notifier: NotifierName::parse("log").unwrap(),
    });
    let key = DedupeKey::of(&inquiry, &work);
    let id = ActionId::parse(&format!("rka_{inquiry}")).unwrap();
    Planned { id, environment: environment(), inquiry, key, work, due_at: now }
}

/// The use cases as a process has them, with these settings for the worker.
pub async fn app(url: &str, worker: &str) -> (App, Config) {
    let config = Config::from_toml(&format!(
        r#"
        [environments.sandbox]
        mode = "act"
        webhook_secrets = ["wbhsec_11111111-2222-3333-4444-555555555555"]
        api_key = "persona_sandbox_11111111-2222-3333-4444-555555555555"
        [notifiers.log]
        type = "log"
        [worker]
        {worker}
        "#
    ))
    .unwrap();
    let app = App::new(&config, open(url).await, Clock::System).unwrap();
    (app, config)
}
