//! Both listeners in this process, over a database of the test's own, with a clock that stands still.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::SignedDuration;
use rekindle::app::App;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::ids::{EnvironmentName, EventId, InquiryId};
use rekindle::domain::signature::sign;
use rekindle::domain::time::Timestamp;
use rekindle::http::server::{ServerLimits, serve};
use rekindle::http::{internal, public};
use rekindle::storage::events::{EventFilter, StoredEvent};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::vault::open;

/// Longer than anything here takes; only a defect lets it pass.
const BOUND: Duration = Duration::from_secs(20);

/// The two secrets of `sandbox`, of which one is being rotated out.
pub const SECRET: &str = "wbhsec_11111111-2222-3333-4444-555555555555";
pub const OLD_SECRET: &str = "wbhsec_00000000-2222-3333-4444-555555555555";
/// The secret of `production`.
pub const OTHER_SECRET: &str = "wbhsec_99999999-2222-3333-4444-555555555555";

/// The greatest body that is taken.
pub const BODY_BYTES: usize = 131_072;

pub struct Door {
    pub clock: Clock,
    pub app: App,
    pub public: SocketAddr,
    internal: SocketAddr,
    client: reqwest::Client,
    tasks: [JoinHandle<()>; 2],
}

impl Door {
    pub async fn over(url: &str) -> Self {
        let clock = Clock::manual(Timestamp::parse("2026-03-01T08:00:00Z").unwrap());
        let config = Config::from_toml(&configuration()).unwrap();
        let app = App::new(&config, open(url).await, clock.clone()).unwrap();
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let limits = ServerLimits::new(&config.limits, Duration::ZERO);
        let (public, public_task) = listen(public::routes(app.clone(), config.limits), limits).await;
        let (internal, internal_task) = listen(internal::routes(app.clone(), metrics), limits).await;
        rekindle::tls::install();
        let client = reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap();
        Self { clock, app, public, internal, client, tasks: [public_task, internal_task] }
    }

    /// A signature as Persona makes it, so long ago by our clock.
    pub fn signed(&self, body: &[u8], secret: &str, ago: SignedDuration) -> String {
        sign(body, secret.as_bytes(), self.clock.now().minus(ago))
    }

    /// Delivers a body as Persona would.
    pub async fn deliver(&self, environment: &str, body: &[u8]) -> (u16, Value) {
        let secret = if environment == "production" { OTHER_SECRET } else { SECRET };
        let signature = self.signed(body, secret, SignedDuration::ZERO);
        self.post(environment, body, &[signature.as_bytes()]).await
    }

    /// Posts a body under signature headers.
    pub async fn post(&self, environment: &str, body: &[u8], signatures: &[&[u8]]) -> (u16, Value) {
        let (status, _, answer) = self.answer(environment, body, signatures).await;
        (status, answer)
    }

    /// Posts a body: status, `Retry-After` and answer.
    pub async fn answer(&self, environment: &str, body: &[u8], signatures: &[&[u8]]) -> (u16, Option<String>, Value) {
        let url = format!("http://{}/webhooks/persona/{environment}", self.public);
        let mut request = self.client.post(url).body(body.to_vec());
        for signature in signatures {
            request = request.header("Persona-Signature", *signature);
        }
        let answer = request.send().await.unwrap();
        let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        (status, retry_after, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// What the internal listener answers.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(format!("http://{}{path}", self.internal)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Sends raw bytes to the public listener, and reads whatever comes until it closes.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.public).await.unwrap();
        // The server may answer, and close, before it has read all of this.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(BOUND, stream.read_to_end(&mut answer)).await.expect("the server closes");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The events stored for an environment, oldest first.
    pub async fn events(&self, environment: &str) -> Vec<StoredEvent> {
        let environment = Some(EnvironmentName::parse(environment).unwrap());
        let filter = EventFilter { environment, ..EventFilter::default() };
        let mut events = self.app.database().read().await.unwrap().list_events(&filter, None, 100).await.unwrap().items;
        events.reverse();
        events
    }

    /// The only event of `sandbox`: id, outcome and how often it came.
    pub async fn only_event(&self) -> (EventId, String, u32) {
        let events = self.events("sandbox").await;
        assert_eq!(events.len(), 1, "{events:?}");
        let outcome = events[0].outcome.map(|outcome| outcome.to_string());
        (events[0].id.clone(), outcome.unwrap_or_default(), events[0].deliveries)
    }

    pub async fn status(&self, environment: &str, inquiry: &str) -> Option<String> {
        let (environment, id) = (EnvironmentName::parse(environment).unwrap(), InquiryId::parse(inquiry).unwrap());
        let stored = self.app.database().read().await.unwrap().inquiry(&environment, &id).await.unwrap();
        stored.and_then(|stored| stored.inquiry.status().map(ToString::to_string))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// An event about an inquiry, as Persona words it.
pub fn event(id: &str, inquiry: &str, name: &str, status: &str) -> Vec<u8> {
    let inquiry = json!({ "type": "inquiry", "id": inquiry, "attributes": {
        "status": status, "reference-id": "customer-17", "created-at": "2026-03-01T07:00:00.000Z",
    }});
    let attributes = json!({ "name": name, "created-at": "2026-03-01T07:30:00.000Z", "payload": { "data": inquiry, "included": [] } });
    json!({ "data": { "type": "event", "id": id, "attributes": attributes } }).to_string().into_bytes()
}

async fn listen(routes: axum::Router, limits: ServerLimits) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(serve(listener, routes, limits, std::future::pending())))
}

fn configuration() -> String {
    format!(
        r#"
        [environments.sandbox]
        mode = "observe"
        webhook_secrets = ["{SECRET}", "{OLD_SECRET}"]
        [environments.production]
        mode = "observe"
        webhook_secrets = ["{OTHER_SECRET}"]
        [limits]
        body_bytes = {BODY_BYTES}
        body_timeout = "1s"
        "#
    )
}
