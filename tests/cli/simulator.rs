//! `rekindle simulator`: a Persona to try things on.

use std::time::Duration;

use rekindle::clock::Clock;
use rekindle::domain::signature::{Age, verify};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::command::{BOUND, start};

/// The one JSON document that is printed; the process goes on after it.
async fn leaflet(child: &mut tokio::process::Child) -> Value {
    let mut stdout = child.stdout.take().expect("a piped output");
    let mut text = Vec::new();
    let read = async {
        loop {
            let mut piece = [0; 4096];
            let length = stdout.read(&mut piece).await.unwrap();
            assert!(length > 0, "the simulator ended");
            text.extend_from_slice(&piece[..length]);
            if let Ok(document) = serde_json::from_slice(&text) {
                return document;
            }
        }
    };
    timeout(BOUND, read).await.expect("the document comes")
}

fn client() -> reqwest::Client {
    // Only the first test to come here installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap()
}

async fn deliveries(receiver: &MockServer, count: usize) -> Vec<Request> {
    let arrived = async {
        loop {
            let requests = receiver.received_requests().await.unwrap();
            if requests.len() >= count {
                return requests;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(BOUND, arrived).await.expect("the webhooks arrive")
}

#[tokio::test]
async fn an_inquiry_is_made_and_moved_and_its_signed_webhooks_arrive() {
    let receiver = MockServer::start().await;
    let taken = ResponseTemplate::new(200);
    Mock::given(method("POST")).and(path("/webhooks/persona/test")).respond_with(taken).mount(&receiver).await;
    let secret = "wbhsec_invented-for-this-test";
    let url = format!("{}/webhooks/persona/{{environment}}", receiver.uri());
    let mut child = start(&[
        "simulator",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--environment",
        "test",
        "--webhook-url",
        &url,
        "--webhook-secret",
        secret,
        "--lifetime",
        "90m",
    ]);
    let leaflet = leaflet(&mut child).await;
    let environment = &leaflet["environments"][0];
    assert_eq!((&environment["name"], &environment["webhook_secret"]), (&json!("test"), &json!(secret)));

    let body = json!({"data": {"attributes": {
        "inquiry-template-id": leaflet["template"], "reference-id": "customer-17",
    }}});
    let made = client()
        .post(format!("{}/inquiries", leaflet["api_url"].as_str().unwrap()))
        .bearer_auth(environment["api_key"].as_str().unwrap())
        .json(&body);
    let made = made.send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let id = made["data"]["id"].as_str().unwrap();
    let control = leaflet["control_url"].as_str().unwrap();
    for step in ["start", "complete"] {
        let moved = client().post(format!("{control}/inquiries/{id}/{step}")).send().await.unwrap();
        assert_eq!(moved.status(), 200, "{step}");
    }

    let mut names = Vec::new();
    for delivery in deliveries(&receiver, 3).await {
        let header = delivery.headers.get("Persona-Signature").map(|value| value.as_bytes().to_vec());
        let hour = jiff::SignedDuration::from_hours(1);
        let verified = verify(header.as_deref(), &delivery.body, &[secret.as_bytes()], Clock::System.now(), hour);
        assert_eq!(verified.unwrap().age, Age::Fresh);
        let event: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(event["data"]["attributes"]["payload"]["data"]["id"], json!(id));
        names.push(event["data"]["attributes"]["name"].as_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, ["inquiry.completed", "inquiry.created", "inquiry.started"]);
}

#[tokio::test]
async fn what_it_prints_can_be_pasted_into_a_configuration() {
    let mut child = start(&["simulator", "--json", "--listen", "127.0.0.1:0", "--production"]);
    let leaflet = leaflet(&mut child).await;
    let config = rekindle::config::Config::from_toml(leaflet["rekindle_toml"].as_str().unwrap()).unwrap();
    let names: Vec<_> = config.environments.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["production", "sandbox"]);
    let (api, key) = (leaflet["api_url"].as_str().unwrap(), leaflet["environments"][1]["api_key"].as_str().unwrap());
    let listed = client().get(format!("{api}/inquiries")).bearer_auth(key).send().await.unwrap();
    assert_eq!(listed.status(), 200);
}
