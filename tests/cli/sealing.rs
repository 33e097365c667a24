//! Nothing of a person is readable in the files of the database or in a log, before and after they are erased.
//!
//! The files themselves are searched, byte by byte: SQLite's with its write-ahead log, and the whole folder of a
//! PostgreSQL server with its write-ahead log and its own log, after everything was written out.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::NewInquiry;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, eventually};
use crate::support::postgres::Own;
use crate::support::sqlite;

/// An invented person, by names and numbers that nobody else has.
const PERSON: [(&str, &str); 6] = [
    ("name-first", "Quillonetta"),
    ("name-last", "Zwiebelfisch"),
    ("email-address", "quillonetta@example.org"),
    ("phone-number", "+4930555017734"),
    ("birthdate", "1971-04-23"),
    ("address-street-1", "Papageienstieg 71b"),
];

/// A database and the folder that all of it is in.
pub(super) struct Place {
    pub(super) url: String,
    pub(super) folder: PathBuf,
}

impl Place {
    async fn execute(&self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        if self.url.starts_with("postgres") {
            PgConnection::connect(&self.url).await.unwrap().execute(sql).await.unwrap();
        } else {
            SqliteConnection::connect(&self.url).await.unwrap().execute(sql).await.unwrap();
        }
    }

    async fn count(&self, what: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {what}"));
        if self.url.starts_with("postgres") {
            sqlx::query_scalar(sql).fetch_one(&mut PgConnection::connect(&self.url).await.unwrap()).await.unwrap()
        } else {
            sqlx::query_scalar(sql).fetch_one(&mut SqliteConnection::connect(&self.url).await.unwrap()).await.unwrap()
        }
    }

    /// The files that hold one of these texts, as they are on disk now.
    pub(super) async fn files_with(&self, texts: &[&str]) -> Vec<String> {
        if self.url.starts_with("postgres") {
            self.execute("CHECKPOINT").await;
        }
        search(&self.folder, texts)
    }

    /// Nobody is in the files or in the log, though the search finds what is there.
    async fn holds_nobody(&self, rekindle: &Installation, ada: &InquiryId, when: &str) {
        assert_ne!(self.files_with(&[ada.as_str()]).await, Vec::<String>::new(), "{when}: the search finds an id");
        let texts: Vec<String> =
            PERSON.iter().flat_map(|(_, value)| [(*value).to_owned(), hex::encode(value)]).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(self.files_with(&texts).await, Vec::<String>::new(), "{when}: in the database's files");
        let in_the_log = |texts: &[&str]| search(&rekindle.file("log"), texts).len();
        assert_eq!(in_the_log(&["delivery taken"]), 1, "{when}: the search finds what is logged");
        assert_eq!(in_the_log(&texts), 0, "{when}: in the log");
    }
}

/// The files under a path that hold one of these texts, in any case.
fn search(path: &Path, texts: &[&str]) -> Vec<String> {
    let mut grep = Command::new("grep");
    grep.args(["-r", "-l", "-a", "-i", "-F", "-f", "-"]).arg(path).env("LC_ALL", "C");
    let mut grep = grep.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    grep.stdin.take().unwrap().write_all(texts.join("\n").as_bytes()).unwrap();
    let output = grep.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn fields() -> Value {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), json!({ "type": "string", "value": value }));
    Value::Object(PERSON.iter().map(field).collect())
}

/// An event with everything about the person in it.
fn event(id: &str, name: &str, kind: &str, object: &str, inquiry: Option<&InquiryId>) -> Vec<u8> {
    let now = rekindle::clock::Clock::System.now().to_string();
    let mut payload = json!({ "type": kind, "id": object, "attributes": { "fields": fields(), "updated-at": now } });
    if let Some(inquiry) = inquiry {
        payload["relationships"] = json!({ "inquiry": { "data": { "type": "inquiry", "id": inquiry.as_str() } } });
    }
    let attributes = json!({ "name": name, "created-at": now, "payload": { "data": payload } });
    json!({ "data": { "type": "event", "id": id, "attributes": attributes } }).to_string().into_bytes()
}

/// What the process that serves hears of the person from everywhere but Persona's own course of things.
async fn hear(rekindle: &Installation, ada: &InquiryId, round: &str) {
    let bodies = [
        event(&format!("evt_same{ada}"), "inquiry.transitioned", "inquiry", ada.as_str(), None),
        event(&format!("evt_step{round}"), "inquiry.transitioned", "inquiry", ada.as_str(), None),
        event(&format!("evt_ver{round}"), "verification.passed", "verification/government-id", "ver_1", Some(ada)),
        event(&format!("evt_iqse{round}"), "inquiry-session.started", "inquiry-session", "iqse_1", Some(ada)),
    ];
    for body in bodies {
        let (status, answer) = rekindle.deliver(ENVIRONMENT, &body).await;
        assert_eq!(status, 200, "{answer}");
    }
}

