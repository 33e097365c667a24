//! A Rekindle that takes deliveries and performs nothing, and deliveries about invented people.

use jiff::SignedDuration;
use rekindle::app::App;
use rekindle::app::ingest::{Delivery, Receipt, Refusal};
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::ids::{EnvironmentName, InquiryId};
use rekindle::domain::signature::sign;
use rekindle::domain::time::Timestamp;
use rekindle::storage::events::{EventFilter, StoredEvent};
use serde_json::json;

use crate::support::vault::open;

pub const ENVIRONMENT: &str = "sandbox";
pub const SECRET: &str = "wbhsec_11111111-2222-3333-4444-555555555555";

pub fn environment() -> EnvironmentName {
    EnvironmentName::parse(ENVIRONMENT).unwrap()
}

/// The configuration of a Rekindle with these secrets.
pub fn configuration(secrets: &[&str]) -> String {
    format!(
        "[environments.{ENVIRONMENT}]\nmode = \"observe\"\nwebhook_secrets = {}\n\
         [environments.{ENVIRONMENT}.templates.default]\nreminders = [\"50%\", \"3h\"]\n\
         [notifiers.log]\ntype = \"log\"\n",
        json!(secrets)
    )
}

/// The moment at which all of it plays.
pub fn now() -> Timestamp {
    Timestamp::parse("2026-03-01T08:00:00Z").unwrap()
}

/// A Rekindle of its own on a database.
pub async fn app(url: &str) -> App {
    app_with(url, &[SECRET]).await
}

pub async fn app_with(url: &str, secrets: &[&str]) -> App {
    let config = Config::from_toml(&configuration(secrets)).unwrap();
    App::new(&config, open(url).await, Clock::manual(now())).unwrap()
}

/// A status event about an inquiry, `second`s after all began. Without a person, nobody is named in it.
pub fn event(id: &str, inquiry: &str, status: &str, person: Option<&str>, second: i64) -> Vec<u8> {
    let began = now().minus(SignedDuration::from_hours(1));
    let at = began.plus(SignedDuration::from_secs(second));
    let mut attributes = json!({ "status": status, "created-at": began.to_string() });
    if let Some(person) = person {
        attributes["reference-id"] = person.into();
    }
    if matches!(status, "created" | "pending") {
        attributes["expires-at"] = began.plus(SignedDuration::from_hours(24)).to_string().into();
    }
    let payload = json!({ "data": { "type": "inquiry", "id": inquiry, "attributes": attributes } });
    let attributes = json!({ "name": "inquiry.transitioned", "created-at": at.to_string(), "payload": payload });
    json!({ "data": { "type": "event", "id": id, "attributes": attributes } }).to_string().into_bytes()
}

/// Delivers a body, signed as Persona would.
pub async fn deliver(app: &App, body: &[u8]) -> Result<Receipt, Refusal> {
    deliver_signed(app, body, &sign(body, SECRET.as_bytes(), now())).await
}

pub async fn deliver_signed(app: &App, body: &[u8], signature: &str) -> Result<Receipt, Refusal> {
    app.receive(Delivery { environment: ENVIRONMENT, signature: Some(signature.as_bytes()), body }).await
}

/// Every event there is.
pub async fn events(app: &App) -> Vec<StoredEvent> {
    app.database().read().await.unwrap().list_events(&EventFilter::default(), None, 10_000).await.unwrap().items
}

pub async fn status(app: &App, inquiry: &str) -> Option<String> {
    let id = InquiryId::parse(inquiry).unwrap();
    let stored = app.database().read().await.unwrap().inquiry(&environment(), &id).await.unwrap()?;
    stored.inquiry.status().map(ToString::to_string)
}
