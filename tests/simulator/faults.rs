//! Faults: answers late, lost or never given, and deliveries that go astray.

use std::time::Duration;

use rekindle::persona::simulator::{DeliveryOutcome, Failure, FailureKind, FailureMoment, Faults};
use serde_json::json;

use super::stage::{Stage, receiver, sending_to};

fn failing(kind: FailureKind, moment: FailureMoment) -> Faults {
    Faults { fail_next: 1, failure: Failure { kind, moment }, ..Faults::default() }
}

#[tokio::test]
async fn an_answer_can_be_lost_before_or_after_the_deed() {
    for (kind, moment, made) in [
        (FailureKind::Status(500), FailureMoment::BeforeActing, 0),
        (FailureKind::Status(502), FailureMoment::AfterActing, 1),
        (FailureKind::ConnectionDropped, FailureMoment::BeforeActing, 0),
        (FailureKind::ConnectionDropped, FailureMoment::AfterActing, 1),
    ] {
        let stage = Stage::set().await;
        stage.simulator.set_faults(failing(kind, moment));
        let template = stage.simulator.templates()[0].to_string();
        let body = json!({ "data": { "attributes": { "inquiry-template-id": template } } });
        let outcome = stage.api("POST", "/inquiries").json(&body).send().await;
        match kind {
            FailureKind::Status(status) => assert_eq!(outcome.unwrap().status(), status),
            FailureKind::ConnectionDropped => assert!(outcome.is_err()),
        }
        assert_eq!(stage.simulator.inquiries().len(), made, "{kind:?} {moment:?}");
        assert_eq!(stage.create(json!({})).await.status, 201, "only the next one fails");
    }
}

#[tokio::test]
async fn after_a_lost_answer_the_same_key_brings_the_answer() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.simulator.set_faults(failing(FailureKind::ConnectionDropped, FailureMoment::AfterActing));
    let path = format!("/inquiries/{ada}/generate-one-time-link");
    let attempt = || stage.api("POST", &path).header("Idempotency-Key", "key-1");
    assert!(attempt().send().await.is_err());
    let answer = super::stage::send(attempt()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(stage.simulator.inquiry(&ada).unwrap().links.len(), 1);
    let log: Vec<_> =
        stage.simulator.requests().iter().map(|request| (request.line(), request.status, request.replayed)).collect();
    let line = format!("POST /api/v1{path}");
    assert_eq!(log, [(line.clone(), None, false), (line, Some(200), true)]);
}

#[tokio::test]
async fn a_share_of_the_requests_meant_fails() {
    let stage = Stage::set().await;
    let faults = Faults { fail_share: 0.5, only_requests_with: Some("/rate-limits".to_owned()), ..Faults::default() };
    stage.simulator.set_faults(faults);
    let mut failed = 0;
    for _ in 0..40 {
        failed += usize::from(stage.get("/rate-limits").await.status == 503);
        assert_eq!(stage.get("/inquiries").await.status, 200);
    }
    assert!((10..=30).contains(&failed), "{failed}");
}

#[tokio::test]
async fn an_answer_held_back_has_acted() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.simulator.set_faults(Faults { latency_ms: 60_000, ..Faults::default() });
    let request = stage.api("POST", &format!("/inquiries/{ada}/expire")).timeout(Duration::from_millis(500));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(stage.event_names(), ["inquiry.created", "inquiry.expired"]);
}

#[tokio::test]
async fn deliveries_are_lost_repeated_or_out_of_order() {
    let receiver = receiver(200).await;
    let stage = Stage::set_with(sending_to(&receiver)).await;
    stage.simulator.set_faults(Faults { deliveries_lost_share: 1.0, ..Faults::default() });
    stage.inquiry();
    assert_eq!(stage.simulator.deliver_due().await[0].outcome, DeliveryOutcome::Lost);
    assert!(stage.simulator.pending_deliveries().is_empty(), "Persona believes it arrived");
    assert_eq!(receiver.received_requests().await.unwrap().len(), 0);

    stage.simulator.set_faults(Faults { deliveries_repeated_share: 1.0, ..Faults::default() });
    stage.inquiry();
    stage.simulator.deliver_due().await;
    let requests = receiver.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);

    stage.simulator.set_faults(Faults { deliveries_reordered: true, ..Faults::default() });
    let made: Vec<String> = (0..12).map(|_| stage.inquiry().to_string()).collect();
    let events = stage.simulator.events();
    let arrived: Vec<String> = stage
        .simulator
        .deliver_due()
        .await
        .iter()
        .map(|report| events.iter().find(|event| event.id == report.event).unwrap().object.clone())
        .collect();
    assert_ne!(arrived, made);
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(arrived), sorted(made));
}

#[tokio::test]
async fn stopping_closes_the_address() {
    let stage = Stage::set().await;
    let url = stage.serving.url();
    assert_eq!(stage.get("/inquiries").await.status, 200);
    stage.serving.stop().await;
    assert!(stage.http.get(url).send().await.is_err());
}
