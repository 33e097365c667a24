//! The promise, held against the real binary: people come and go, processes are killed, the database stops, and in the
//! end everything that was answered is there, and everything that was due was done once.
//!
//! A run takes about half a minute, or as long as `TORTURE_SECONDS` says (`make torture`); see `docs/reliability.md`.

mod chaos;
mod checks;
mod courier;
mod findings;
mod fleet;
mod ground;
mod ledger;
mod people;
mod plan;
mod quiet;
mod random;
mod receiver;
mod report;
mod weather;

use std::sync::Arc;

use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::persona::simulator::{SANDBOX_KEY, Settings, Simulator, Unknowns, WebhookSettings};
use tokio::net::TcpListener;

use self::checks::Witnesses;
use self::courier::Courier;
use self::fleet::Fleet;
use self::ground::Ground;
use self::ledger::Ledger;
use self::people::People;
use self::plan::{Plan, Sabotage};
use self::receiver::Receiver;
use self::report::Report;
use crate::cli::process::webhook_secret;
use crate::support::application::SECRET;

pub const ENVIRONMENT: &str = "sandbox";

/// How long after the end of an inquiry a notice about it may still come: what is known may be a second old before it is
/// read again (`reread_after`), and two calls to Persona lie between the last look and the notice.
pub const RACE: SignedDuration = SignedDuration::from_secs(4);

/// The processes on one PostgreSQL; on SQLite there is one.
const PROCESSES: [&str; 3] = ["serve", "serve --no-worker", "worker"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    judge(&tortured(Ground::sqlite().await, &["serve"]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    if let Some(ground) = Ground::postgres().await {
        judge(&tortured(ground, &PROCESSES).await);
    }
}

/// A sound build has no findings; a broken one must have those of its defect, or the checks are none.
fn judge(report: &Report) {
    report.print();
    let findings = &report.findings;
    match report.plan.sabotage {
        None => assert!(findings.are_none(), "TORTURE_SEED={} found:\n{findings}", report.plan.seed),
        Some(Sabotage::AnswerFirst) => assert!(!findings.lost.is_empty(), "no loss was found in a build that loses"),
        Some(Sabotage::Unfenced) => {
            assert!(!findings.doubled.is_empty(), "nothing done twice was found in a build without fences");
        }
    }
}

async fn tortured(mut ground: Ground, processes: &[&'static str]) -> Report {
    let plan = Plan::from_environment();
    let persona = persona(plan.seed);
    let serving = persona.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).await;
    let receiver = Receiver::new(plan.seed);
    let (receiver_url, receiving) = receiver.listen().await;
    let toml = configuration(&ground.url, &serving.api_url(), &receiver_url);
    let config = Config::from_toml(&toml).unwrap();
    let fleet = Arc::new(Fleet::new(&plan, processes, &toml));

    let ledger = Ledger::default();
    let courier = Courier::new(plan.seed, ledger.clone(), fleet.addresses());
    let (events_url, carrying) = courier.listen().await;
    persona.set_webhook(ENVIRONMENT, Some(WebhookSettings::new(events_url, webhook_secret(ENVIRONMENT)))).unwrap();
    let delivering = persona.start_background_delivery();
    let keeping = tokio::spawn({
        let fleet = fleet.clone();
        async move { fleet.keep_running().await }
    });

    fleet.started().await;
    let people = People::new(persona.clone(), &plan);
    let weather = tokio::spawn(weather::change(plan.seed, persona.clone()));
    let rage = chaos::rage(plan.seed, plan.load, &fleet, ground.server.as_mut());
    let ((), outages) = tokio::join!(people.come(&plan), rage);
    weather.abort();
    weather::clear(&persona);
    let quiet_after = quiet::wait(&people, &persona, &courier, &ground.database().await).await;

    let (notices, counts, database) = (receiver.notices(), fleet.counts(), ground.database().await);
    let rules = &config.environments.values().next().unwrap().rules;
    let (findings, tally) = checks::all(&Witnesses {
        database: &database,
        ledger: &ledger,
        persona: &persona,
        people: &people,
        notices: &notices,
        rules,
        fleet: &fleet,
        counts: &counts,
        seed: plan.seed,
        now: Clock::System.now(),
    })
    .await;
    keeping.abort();
    delivering.stop();
    receiving.abort();
    carrying.abort();
    Report { database: ground.name, plan, counts, outages, quiet_after, findings, tally, ledger }
}

/// A Persona that says when something is resumed, and is never out of requests.
fn persona(seed: u64) -> Simulator {
    let unknowns = Unknowns { resume_fires_event: true, ..Unknowns::default() };
    let settings = Settings { seed, requests_per_minute: 10_000_000, faults: weather::fair(), ..Settings::default() };
    Simulator::new(Clock::System, settings.with_unknowns(unknowns))
}

fn configuration(database_url: &str, api_url: &str, receiver_url: &str) -> String {
    let webhook_secret = webhook_secret(ENVIRONMENT);
    format!(
        r#"
        database_url = "{database_url}"

        [environments.{ENVIRONMENT}]
        webhook_secrets = ["{webhook_secret}"]
        api_key = "{SANDBOX_KEY}"
        api_url = "{api_url}"

        [environments.{ENVIRONMENT}.templates.default]
        reminders = ["10%", "30%", "60%"]

        [notifiers.app]
        type = "webhook"
        url = "{receiver_url}"
        allow_private = true
        secret = "{SECRET}"

        [worker]
        reread_after = "1s"
        shutdown_grace = "3s"
        "#
    )
}
