//! The control routes, as somebody at a shell uses them.

use rekindle::persona::simulator::{FailureKind, LinkUse};
use serde_json::{Value, json};

use super::stage::{Answer, SECRET, Stage, receiver, send};

async fn call(stage: &Stage, method: &str, path: &str, body: Option<Value>) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = stage.http.request(method, format!("{}/simulator{path}", stage.serving.url()));
    send(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

#[tokio::test]
async fn a_story_can_be_told_with_curl() {
    let stage = Stage::set().await;
    let receiver = receiver(200).await;
    let webhook = json!({ "url": receiver.uri(), "secrets": [{ "value": SECRET }], "included": "all" });
    assert_eq!(call(&stage, "PUT", "/environments/sandbox/webhook", Some(webhook)).await.status, 204);
    let made =
        call(&stage, "POST", "/environments/sandbox/inquiries", Some(json!({ "reference-id": "user-ada" }))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();

    let opened = call(&stage, "POST", &format!("/inquiries/{id}/open"), None).await.json();
    assert!(opened["opened"]["inside"].as_str().unwrap().starts_with("iqse_"), "{opened}");
    for (verb, status) in
        [("start", "pending"), ("step", "pending"), ("complete", "completed"), ("decline", "declined")]
    {
        let answer = call(&stage, "POST", &format!("/inquiries/{id}/{verb}"), None).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!(status)));
    }
    assert_eq!(call(&stage, "POST", &format!("/inquiries/{id}/start"), None).await.status, 409);
    assert_eq!(call(&stage, "POST", &format!("/inquiries/{id}/dance"), None).await.status, 404);

    let delivered = call(&stage, "POST", "/deliveries", None).await.json();
    assert_eq!(delivered.as_array().unwrap().len(), stage.simulator.events().len());
    assert_eq!((&delivered[0]["outcome"], &delivered[0]["status"]), (&json!("answered"), &json!(200)));
    let deliveries = call(&stage, "GET", "/deliveries", None).await.json();
    assert!(deliveries.as_array().unwrap().iter().all(|delivery| delivery["state"] == "delivered"));
    let overview = call(&stage, "GET", "", None).await.json();
    assert_eq!(overview["inquiries"][0]["id"], id.as_str());
    assert_eq!(overview["environments"][0]["name"], "sandbox");
}

#[tokio::test]
async fn switches_are_set_over_http() {
    let stage = Stage::set().await;
    let faults = json!({ "fail-next": 1, "failure": { "kind": { "status": 500 }, "moment": "after-acting" } });
    assert_eq!(call(&stage, "PUT", "/faults", Some(faults)).await.json()["fail-next"], 1);
    assert_eq!(stage.simulator.faults().failure.kind, FailureKind::Status(500));
    assert_eq!(stage.get("/inquiries").await.status, 500);
    assert_eq!(call(&stage, "GET", "/faults", None).await.json()["fail-next"], 0);

    let unknowns = json!({ "link-used-by": "continuing" });
    assert_eq!(call(&stage, "PUT", "/unknowns", Some(unknowns)).await.status, 200);
    assert_eq!(stage.simulator.unknowns().link_used_by, LinkUse::Continuing);
    let misspelt = call(&stage, "PUT", "/unknowns", Some(json!({ "link-used-bye": "loading" }))).await;
    assert_eq!(misspelt.status, 422);
}

#[tokio::test]
async fn versions_are_published_and_events_sent_again() {
    let stage = Stage::set().await;
    let template = stage.simulator.templates()[0].clone();
    let before = stage.simulator.latest_version(&template).unwrap();
    let answer = call(&stage, "POST", &format!("/templates/{template}/publish"), None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_ne!(answer.json()["latest-version"], before.as_str());
    assert_eq!(call(&stage, "POST", "/templates/itmpl_none/publish", None).await.status, 404);

    let event = call(&stage, "GET", "/events", None).await.json()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(call(&stage, "POST", &format!("/events/{event}/resend"), None).await.status, 409, "no webhook");
    let webhook = json!({ "url": "http://127.0.0.1:9", "secrets": [{ "value": SECRET }] });
    call(&stage, "PUT", "/environments/sandbox/webhook", Some(webhook)).await;
    assert_eq!(call(&stage, "POST", &format!("/events/{event}/resend"), None).await.status, 202);
    assert_eq!(stage.simulator.pending_deliveries().len(), 1);
    call(&stage, "PUT", "/environments/sandbox/webhook", Some(Value::Null)).await;
    assert_eq!(stage.simulator.pending_deliveries().len(), 0);
}

#[tokio::test]
async fn the_log_shows_what_was_asked_of_the_api_and_only_that() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.get(&format!("/inquiries/{ada}?include=account")).await;
    call(&stage, "GET", "", None).await;
    let log = call(&stage, "GET", "/requests", None).await.json();
    assert_eq!(log.as_array().unwrap().len(), 1);
    assert_eq!(log[0]["request"], format!("GET /api/v1/inquiries/{ada}"));
    assert_eq!((&log[0]["query"], &log[0]["status"]), (&json!("include=account"), &json!(200)));
}
