//! One template, many open inquiries, a new version: everyone is planned anew, in no long transaction, in little memory,
//! and across restarts.
//!
//! A few thousand in every run of the tests; `make simulate` does it with 100,000 on both databases, with figures.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rekindle::app::App;
use rekindle::app::singleton::Held;
use rekindle::domain::ids::{TemplateId, TemplateVersionId};
use rekindle::persona::simulator::{DEFAULT_TEMPLATE, Settings, Unknowns};
use rekindle::storage::template_runs::{Progress, RunState};
use rekindle::storage::{Database, Kind};
use tokio::time::Instant;

use super::world::{Setting, World, environment, minutes};
use crate::storage::raw;
use crate::support::{Scratch, on_both, postgres, sqlite};

/// In each run of the tests: more than twenty pages of a run.
const THOUSANDS: u64 = 2_500;

/// How often the process ends on the way.
const RESTARTS: u64 = 3;

fn template() -> TemplateId {
    TemplateId::parse(DEFAULT_TEMPLATE).unwrap()
}

/// A world in which so many people have an open inquiry of the version before the latest, and none of them is planned.
/// They are copies of one that Persona told of: its rows are what the code itself wrote.
async fn outdated(scratch: &Scratch, people: u64) -> (World, TemplateVersionId) {
    let unknowns = Unknowns { sandbox_sends_version_events: true, ..Unknowns::default() };
    let persona = Settings { unknowns, ..Settings::default() };
    let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
    let ada = world.person("ada");
    world.settle().await;
    world.app.tend_template_runs(&right(&world).await).await.unwrap();
    raw::execute(
        scratch,
        &format!("DELETE FROM attempts; DELETE FROM actions; {}", copies(scratch, ada.as_str(), people - 1)),
    )
    .await;
    world.clock.advance(minutes(1));
    let version = world.persona.publish_version(&template(), None).unwrap();
    world.settle().await;
    (world, version)
}

/// Each column of the first one, with another id and another name in it, and so in its state.
fn copies(scratch: &Scratch, id: &str, count: u64) -> String {
    let (numbers, number) = match scratch.kind() {
        Kind::Sqlite => (
            format!("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"),
            "numbers".to_owned(),
        ),
        Kind::Postgres => (String::new(), format!("generate_series(1, {count}) AS numbers (n)")),
    };
    let named = |column: &str| format!("replace(replace({column}, '{id}', '{id}x' || n), 'ada', 'person-' || n)");
    let own: Vec<String> = ["id", "person", "reference_id", "account_id", "lineage", "state"]
        .iter()
        .map(|column| {
            // An account of their own: people who share one would be one person.
            if *column == "account_id" { "account_id || 'x' || n".to_owned() } else { named(column) }
        })
        .collect();
    let [new_id, person, reference, account, lineage, state] = own.try_into().unwrap();
    format!(
        "{numbers} INSERT INTO inquiries (environment, id, status, person, reference_id, account_id, template_id,
             template_version_id, created_at, expires_at, began_at, last_observed_at, redacted, state, lineage, read_at,
             first_seen_at, updated_at)
         SELECT environment, {new_id}, status, {person}, {reference}, {account}, template_id, template_version_id,
                created_at, expires_at, began_at, last_observed_at, redacted, {state}, {lineage}, read_at,
                first_seen_at, updated_at
         FROM inquiries CROSS JOIN {number} WHERE id = '{id}'"
    )
}

