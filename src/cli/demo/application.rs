//! The operator's application, as small as it can be: takes Rekindle's notices and mails each link to its person.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::cast::Person;
use crate::clock::Clock;
use crate::domain::time::Timestamp;

/// The notifier's secret: invented, and of use to nobody else.
pub(super) const NOTICE_SECRET: &str = "whsec_QW4gaW52ZW50ZWQgc2VjcmV0IGZvciB0aGUgZGVtbw==";

/// What comes into a person's mailbox: the link.
pub(super) type Mailbox = UnboundedReceiver<SecretString>;

/// The application, until this is dropped.
#[derive(Debug)]
pub(super) struct Application {
    desk: Arc<Desk>,
    server: JoinHandle<()>,
    url: String,
}

/// A notice that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    /// When.
    pub(super) at: Timestamp,
    /// For whom.
    pub(super) reference_id: String,
}

struct Desk {
    webhook: standardwebhooks::Webhook,
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    mailboxes: HashMap<String, UnboundedSender<SecretString>>,
    ids: BTreeSet<String>,
    taken: Vec<Taken>,
    refused: usize,
}

/// The body of a notice, as far as the application needs it.
#[derive(Deserialize)]
struct Notice {
    r#type: String,
    data: Reminder,
}

#[derive(Deserialize)]
struct Reminder {
    reference_id: String,
    link: SecretString,
}

impl Application {
    /// Starts it on a port of the system's choice.
    pub(super) async fn start(clock: Clock) -> anyhow::Result<Self> {
        let webhook = standardwebhooks::Webhook::new(NOTICE_SECRET).context("the demo's own secret is none")?;
        let desk = Arc::new(Desk { webhook, clock, kept: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free on loopback")?;
        let url = format!("http://{}/notices", listener.local_addr()?);
        let routes = Router::new().route("/notices", post(take)).with_state(desk.clone());
        let server = tokio::spawn(async move {
            // It serves until it is dropped.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { desk, server, url })
    }

    /// Where notices are posted to.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Opens a person's mailbox.
    pub(super) fn mailbox(&self, person: &Person) -> Mailbox {
        let (sender, mailbox) = unbounded_channel();
        self.desk.kept().mailboxes.insert(person.reference_id.clone(), sender);
        mailbox
    }

    /// The notices so far, each once however often it came.
    pub(super) fn taken(&self) -> Vec<Taken> {
        self.desk.kept().taken.clone()
    }

    /// How many requests were no notices of ours.
    pub(super) fn refused(&self) -> usize {
        self.desk.kept().refused
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Desk {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A notice whose signature is right, with its id; what can't be read is refused like what is not signed.
    fn read(&self, headers: &HeaderMap, body: &[u8]) -> Option<(String, Reminder)> {
        self.webhook.verify(body, headers).ok()?;
        let id = headers.get(standardwebhooks::HEADER_WEBHOOK_ID)?.to_str().ok()?;
        let notice: Notice = serde_json::from_slice(body).ok()?;
        (notice.r#type == "inquiry.reminder").then(|| (id.to_owned(), notice.data))
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = desk.clock.now();
    let read = desk.read(&headers, &body);
    let mut kept = desk.kept();
    let Some((id, reminder)) = read else {
        kept.refused += 1;
        return StatusCode::UNAUTHORIZED;
    };
    if kept.ids.insert(id) {
        if let Some(mailbox) = kept.mailboxes.get(&reminder.reference_id) {
            // Whose story is over reads no mail; the notice counts all the same.
            let _ = mailbox.send(reminder.link);
        }
        kept.taken.push(Taken { at, reference_id: reminder.reference_id });
    }
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::cast::cast;
    use super::*;

    const BODY: &str = r#"{"type":"inquiry.reminder","data":{"reference_id":"ada","link":"https://x.example/1"}}"#;

    fn signed(body: &str, secret: &str) -> HeaderMap {
        let at = Clock::System.now().as_second();
        let signature = standardwebhooks::Webhook::new(secret).unwrap().sign("rka_1", at, body.as_bytes()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(standardwebhooks::HEADER_WEBHOOK_ID, "rka_1".parse().unwrap());
        headers.insert(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, at.into());
        headers.insert(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signature.parse().unwrap());
        headers
    }

    #[tokio::test]
    async fn a_notice_reaches_its_person_once_and_only_with_the_right_signature() {
        let application = Application::start(Clock::System).await.unwrap();
        let mut mailbox = application.mailbox(&cast(1)[0]);
        let post = |headers| take(State(application.desk.clone()), headers, Bytes::from_static(BODY.as_bytes()));
        let foreign = "whsec_QW5vdGhlciBzZWNyZXQgb2YgQWRhIEV4YW1wbGU=";
        assert_eq!(post(signed(BODY, foreign)).await, StatusCode::UNAUTHORIZED);
        assert_eq!(post(signed(BODY, NOTICE_SECRET)).await, StatusCode::NO_CONTENT);
        assert_eq!(post(signed(BODY, NOTICE_SECRET)).await, StatusCode::NO_CONTENT);

        assert_eq!(mailbox.try_recv().unwrap().expose_secret(), "https://x.example/1");
        assert!(mailbox.try_recv().is_err(), "a repeat is dropped");
        assert_eq!((application.taken().len(), application.refused()), (1, 1));
    }
}
