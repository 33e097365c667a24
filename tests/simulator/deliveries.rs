//! Webhook deliveries: signed, retried by the clock, and given up.

use std::collections::BTreeSet;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use rekindle::persona::simulator::{
    ApiVersion, DeliveryOutcome, DeliveryState, Included, Inflection, NewInquiry, Settings, Unknowns, WebhookSettings,
};
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::stage::{SECRET, Stage, hours, receiver, sending_to};

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

fn signature_of(secret: &str, at: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

async fn received(receiver: &MockServer) -> Vec<Request> {
    receiver.received_requests().await.unwrap()
}

fn name_of(request: &Request) -> String {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["data"]["attributes"]["name"].as_str().unwrap().to_owned()
}

async fn stage_with(webhook: WebhookSettings) -> Stage {
    Stage::set_with(Settings::default().with_webhook(&webhook)).await
}

#[tokio::test]
async fn events_arrive_in_order_signed_over_their_bytes() {
    let receiver = receiver(200).await;
    let stage = Stage::set_with(sending_to(&receiver)).await;
    let ada = stage.inquiry();
    stage.simulator.start(&ada).unwrap();
    stage.simulator.complete(&ada).unwrap();
    let reports = stage.simulator.deliver_due().await;
    assert!(reports.iter().all(|report| report.outcome == DeliveryOutcome::Answered(200)));
    assert!(stage.simulator.pending_deliveries().is_empty());
    assert!(stage.simulator.deliver_due().await.is_empty());

    let requests = received(&receiver).await;
    let names: Vec<String> = requests.iter().map(name_of).collect();
    assert_eq!(names, ["inquiry.created", "inquiry.started", "inquiry.completed"]);
    for request in &requests {
        let (at, signature) = header(request, "persona-signature").split_once(",v1=").unwrap();
        let at = at.strip_prefix("t=").unwrap();
        assert_eq!(at, stage.clock.now().as_second().to_string());
        assert_eq!(signature, signature_of(SECRET, at, &request.body));
        assert_eq!(header(request, "content-type"), "application/json; charset=utf-8");
        assert_eq!(header(request, "persona-webhook-attempts-made"), "1");
        assert_eq!(header(request, "persona-webhook-attempts-left"), "7");
    }
}

/// A webhook that gets nothing but `inquiry.created`.
fn for_created_only(receiver: &MockServer) -> WebhookSettings {
    let enabled_events = vec!["inquiry.created".to_owned()];
    WebhookSettings { enabled_events, ..WebhookSettings::new(receiver.uri(), SECRET) }
}

#[tokio::test]
async fn a_refused_delivery_is_retried_seven_times_and_then_given_up() {
    for signed_anew in [true, false] {
        let receiver = receiver(500).await;
        let stage = stage_with(for_created_only(&receiver)).await;
        stage.simulator.set_unknowns(Unknowns { retries_signed_anew: signed_anew, ..Unknowns::default() });
        stage.inquiry();
        let first_at = stage.clock.now();
        let mut waits = Vec::new();
        while let Some(due) = stage.simulator.next_delivery_due() {
            let wait = due.since(stage.clock.now());
            waits.push(wait.as_secs());
            stage.clock.advance(wait.checked_sub(SignedDuration::from_micros(1)).unwrap());
            assert!(stage.simulator.deliver_due().await.is_empty(), "not before its time");
            stage.clock.advance(SignedDuration::from_micros(1));
            let reports = stage.simulator.deliver_due().await;
            assert_eq!((reports.len(), reports[0].attempt), (1, waits.len()));
        }
        assert_eq!(waits, [0, 3, 64, 729, 4_096, 15_625, 46_656, 117_649]);
        assert_eq!(stage.simulator.deliveries()[0].state, DeliveryState::Failed);

        let attempts = received(&receiver).await;
        let signatures: BTreeSet<&str> = attempts.iter().map(|request| header(request, "persona-signature")).collect();
        assert_eq!(signatures.len(), if signed_anew { 8 } else { 1 });
        let counted: Vec<(&str, &str)> = attempts
            .iter()
            .map(|request| {
                (header(request, "persona-webhook-attempts-made"), header(request, "persona-webhook-attempts-left"))
            })
            .collect();
        assert_eq!((counted[0], counted[1], counted[7]), (("1", "7"), ("2", "6"), ("8", "0")));
        assert_eq!(header(&attempts[7], "persona-webhook-first-attempted-at"), first_at.as_second().to_string());
        assert_eq!(attempts[0].body, attempts[7].body);
    }
}

#[tokio::test]
async fn waits_can_be_shortened_for_those_who_watch() {
    let receiver = receiver(500).await;
    let settings = Settings { retry_scale: 0.001, ..sending_to(&receiver) };
    let stage = Stage::set_with(settings).await;
    stage.inquiry();
    stage.simulator.deliver_due().await;
    let due = stage.simulator.next_delivery_due().unwrap();
    assert_eq!(due.since(stage.clock.now()), SignedDuration::from_millis(3));
}

#[tokio::test]
async fn after_the_last_retry_only_a_resend_helps() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).up_to_n_times(8).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    let stage = stage_with(for_created_only(&server)).await;
    stage.inquiry();
    let mut attempts = 0;
    while let Some(due) = stage.simulator.next_delivery_due() {
        stage.clock.advance(due.since(stage.clock.now()));
        let reports = stage.simulator.deliver_due().await;
        attempts += reports.len();
        assert!(attempts <= 8);
    }
    assert_eq!(attempts, 8);
    assert_eq!(stage.simulator.deliveries()[0].state, DeliveryState::Failed);

    let event = stage.simulator.events()[0].id.clone();
    stage.simulator.resend_event(&event).unwrap();
    let reports = stage.simulator.deliver_due().await;
    assert_eq!((&reports[0].event, reports[0].outcome), (&event, DeliveryOutcome::Answered(204)));
    let bodies: Vec<Vec<u8>> = received(&server).await.into_iter().map(|request| request.body).collect();
    assert_eq!(bodies[0], bodies[8], "the same event, word for word");
}

