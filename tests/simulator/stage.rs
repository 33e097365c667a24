//! A stage for the stories: a served simulator, a clock in the hand, and a caller with a key.

use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::domain::ids::InquiryId;
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::{NewInquiry, SANDBOX_KEY, Serving, Settings, Simulator, Unknowns, WebhookSettings};
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// When every story begins.
pub fn beginning() -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00.250Z").unwrap()
}

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub struct Stage {
    pub simulator: Simulator,
    pub clock: Clock,
    pub serving: Serving,
    pub http: reqwest::Client,
}

/// An answer of the API, or a page.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Stage {
    pub async fn set() -> Self {
        Self::set_with(Settings::default()).await
    }

    pub async fn set_under(unknowns: Unknowns) -> Self {
        Self::set_with(Settings::default().with_unknowns(unknowns)).await
    }

    pub async fn set_with(settings: Settings) -> Self {
        let clock = Clock::manual(beginning());
        let simulator = Simulator::new(clock.clone(), settings);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = simulator.serve(listener).await;
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(20))
            .build()
            .unwrap();
        Self { simulator, clock, serving, http }
    }

    /// An inquiry for Ada in the sandbox.
    pub fn inquiry(&self) -> InquiryId {
        self.simulator.create_inquiry("sandbox", NewInquiry::for_person("user-ada")).unwrap()
    }

    pub fn status(&self, id: &InquiryId) -> Status {
        self.simulator.inquiry(id).unwrap().status
    }

    /// The names of the events so far.
    pub fn event_names(&self) -> Vec<&'static str> {
        self.simulator.events().iter().map(|event| event.name).collect()
    }

    pub fn api(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = if path.starts_with("/api/") {
            format!("{}{path}", self.serving.url())
        } else {
            format!("{}{path}", self.serving.api_url())
        };
        self.http.request(method, url).bearer_auth(SANDBOX_KEY)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.api("GET", path)).await
    }

    pub async fn post(&self, path: &str) -> Answer {
        send(self.api("POST", path)).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        send(self.api("POST", path).json(body)).await
    }

    /// A page, by its absolute link.
    pub async fn page(&self, link: &str) -> Answer {
        send(self.http.get(link)).await
    }

    /// A fresh one-time link, asked for over the API.
    pub async fn link(&self, id: &InquiryId) -> String {
        let answer = self.post(&format!("/inquiries/{id}/generate-one-time-link")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["meta"]["one-time-link"].as_str().unwrap().to_owned()
    }

    /// What creating over the API sends, with this in `meta`.
    pub async fn create(&self, meta: Value) -> Answer {
        let template = &self.simulator.templates()[0];
        let body = json!({ "data": { "attributes": { "inquiry-template-id": template.as_str() } }, "meta": meta });
        self.post_json("/inquiries", &body).await
    }

    pub fn plain_link(&self, id: &InquiryId) -> String {
        self.simulator.inquiry(id).unwrap().plain_link.expose_secret().to_owned()
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

/// A receiver of webhooks that answers everything with this status.
pub async fn receiver(status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
    server
}

pub const SECRET: &str = "wbhsec_11111111-2222-3333-4444-555555555555";

/// Settings whose sandbox sends everything to this receiver.
pub fn sending_to(receiver: &MockServer) -> Settings {
    Settings::default().with_webhook(&WebhookSettings::new(receiver.uri(), SECRET))
}
