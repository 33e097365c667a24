//! What a decision about one person costs with a million inquiries stored: our own time, Persona's apart.
//!
//! `cargo bench --bench access`; `-- sqlite` or `-- postgres` for one database, `-- quick` with 20,000 inquiries. The rows
//! are copies of some that the code itself wrote; the decisions are the real ones, through the use cases, one at a time.
//! `-- pages` measures every page of the dashboard instead, with five events for each inquiry.

mod busy;
mod fill;
mod operator;
mod pages;
#[path = "../ingest/postgres.rs"]
mod postgres;
mod stand_in;
mod watch;

use rekindle::app::App;
use rekindle::app::access::{Admission, Urgency, Whom};
use rekindle::app::links::Doorway;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::access::Form;
use rekindle::domain::ids::{EnvironmentName, ReferenceId};
use rekindle::persona::client::PersonaClient;
use rekindle::persona::request::IdempotencyKey;
use rekindle::persona::settings::ClientSettings;
use rekindle::storage::Database;
use rekindle::vault::{Keyring, LinkKey, MasterKey, Vault};

use fill::{Crowd, ENVIRONMENT, Kind};
use watch::Watch;

/// Inquiries stored.
const STORED: u64 = 1_000_000;

/// Decisions of each kind.
const LOOKS: u64 = 10_000;
const ADMISSIONS: u64 = 3_000;

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
            measure("PostgreSQL", &server.fresh().await, scale, asked("pages")).await;
        }
        if !asked("postgres") {
            let folder = tempfile::tempdir().unwrap();
            measure(
                "SQLite",
                &format!("sqlite://{}", folder.path().join("access.db").display()),
                scale,
                asked("pages"),
            )
            .await;
        }
    });
}

async fn measure(on: &str, url: &str, scale: u64, pages: bool) {
    let stand_in = stand_in::start().await;
    let app = app(url, &stand_in).await;
    app.database().migrate().await.unwrap();
    if pages {
        pages::measure(on, url, &app, STORED / scale).await;
        return app.database().close().await;
    }
    let crowd = fill::fill(url, &app, STORED / scale).await;
    let key = link_key(&app).await;
    look(on, &app, &crowd, &key).await;
    diagnose(on, &app, &crowd).await;
    let alone = call_alone(on, &stand_in).await;
    admit(on, &app, &crowd, alone).await;
    app.database().close().await;
}

async fn app(url: &str, persona: &str) -> App {
    let config = Config::from_toml(&format!(
        r#"
        public_url = "https://verify.example.com"
        link_hosts = ["127.0.0.1:*"]
        [environments.{ENVIRONMENT}]
        mode = "act"
        webhook_secrets = ["{}"]
        api_key = "persona_sandbox_11111111-2222-3333-4444-555555555555"
        api_url = "{persona}"
        [environments.{ENVIRONMENT}.templates.default]
        reminders = ["50%"]
        [notifiers.log]
        type = "log"
        [worker]
        reread_after = "1d"
        "#,
        fill::SECRET
    ))
    .unwrap();
    let keyring = Keyring::of([MasterKey::parse(MASTER_KEY).unwrap()]).unwrap();
    let database = Database::open(url).await.unwrap().with_vault(Vault::with(keyring));
    App::new(&config, database, Clock::System).unwrap()
}

async fn link_key(app: &App) -> LinkKey {
    let mut tx = app.database().begin().await.unwrap();
    let key = tx.link_key_or_new(app.clock().now()).await.unwrap();
    tx.commit().await.unwrap();
    key
}

/// `GET /go/{token}`, without HTTP.
async fn look(on: &str, app: &App, crowd: &Crowd, key: &LinkKey) {
    for (kind, what) in
        [(Kind::Created, "nobody began"), (Kind::Replaced, "replaced once"), (Kind::Finished, "finished")]
    {
        let mut watch = Watch::new(on, &format!("look behind a link, {what}"));
        for number in 0..LOOKS {
            let token = key.token(&crowd.link(kind, number));
            let found = watch.time(app.look_at_link(&token)).await.unwrap();
            match kind {
                Kind::Finished => assert!(matches!(found, Doorway::Over(_)), "{found:?}"),
                _ => assert!(matches!(found, Doorway::Ready { .. }), "{found:?}"),
            }
        }
        watch.tell(None);
    }
}

/// `GET /v1/inquiries/{id}/diagnosis`, without HTTP.
async fn diagnose(on: &str, app: &App, crowd: &Crowd) {
    for (kind, what) in [(Kind::Pending, "under way"), (Kind::Replaced, "replaced once")] {
        let mut watch = Watch::new(on, &format!("diagnose, {what}"));
        for number in 0..LOOKS {
            let whom = Whom::Inquiry(crowd.inquiry(kind, number));
            let told = watch.time(app.diagnose(&environment(), &whom)).await.unwrap();
            assert!(told.is_some(), "everybody is known");
        }
        watch.tell(None);
    }
}

/// The call for a link by itself, from the client to the stand-in and back; its median, in seconds.
async fn call_alone(on: &str, persona: &str) -> f64 {
    let settings = ClientSettings::new(persona.parse().unwrap(), "persona_sandbox_bench".into());
    let client = PersonaClient::new(&settings, Clock::System).unwrap();
    let mut watch = Watch::new(on, "the call to Persona by itself");
    for number in 0..ADMISSIONS {
        let id = rekindle::domain::ids::InquiryId::parse(&format!("inq_{number}")).unwrap();
        let key = IdempotencyKey::parse(&format!("bench/{number}")).unwrap();
        watch.time(client.generate_one_time_link(&id, None, &key)).await.unwrap();
    }
    watch.tell(None);
    watch.median()
}

/// Somebody is let in: decided, the number of the call written down, the call made, the session counted.
async fn admit(on: &str, app: &App, crowd: &Crowd, alone: f64) {
    // The first answers tell the limit; until then few calls are made at once.
    for number in 0..20 {
        let whom = Whom::Inquiry(crowd.inquiry(Kind::Pending, LOOKS + number));
        let _ = app.admit(&environment(), &whom, Form::Browser, Urgency::Waiting).await.unwrap();
    }
    for (kind, by_name) in [(Kind::Created, false), (Kind::Pending, true), (Kind::Replaced, false)] {
        let by = if by_name { "by reference id" } else { "by inquiry id" };
        let mut watch = Watch::new(on, &format!("admit by a link, {by}, {}", kind.words()));
        let mut done = Watch::new(on, "");
        for number in 0..ADMISSIONS {
            let inquiry = crowd.inquiry(kind, LOOKS * 2 + number);
            let reference_id = ReferenceId::parse(&crowd.person(kind, LOOKS * 2 + number)).unwrap();
            let whom = if by_name { Whom::Person { reference_id, template: None } } else { Whom::Inquiry(inquiry) };
            let admitted = watch.time(app.admit(&environment(), &whom, Form::Browser, Urgency::Waiting)).await.unwrap();
            assert!(matches!(admitted, Admission::Link { .. }), "{admitted:?}");
            // A second click finds the same link, and asks Persona nothing.
            done.time(app.admit(&environment(), &whom, Form::Browser, Urgency::Waiting)).await.unwrap();
        }
        watch.tell(Some(alone));
        done.rename(&format!("the same click again, {by}, {}", kind.words()));
        done.tell(None);
    }
}

fn environment() -> EnvironmentName {
    EnvironmentName::parse(ENVIRONMENT).unwrap()
}