#[tokio::test]
async fn a_receiver_that_is_slow_or_gone_is_tried_again() {
    let slow = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(30))).mount(&slow).await;
    let settings = Settings { delivery_timeout: Duration::from_millis(50), ..sending_to(&slow) };
    let stage = Stage::set_with(settings).await;
    stage.inquiry();
    let reports = stage.simulator.deliver_due().await;
    assert_eq!(reports[0].outcome, DeliveryOutcome::TimedOut);
    assert!(matches!(reports[0].state, DeliveryState::Due(_)));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let stage = stage_with(WebhookSettings::new(gone, SECRET)).await;
    stage.inquiry();
    assert_eq!(stage.simulator.deliver_due().await[0].outcome, DeliveryOutcome::Unreachable);
}

#[tokio::test]
async fn while_a_secret_is_rotated_both_sign() {
    let receiver = receiver(200).await;
    let stage = Stage::set_with(sending_to(&receiver)).await;
    let until = stage.clock.now().plus(hours(2));
    let rotated = WebhookSettings::new(receiver.uri(), SECRET).with_rotated_secret("wbhsec_new", until);
    stage.simulator.set_webhook("sandbox", Some(rotated)).unwrap();
    for _ in 0..2 {
        stage.inquiry();
        stage.simulator.deliver_due().await;
        stage.clock.advance(hours(2));
    }
    let requests = received(&receiver).await;
    let groups: Vec<Vec<&str>> =
        requests.iter().map(|request| header(request, "persona-signature").split(' ').collect()).collect();
    assert_eq!((groups[0].len(), groups[1].len()), (2, 1));
    for (group, secret) in groups[0].iter().zip(["wbhsec_new", SECRET]) {
        let (at, signature) = group.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        assert_eq!(signature, signature_of(secret, at, &requests[0].body));
    }
}

