//! How long every page of the dashboard takes with a million inquiries and five million events stored.
//!
//! `cargo bench --bench board`; `-- sqlite` or `-- postgres` for one database, `-- quick` with 20,000 inquiries. Pages are
//! asked for in this process, from the session's cookie to the last byte of HTML, without a network between.

mod busy;
#[path = "../access/fill.rs"]
mod fill;
mod operator;
#[path = "../ingest/postgres.rs"]
mod postgres;
#[path = "../access/watch.rs"]
mod watch;

use rekindle::app::App;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::storage::Database;
use rekindle::vault::{Keyring, MasterKey, Vault};

use fill::{Crowd, ENVIRONMENT, Kind};
use operator::Operator;
use watch::Watch;

/// Inquiries stored.
const STORED: u64 = 1_000_000;

/// Events stored for each of them, at least.
const EVENTS_EACH: u64 = 5;

/// How often each page is asked for.
const LOOKS: u64 = 300;

/// Invented, and of use to nobody.
const MASTER_KEY: &str = "cmVraW5kbGUgYmVuY2ggbWFzdGVyIGtleSwgMzIgYi4=";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let asked = |word: &str| words.iter().any(|asked| asked == word);
    let scale = if asked("quick") { 50 } else { 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        println!("| on | what | p50 | p99 | p99.9 | most |\n| --- | --- | ---: | ---: | ---: | ---: |");
        if !asked("sqlite") {
            let server = postgres::start().await;
            eprintln!("{}", server.version().await);
            measure("PostgreSQL", &server.fresh().await, scale).await;
        }
        if !asked("postgres") {
            let folder = tempfile::tempdir().unwrap();
            measure("SQLite", &format!("sqlite://{}", folder.path().join("board.db").display()), scale).await;
        }
    });
}

async fn measure(on: &str, url: &str, scale: u64) {
    let app = app(url).await;
    app.database().migrate().await.unwrap();
    let crowd = fill::fill(url, &app, STORED / scale).await;
    busy::busy(url, STORED / scale, EVENTS_EACH).await;
    let operator = Operator::sign_in(&app).await;
    for page in PAGES {
        let mut watch = Watch::new(on, page);
        for number in 0..LOOKS {
            let path = path(page, &crowd, number);
            let size = watch.time(operator.get(&path)).await;
            assert!(size > 500, "{path} shows something");
        }
        watch.tell(None);
    }
    // A reader who goes on from page to page: the hundredth must cost what the first one did.
    for list in ["/inquiries", "/events", "/actions"] {
        let mut watch = Watch::new(on, &format!("{list}, each of the next 200 pages"));
        let mut next = Some(list.to_owned());
        for _ in 0..200 {
            let Some(path) = next.take() else { break };
            next = watch.time(operator.next_after(&path)).await;
        }
        watch.tell(None);
    }
    app.database().close().await;
}

/// Every page, with the filters that people set. `{inquiry}` is somebody's, `{person}` their name.
const PAGES: &[&str] = &[
    "/",
    "/inquiries",
    "/inquiries?status=pending",
    "/inquiries?sort=deadline&environment=sandbox",
    "/inquiries?failures=on&environment=sandbox",
    "/inquiries?outdated=on&environment=sandbox",
    "/inquiries?q={person}",
    "/inquiries/sandbox/{inquiry}",
    "/find?q={person}",
    "/events",
    "/events?environment=sandbox&outcome=ignored",
    "/actions",
    "/actions?state=failed",
    "/actions?state=planned&kind=remind",
    "/templates",
    "/quarantine",
    "/lanes",
    "/audit",
    "/settings",
    "/v1/overview",
    "/v1/totals",
    "/v1/inquiries?limit=100",
    "/v1/inquiries/sandbox/{inquiry}",
    "/v1/events?limit=100",
    "/v1/actions?limit=100&state=failed",
];

fn path(page: &str, crowd: &Crowd, number: u64) -> String {
    let kind = if number.is_multiple_of(2) { Kind::Pending } else { Kind::Replaced };
    page.replace("{inquiry}", crowd.inquiry(kind, number).as_str()).replace("{person}", &crowd.person(kind, number))
}

async fn app(url: &str) -> App {
    let config = Config::from_toml(&format!(
        r#"
        public_url = "https://verify.example.com"
        [environments.{ENVIRONMENT}]
        mode = "observe"
        webhook_secrets = ["{}"]
        [environments.{ENVIRONMENT}.templates.default]
        reminders = ["50%"]
        [notifiers.log]
        type = "log"
        "#,
        fill::SECRET
    ))
    .unwrap();
    let keyring = Keyring::of([MasterKey::parse(MASTER_KEY).unwrap()]).unwrap();
    let database = Database::open(url).await.unwrap().with_vault(Vault::with(keyring));
    App::new(&config, database, Clock::System).unwrap()
}
