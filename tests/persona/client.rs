//! The client against a server that answers with fixtures: what it asks, what it understands, how it fails.

mod failures;
mod questions;

use std::time::Duration;

use rekindle::clock::Clock;
use rekindle::domain::ids::{EventId, InquiryId};
use rekindle::domain::time::Timestamp;
use rekindle::persona::client::PersonaClient;
use rekindle::persona::request::IdempotencyKey;
use rekindle::persona::settings::ClientSettings;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::fixture;

const API_KEY: &str = "persona_sandbox_xyzzy";
const NOW: Timestamp = Timestamp::from_second(1_772_442_600);

/// A server that gives one answer to everything, and a client that asks it.
struct Persona {
    server: MockServer,
    client: PersonaClient,
}

impl Persona {
    async fn silent() -> Self {
        let server = MockServer::start().await;
        let client = PersonaClient::new(&settings(&server.uri()), Clock::manual(NOW)).unwrap();
        Self { server, client }
    }

    async fn answering(answer: ResponseTemplate) -> Self {
        let persona = Self::silent().await;
        Mock::given(any()).respond_with(answer).mount(&persona.server).await;
        persona
    }

    /// Answers with a fixture of `fixtures/api/`.
    async fn telling(name: &str) -> Self {
        Self::answering(ResponseTemplate::new(200).set_body_json(fixture(&format!("api/{name}.json")))).await
    }

    async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }
}

fn settings(server: &str) -> ClientSettings {
    let mut settings = ClientSettings::new(format!("{server}/api/v1").parse().unwrap(), API_KEY.into());
    settings.timeout = Duration::from_secs(20);
    settings
}

fn inquiry(name: &str) -> InquiryId {
    InquiryId::parse(match name {
        "ada" => "inq_2vHdXc6TqNw8RkLz5BmYgJsP",
        "cleo" => "inq_5yPnRv7DkJt3XwBq9ZmHcLgF",
        "dan" => "inq_4mWkTb9QsXh6NzVr2JdCyPgL",
        other => other,
    })
    .unwrap()
}

fn event(id: &str) -> EventId {
    EventId::parse(id).unwrap()
}

fn key() -> IdempotencyKey {
    IdempotencyKey::parse("0f3a/link/1").unwrap()
}