#[tokio::test]
async fn disabling_a_webhook_gives_its_pending_deliveries_up() {
    let receiver = receiver(500).await;
    let stage = Stage::set_with(sending_to(&receiver)).await;
    stage.inquiry();
    stage.simulator.deliver_due().await;
    let disabled = WebhookSettings { enabled: false, ..WebhookSettings::new(receiver.uri(), SECRET) };
    stage.simulator.set_webhook("sandbox", Some(disabled)).unwrap();
    assert_eq!(stage.simulator.deliveries()[0].state, DeliveryState::Failed);
    stage.inquiry();
    stage.clock.advance(hours(60));
    assert!(stage.simulator.deliver_due().await.is_empty());
}

#[tokio::test]
async fn a_payload_shows_what_its_webhook_may_see() {
    let receiver = receiver(200).await;
    let modest = WebhookSettings {
        api_version: ApiVersion::V20230105,
        key_inflection: Inflection::Camel,
        included: Included::Only(vec!["inquiry-template".to_owned()]),
        relationships: false,
        attribute_blocklist: vec!["name_*".to_owned(), "/data/attributes/fields/name-*".to_owned(), "note".to_owned()],
        enabled_events: vec!["inquiry.created".to_owned()],
        ..WebhookSettings::new(receiver.uri(), SECRET)
    };
    let stage = stage_with(modest).await;
    let fields = [("name-first".to_owned(), json!("Ada")), ("birthdate".to_owned(), json!("1990-01-02"))].into();
    let ada = NewInquiry { fields, note: Some("hush".to_owned()), ..NewInquiry::for_person("user-ada") };
    let ada = stage.simulator.create_inquiry("sandbox", ada).unwrap();
    stage.simulator.start(&ada).unwrap();
    stage.simulator.deliver_due().await;

    let requests = received(&receiver).await;
    assert_eq!(requests.len(), 1, "only what it is enabled for");
    let text = std::str::from_utf8(&requests[0].body).unwrap();
    assert!(!text.contains("Ada") && !text.contains("hush"));
    let body: Value = serde_json::from_str(text).unwrap();
    let payload = &body["data"]["attributes"]["payload"];
    assert_eq!(payload["data"]["relationships"], Value::Null);
    assert_eq!(payload["data"]["attributes"]["referenceId"], "user-ada");
    assert_eq!(payload["data"]["attributes"]["birthdate"], "1990-01-02");
    let included: Vec<&str> =
        payload["included"].as_array().unwrap().iter().map(|object| object["type"].as_str().unwrap()).collect();
    assert_eq!(included, ["inquiry-template"]);
}

#[tokio::test]
async fn in_the_background_deliveries_go_out_by_themselves_and_deadlines_pass() {
    let receiver = receiver(200).await;
    let stage = Stage::set_with(sending_to(&receiver)).await;
    let background = stage.simulator.start_background_delivery();
    stage.inquiry();
    stage.clock.advance(hours(25));
    let arrived = async {
        while received(&receiver).await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("both events arrive");
    background.stop();
    let names: BTreeSet<String> = received(&receiver).await.iter().map(name_of).collect();
    assert_eq!(names, ["inquiry.created".to_owned(), "inquiry.expired".to_owned()].into());
}

#[tokio::test]
async fn an_attempt_that_is_cancelled_is_made_again() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    Mock::given(any()).respond_with(slow).up_to_n_times(1).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let stage = Stage::set_with(sending_to(&server)).await;
    stage.inquiry();
    stage.inquiry();
    let cancelled = tokio::time::timeout(Duration::from_millis(500), stage.simulator.deliver_due()).await;
    assert!(cancelled.is_err());
    assert_eq!(stage.simulator.pending_deliveries().len(), 2);
    let attempts: Vec<usize> = stage.simulator.deliver_due().await.iter().map(|report| report.attempt).collect();
    assert_eq!(attempts, [2, 1]);
    assert!(stage.simulator.pending_deliveries().is_empty());
}