async fn payload(rekindle: &Installation, event: &str) -> String {
    rekindle.json(&["events", "show", event, "--payload"]).await["payload"].to_string()
}

async fn told(place: Place) {
    let outside = Outside::with(living(86_400)).await;
    let mut rekindle = Installation::new(&outside.configuration(&place.url, r#"reminders = ["50%"]"#));
    rekindle.set("RUST_LOG", "trace");
    rekindle.start().await;
    outside.send_webhooks_to(&rekindle);
    let known = PERSON.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let ada = NewInquiry { fields: known, ..NewInquiry::for_person("customer-17") };
    let ada = outside.persona.create_inquiry(ENVIRONMENT, ada).unwrap();
    let listed = async |what: &str, count: usize| {
        eventually(what, || async {
            let events = rekindle.list(&["events", "list", "--inquiry", ada.as_str()]).await;
            (events.len() >= count).then_some(events)
        })
        .await
    };
    let created = listed("the inquiry is heard of", 1).await.remove(0)["id"].as_str().unwrap().to_owned();
    hear(&rekindle, &ada, "Early").await;
    for body in [
        event("evt_account", "account.created", "account", "act_1", None),
        b"not an event, but about Quillonetta Zwiebelfisch".to_vec(),
    ] {
        assert_eq!(rekindle.deliver(ENVIRONMENT, &body).await.0, 200);
    }
    assert_eq!(rekindle.deliver("elsewhere", &event("evt_x", "a.b", "c", "d", None)).await.0, 404);
    for id in [&created, "evt_stepEarly", "evt_verEarly", "evt_account"] {
        assert!(payload(&rekindle, id).await.contains("Papageienstieg 71b"), "{id} opens");
    }
    place.holds_nobody(&rekindle, &ada, "before").await;

    outside.persona.redact(&ada).unwrap();
    let of_ada = format!("subjects WHERE subject = 'inquiry/{ada}' AND sealed_key");
    eventually("the key is gone", || async {
        (place.count(&format!("{of_ada} IS NULL AND destroyed_because = 'redacted'")).await == 1).then_some(())
    })
    .await;
    // Late retries, news that was under way, and everything that Persona can be asked for.
    hear(&rekindle, &ada, "Late").await;
    outside.persona.resend_event(&rekindle::domain::ids::EventId::parse(&created).unwrap()).unwrap();
    eventually("the first event comes again", || async {
        (rekindle.json(&["events", "show", &created]).await["deliveries"].as_u64() > Some(1)).then_some(())
    })
    .await;
    for command in [["reconcile", "--json"], ["import", "--json"]] {
        assert_eq!(rekindle.run(&command).await.code, Some(0));
    }
    assert_eq!(place.count(&format!("{of_ada} IS NOT NULL")).await, 0, "and it stays gone");
    for event in listed("all of it is recorded", 7).await {
        let id = event["id"].as_str().unwrap();
        assert_eq!(payload(&rekindle, id).await, "null", "{event}");
        assert!(event["occurred_at"].is_string() && event["outcome"].is_string(), "{event}");
    }
    for id in ["evt_verEarly", "evt_verLate"] {
        assert_eq!(payload(&rekindle, id).await, "null", "what belongs to the inquiry goes with it");
    }
    assert!(payload(&rekindle, "evt_account").await.contains("Quillonetta"), "the account is another subject");
    place.holds_nobody(&rekindle, &ada, "after").await;

    // The same search finds the person where somebody is stored in the clear.
    let plain = String::from_utf8(event("evt_plain", "a.b", "c", "d", None)).unwrap();
    let literal = if place.url.starts_with("postgres") {
        format!("convert_to('{plain}', 'UTF8')")
    } else {
        format!("CAST('{plain}' AS BLOB)")
    };
    place
        .execute(&format!("UPDATE events SET body_encoding = 'plain', body = {literal} WHERE id = 'evt_account'"))
        .await;
    for (name, value) in PERSON {
        assert_ne!(place.files_with(&[value]).await, Vec::<String>::new(), "{name}");
    }
    let sealed = rekindle.json(&["keys", "seal"]).await;
    assert_eq!(sealed["sealed"], 1);
    assert!(payload(&rekindle, "evt_account").await.contains("Quillonetta"), "sealed afterwards, it opens");
    rekindle.ask_to_stop();
    rekindle.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_readable_in_the_files_of_sqlite() {
    let scratch = sqlite().await;
    let folder = scratch.folder.as_ref().unwrap().path().to_owned();
    told(Place { url: scratch.url.clone(), folder }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_readable_in_the_files_of_postgres() {
    // A server of our own: another one's files are nobody else's to read.
    let Some(own) = tokio::task::spawn_blocking(Own::make).await.unwrap() else { return };
    let url = url::Url::parse(&own.url).unwrap();
    let folder = url.query_pairs().find(|(key, _)| key == "host").unwrap().1.into_owned();
    told(Place { url: own.url.clone(), folder: folder.into() }).await;
    tokio::task::spawn_blocking(move || drop(own)).await.unwrap();
}