async fn right(world: &World) -> Held {
    let mut tx = world.database().begin().await.unwrap();
    let lease = Duration::from_hours(10);
    let held = tx.take_singleton("templates", "one", lease, world.clock.now()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    held
}

async fn progress(world: &World, version: &TemplateVersionId) -> (RunState, Progress) {
    let story = world.app.template(&environment(), &template()).await.unwrap();
    let run = story.versions.into_iter().find(|story| story.id == *version).unwrap().run.unwrap();
    (run.state, run.progress)
}

/// Goes through the run, stopped wherever it is once so many are through, and gone on with by the next process.
async fn through(world: &World, version: &TemplateVersionId, people: u64) {
    let held = right(world).await;
    world.app.begin_template_runs().await.unwrap();
    for part in 1..=RESTARTS {
        let app: App = world.another_process().await;
        let far = people * part / (RESTARTS + 1);
        let stopped = async {
            while progress(world, version).await.1.looked_at < far {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => {}
            done = app.run_template_runs(&held) => panic!("it was through before it could be stopped: {done:?}"),
        }
    }
    world.another_process().await.run_template_runs(&held).await.unwrap();
}

/// Everyone is planned once, by what is in the table and by what the run says of itself.
async fn everyone_is_planned(world: &World, scratch: &Scratch, version: &TemplateVersionId, people: u64) {
    let (state, progress) = progress(world, version).await;
    assert_eq!((state, progress.errors), (RunState::Done, 0));
    // A page that was cut off is gone through once more.
    assert!((people..=people + RESTARTS * 100).contains(&progress.looked_at), "{progress:?}");
    let counted = "SELECT cast(count(*) AS text) FROM actions WHERE kind = 'replace' AND state = 'planned'
                   UNION ALL
                   SELECT cast(count(DISTINCT inquiry_id) AS text) FROM actions WHERE kind = 'replace'";
    let expected = people.to_string();
    assert_eq!(raw::column(scratch, counted).await, [expected.clone(), expected], "each once");
}

on_both! {
    /// A few thousand, with three restarts on the way.
    async fn thousands_are_planned_anew_across_restarts(scratch: &Scratch) {
        let (world, version) = outdated(scratch, THOUSANDS).await;
        through(&world, &version, THOUSANDS).await;
        everyone_is_planned(&world, scratch, &version, THOUSANDS).await;
        world.stop();
    }
}

/// The whole, for `make simulate`: how many, by `FAN_OUT`. It prints how long it took, how long anybody else who wanted to
/// write had to wait meanwhile, and how much memory it took.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; make simulate runs it"]
async fn a_hundred_thousand_fan_out_beside_everything_else() {
    let people = std::env::var("FAN_OUT").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    for scratch in [Some(sqlite().await), postgres().await].into_iter().flatten() {
        let (world, version) = outdated(&scratch, people).await;
        let before = resident();
        let ended = Arc::new(AtomicBool::new(false));
        let others =
            tokio::spawn(somebody_else_writes(world.another_process().await.database().clone(), ended.clone()));
        let began = Instant::now();
        through(&world, &version, people).await;
        let took = began.elapsed();
        ended.store(true, Ordering::Relaxed);
        let mut waits = others.await.unwrap();
        let after = resident();
        everyone_is_planned(&world, &scratch, &version, people).await;
        waits.sort();
        let wait = |share: usize| waits[(waits.len() - 1) * share / 1_000].as_secs_f64() * 1e3;
        let _ = writeln!(
            std::io::stderr(),
            "fan-out on {:?}: {people} inquiries in {:.1} s with {RESTARTS} restarts, {:.0}/s; {} others who wrote \
             meanwhile waited p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms; resident {before} MB before, {after} MB after",
            scratch.kind(),
            took.as_secs_f64(),
            f64::from(u32::try_from(people).unwrap()) / took.as_secs_f64(),
            waits.len(),
            wait(500),
            wait(990),
            wait(1_000),
        );
        // 100,000 inquiries in memory would be some 200 MB.
        assert!(after < before + 64, "memory grows with the number: {before} MB before, {after} MB after");
        world.stop();
    }
}

/// Writes a row again and again; how long each time took, from the wish to the commit.
async fn somebody_else_writes(database: Database, ended: Arc<AtomicBool>) -> Vec<Duration> {
    let mut waits = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let began = Instant::now();
        let mut tx = database.begin().await.unwrap();
        let now = rekindle::clock::Clock::System.now();
        tx.set_rules_fingerprint(&environment(), "a write of somebody else's", now).await.unwrap();
        tx.commit().await.unwrap();
        waits.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    waits
}

/// Resident memory of this process in MB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
