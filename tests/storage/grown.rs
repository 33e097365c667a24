//! A database that grew with the program: rows written under each step of the schema are there under the latest one,
//! and the verbs of today read them as they were meant.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::path::{Path, PathBuf};

use rekindle::domain::action::Kind as WorkKind;
use rekindle::domain::ids::{ActionId, ReplayId, TemplateId, TokenId};
use rekindle::domain::time::Timestamp;
use rekindle::storage::access_links::LinkId;
use rekindle::storage::actions::ActionFilter;
use rekindle::storage::audit::DeedFilter;
use rekindle::storage::creations::CreationKey;
use rekindle::storage::events::EventFilter;
use rekindle::storage::inquiries::InquiryFilter;
use rekindle::storage::lineages::TokenKey;
use rekindle::storage::{Database, Kind};
use secrecy::ExposeSecret as _;
use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::storage::raw;
use crate::storage::sample::{at, environment, event_id, inquiry_id, key, reference_id, sandbox};
use crate::support::vault::open;
use crate::support::{Scratch, on_both};

/// 2026-01-01T08:00:00Z: the time that the samples count from.
const BEGAN: i64 = 1_767_254_400;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The names of the steps, in order.
fn steps() -> Vec<String> {
    let files = folder("migrations/sqlite").read_dir().unwrap();
    let mut names: Vec<String> = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A sample in a database's own words.
fn in_words_of(kind: Kind, sample: &str) -> String {
    let mut words = String::new();
    let mut rest = sample;
    while let Some(at) = rest.find(['@', 'H']) {
        let (before, from) = rest.split_at(at);
        words.push_str(before);
        if let Some(inside) = from.strip_prefix("HEX(") {
            let (bytes, after) = inside.split_once(')').unwrap();
            match kind {
                Kind::Sqlite => write!(words, "x'{bytes}'").unwrap(),
                Kind::Postgres => write!(words, "decode('{bytes}', 'hex')").unwrap(),
            }
            rest = after;
        } else if let Some(inside) = from.strip_prefix('@') {
            let digits = inside.find(|c: char| !c.is_ascii_digit()).unwrap();
            let second = BEGAN + inside[..digits].parse::<i64>().unwrap();
            match kind {
                Kind::Sqlite => write!(words, "{}", second * 1_000_000).unwrap(),
                Kind::Postgres => write!(words, "to_timestamp({second})").unwrap(),
            }
            rest = &inside[digits..];
        } else {
            words.push('H');
            rest = &from[1..];
        }
    }
    words + rest
}

/// Takes a database up to a step, as the program did when it was the last one.
async fn migrate_to(scratch: &Scratch, version: i64) {
    match scratch.kind() {
        Kind::Sqlite => {
            let migrator = Migrator::new(folder("migrations/sqlite")).await.unwrap();
            let mut connection = SqliteConnection::connect(&scratch.url).await.unwrap();
            migrator.run_to(version, &mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Kind::Postgres => {
            let migrator = Migrator::new(folder("migrations/postgres")).await.unwrap();
            let mut connection = PgConnection::connect(&scratch.url).await.unwrap();
            migrator.run_to(version, &mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// Undoes what made it a database of today.
async fn empty(scratch: &Scratch) {
    match scratch.kind() {
        Kind::Sqlite => {
            let sql = "SELECT 'DROP ' || type || ' ' || name || ';' FROM sqlite_master
                       WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                       ORDER BY type DESC";
            let drops = raw::column(scratch, sql).await;
            raw::execute(scratch, &format!("PRAGMA foreign_keys = OFF; {}", drops.concat())).await;
        }
        Kind::Postgres => raw::execute(scratch, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await,
    }
}

/// What is read, a line for each thing.
#[derive(Default)]
struct Told(String);

impl Told {
    fn line(&mut self, what: &str, thing: &dyn Debug) {
        writeln!(self.0, "{what}: {thing:?}").unwrap();
    }

    fn lines(&mut self, what: &str, things: impl IntoIterator<Item = impl Debug>) {
        things.into_iter().for_each(|thing| self.line(what, &thing));
    }
}

/// Everything that the samples wrote, as the verbs of today give it.
async fn read(database: &Database) -> String {
    let mut told = Told::default();
    read_inquiries(database, &mut told).await;
    read_work(database, &mut told).await;
    read_environment(database, &mut told).await;
    read_doors(database, &mut told).await;
    read_operators(database, &mut told).await;
    read_notices(database, &mut told).await;
    told.0
}

async fn read_inquiries(database: &Database, told: &mut Told) {
    let mut tx = database.read().await.unwrap();
    let mut events = tx.list_events(&EventFilter::default(), None, 100).await.unwrap().items;
    events.sort_by_key(|event| event.id.clone());
    for event in events {
        let body = tx.event_body(&event.environment, &event.id).await.unwrap();
        let body = body.map(|body| String::from_utf8_lossy(&body).into_owned());
        told.line("event", &(event, body));
    }
    told.line("has bodies in clear", &tx.has_plain_bodies().await.unwrap());
    told.lines("inquiry", tx.list_inquiries(&InquiryFilter::default(), None, 100).await.unwrap().items);
    let by_name = tx.find_inquiries("customer-17").await.unwrap();
    told.lines("of customer-17", by_name.into_iter().map(|found| (found.inquiry, found.lineage)));
    let ids = ["inq_ada", "inq_bare", "inq_new"].map(key);
    let lineages = tx.lineages_of(&ids.iter().collect::<Vec<_>>()).await.unwrap();
    told.line("lineages", &lineages.into_iter().collect::<BTreeMap<_, _>>());
    told.lines("admission", tx.admissions(&sandbox(), &inquiry_id("inq_new")).await.unwrap());
    told.line("sessions", &tx.sessions_made(&sandbox(), &inquiry_id("inq_new")).await.unwrap());
}

async fn read_work(database: &Database, told: &mut Told) {
    let mut tx = database.read().await.unwrap();
    let mut actions = tx.list_actions(&ActionFilter::default(), None, 100).await.unwrap().items;
    actions.sort_by_key(|action| action.planned.id.clone());
    told.lines("action", actions);
    told.lines("attempt", tx.attempts(&ActionId::parse("act_done").unwrap()).await.unwrap());
    told.line("next due", &tx.next_due(&[(sandbox(), WorkKind::Remind)]).await.unwrap());
    told.lines("lane", tx.lane_settings().await.unwrap());
    told.lines("replay", tx.list_replays(None, None, 10).await.unwrap().items);
    let replay = ReplayId::parse("rpl_1").unwrap();
    told.lines("waited for", tx.waited_for(&replay, 10).await.unwrap());
    told.lines("became", tx.replay_reasons(&replay).await.unwrap());
}

async fn read_environment(database: &Database, told: &mut Told) {
    let mut tx = database.read().await.unwrap();
    told.line("rules", &tx.rules_fingerprint(&sandbox()).await.unwrap());
    told.lines("template", tx.list_templates(&sandbox()).await.unwrap());
    told.lines("template run", tx.template_runs(&sandbox()).await.unwrap());
    told.line("template poll", &tx.template_poll(&sandbox()).await.unwrap());
    told.lines("reconciliation", tx.reconciliations().await.unwrap());
    told.lines("pruning", tx.prunings().await.unwrap());
    told.line("budget", &tx.budget(&sandbox(), 60).await.unwrap());
    told.line("master keys", &tx.master_keys().await.unwrap());
    for secret in tx.webhook_secrets(&sandbox()).await.unwrap() {
        told.line("webhook secret", &(&secret, secret.value.expose_secret()));
    }
}

async fn read_doors(database: &Database, told: &mut Told) {
    let mut tx = database.begin().await.unwrap();
    for id in ["a0123456789bcdef", "b0123456789bcdef"] {
        told.line("access link", &tx.access_link(&LinkId::parse(id).unwrap()).await.unwrap());
    }
    told.line("link key opens", &tx.link_key().await.unwrap().is_some());
    told.line("token", &tx.token(&TokenId::parse("tok_1").unwrap()).await.unwrap());
    let ada = tx.inquiry(&sandbox(), &inquiry_id("inq_new")).await.unwrap().unwrap();
    told.line("customer", &tx.written_customer(&ada.inquiry, &ada.lineage).await.unwrap());
    let template = TemplateId::parse("itmpl_kyc").unwrap();
    let creation = CreationKey { environment: sandbox(), reference_id: reference_id("customer-17"), template };
    let new = inquiry_id("inq_new");
    let asked = TokenKey { environment: &sandbox(), inquiry: &new, generation: 4 };
    let claimed = tx.claim_session_token(asked, at(2_000_000_000), at(1_000)).await.unwrap();
    told.line("session token to be asked for by another", &claimed);
    told.line("creation", &tx.open_creation(&creation, at(0)).await.unwrap());
    for name in ["customer-17", "customer-18"] {
        told.lines("static link", tx.static_links_of(&reference_id(name)).await.unwrap());
    }
}

async fn read_notices(database: &Database, told: &mut Told) {
    let mut tx = database.read().await.unwrap();
    let asked = (sandbox(), reference_id("customer-17"));
    told.lines("contact", tx.contacts_of(&[&asked]).await.unwrap());
    told.line("notice", &tx.notice(&ActionId::parse("act_done").unwrap()).await.unwrap());
    told.lines("suppression", tx.list_suppressions("", 10, None).await.unwrap());
}

async fn read_operators(database: &Database, told: &mut Told) {
    let mut tx = database.read().await.unwrap();
    told.lines("operator's token", tx.operator_tokens().await.unwrap());
    told.lines("deed", tx.list_deeds(&DeedFilter::default(), 10).await.unwrap());
    told.line("the audit ends with", &tx.audit_head().await.unwrap());
    told.lines("refused", tx.list_refusals(None, None, 10).await.unwrap().items);
    told.lines("alert", tx.alerts().await.unwrap());
    told.lines("alert notice", tx.latest_alert_notices(10).await.unwrap());
    told.lines("outcomes", tx.outcome_counts(&sandbox(), Timestamp::from_second(BEGAN)).await.unwrap());
    told.line("outcomes that wait", &tx.waiting_outcomes(&sandbox()).await.unwrap());
    told.line("tallies", &tx.tallies(&sandbox(), at(0), Timestamp::from_second(BEGAN + 86_400)).await.unwrap());
}

on_both! {
    async fn rows_of_every_step_are_read_today(scratch: &Scratch) {
        empty(scratch).await;
        for (version, step) in (1..).zip(steps()) {
            migrate_to(scratch, version).await;
            if let Ok(sample) = std::fs::read_to_string(folder("fixtures/migrations").join(&step)) {
                raw::execute(scratch, &in_words_of(scratch.kind(), &sample)).await;
            }
        }
        let database = open(&scratch.url).await;
        database.migrate().await.unwrap();
        database.check_schema().await.unwrap();
        let told = read(&database).await;
        let expected = std::fs::read_to_string(folder("fixtures/migrations/as_read_today.txt")).unwrap_or_default();
        assert_eq!(told, expected, "if a change of the verbs is meant, this is to go to fixtures/migrations:\n{told}");
        let unknown = database.read().await.unwrap().event_body(&environment("production"), &event_id("evt_plain")).await;
        assert_eq!(unknown.unwrap(), None);
    }
}

/// A step that makes or changes a table has rows of its own to prove it with.
#[test]
fn every_step_has_its_sample() {
    for step in steps() {
        assert!(folder("fixtures/migrations").join(&step).exists(), "write fixtures/migrations/{step}");
    }
}
