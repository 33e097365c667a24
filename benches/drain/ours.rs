//! Our own worker, with a performer that does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rekindle::app::App;
use rekindle::app::perform::Perform;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::action::{DedupeKey, Outcome, Planned, Reminder, Work};
use rekindle::domain::ids::{ActionId, EnvironmentName, InquiryId, NotifierName};
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::rules::Step;
use rekindle::domain::time::Timestamp;
use rekindle::jobs;
use rekindle::storage::Database;
use rekindle::storage::actions::Claimed;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Does nothing, and counts how often.
#[derive(Clone, Default)]
pub struct NoEffect(pub Arc<AtomicUsize>);

impl Perform for NoEffect {
    async fn perform(&self, _: &Claimed) -> Outcome {
        self.0.fetch_add(1, Ordering::Relaxed);
        Outcome::Done
    }
}

/// Drains so many actions; how many in a second, from the start until the last one is settled.
pub async fn drain(url: &str, actions: usize, concurrency: usize) -> f64 {
    let (app, config) = app(url, concurrency).await;
    app.database().migrate().await.unwrap();
    plan(&app, actions).await;
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("CHECKPOINT").execute(&mut connection).await.unwrap();
    let done = NoEffect::default();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        let _ = stopped.await;
    };
    let began = Instant::now();
    let worker = tokio::spawn(jobs::run_with(app.clone(), done.clone(), config.worker, stopped));
    while done.0.load(Ordering::Relaxed) < actions {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // Softly: it returns when the last outcome is written.
    stop.send(()).unwrap();
    worker.await.unwrap();
    let took = began.elapsed();
    let sql = "SELECT count(*) FROM actions JOIN attempts ON action_id = id WHERE state = 'done' AND outcome = 'done'";
    let settled: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    assert_eq!(usize::try_from(settled).unwrap(), actions, "each performed once, its attempt recorded");
    app.database().close().await;
    rate(actions, took)
}

pub fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64()
}

pub async fn app(url: &str, concurrency: usize) -> (App, Config) {
    let config = Config::from_toml(&format!(
        r#"
        [environments.sandbox]
        mode = "act"
        webhook_secrets = ["wbhsec_11111111-2222-3333-4444-555555555555"]
        api_key = "persona_sandbox_11111111-2222-3333-4444-555555555555"
        [notifiers.log]
        type = "log"
        [worker]
        concurrency = {concurrency}
        "#
    ))
    .unwrap();
    let app = App::new(&config, Database::open(url).await.unwrap(), Clock::System).unwrap();
    (app, config)
}

/// Plans actions that are due, through the verbs that plan in production.
async fn plan(app: &App, actions: usize) {
    const AT_ONCE: usize = 2_500;
    let (environment, now) = (EnvironmentName::parse("sandbox").unwrap(), app.clock().now());
    for first in (0..actions).step_by(AT_ONCE) {
        let planned: Vec<Planned> = (first..actions.min(first + AT_ONCE)).map(|n| due(&environment, n, now)).collect();
        let unknown = |action: &Planned| Inquiry::unknown(environment.clone(), action.inquiry.clone());
        let inquiries: Vec<Inquiry> = planned.iter().map(unknown).collect();
        let mut tx = app.database().begin().await.unwrap();
        tx.add_inquiries(&inquiries.iter().collect::<Vec<_>>(), now).await.unwrap();
        tx.insert_actions(&planned, 12, now).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn due(environment: &EnvironmentName, number: usize, now: Timestamp) -> Planned {
    let inquiry = InquiryId::parse(&format!("inq_{number}")).unwrap();
    let work = Work::Remind(Reminder {
        deadline: now.plus(jiff::SignedDuration::from_hours(24)),
        step: Step::Gone { percent: 50 },
        step_due: now,
        moved_to: None,
        notifier: NotifierName::parse("log").unwrap(),
    });
    let key = DedupeKey::of(&inquiry, &work);
    // As random as the real ones, which are digests.
    let mixed = (u64::try_from(number).unwrap() + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let id = ActionId::parse(&format!("rka_{mixed:016x}{:04x}", number & 0xffff)).unwrap();
    Planned { id, environment: environment.clone(), inquiry, key, work, due_at: now }
}
