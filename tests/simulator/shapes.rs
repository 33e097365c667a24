//! The shapes of resources: complete, thinned when asked, and the API's remaining calls.

use serde_json::{Value, json};

use super::stage::{Stage, send};

#[tokio::test]
async fn an_inquiry_has_every_attribute_and_relationship_of_the_published_schema() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.simulator.approve(&ada).unwrap();
    let inquiry = stage.get(&format!("/inquiries/{ada}")).await.json();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&inquiry["data"]["attributes"]),
        "behaviors completed-at created-at creator decisioned-at expired-at expires-at failed-at fields \
         marked-for-review-at next-step-name note previous-step-name redacted-at reference-id reviewer-comment \
         started-at status tags updated-at"
    );
    assert_eq!(
        keys(&inquiry["data"]["relationships"]),
        "account documents inquiry-template inquiry-template-version reports reviewer selfies sessions template \
         transaction verifications"
    );
    assert_eq!(inquiry["data"]["relationships"]["template"], json!({ "data": null }));
    assert_eq!(inquiry["data"]["relationships"]["reviewer"]["data"]["type"], "user");
}

#[tokio::test]
async fn attributes_can_be_thinned() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let path = format!(
        "/inquiries/{ada}?include=inquiry-template&fields[inquiry]=status,reference_id&fields[inquiry-template]=name"
    );
    let answer = stage.get(&path).await.json();
    assert_eq!(answer["data"]["attributes"], json!({ "status": "created", "reference-id": "user-ada" }));
    assert_eq!(answer["included"][0]["attributes"], json!({ "name": "Simulated identity check" }));
}

#[tokio::test]
async fn notes_tags_and_fields_can_be_changed() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let body = json!({ "data": { "attributes": { "note": "n", "tags": ["vip"], "fields": { "name-first": "Ada" } } } });
    let answer = send(stage.api("PATCH", &format!("/inquiries/{ada}")).json(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let attributes = &answer.json()["data"]["attributes"];
    assert_eq!((&attributes["note"], &attributes["tags"]), (&json!("n"), &json!(["vip"])));
    assert_eq!(attributes["fields"]["name-first"]["value"], "Ada");
    assert_eq!(stage.event_names(), ["inquiry.created", "inquiry.updated-tags"]);
}

#[tokio::test]
async fn a_reviewer_can_leave_a_comment() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let body = json!({ "meta": { "comment": "looks right" } });
    let answer = stage.post_json(&format!("/inquiries/{ada}/approve"), &body).await.json();
    assert_eq!(answer["data"]["attributes"]["reviewer-comment"], "looks right");
    let refused =
        stage.post_json(&format!("/inquiries/{ada}/mark-for-review"), &json!({ "meta": { "comment": "no" } })).await;
    assert_eq!(refused.status, 409);
    let now = stage.get(&format!("/inquiries/{ada}")).await.json();
    assert_eq!(now["data"]["attributes"]["reviewer-comment"], "looks right");
}

#[tokio::test]
async fn a_sandbox_performs_simulated_actions() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let actions = json!({ "meta": { "simulate-actions": [
        { "type": "create_failed_verification", "data": { "verification-template-id": "vtmpl_1" } },
        { "type": "complete_inquiry" },
        { "type": "approve_inquiry" },
    ]}});
    let answer = stage.post_json(&format!("/inquiries/{ada}/perform-simulate-actions"), &actions).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(stage.event_names(), ["inquiry.created", "inquiry.started", "inquiry.completed", "inquiry.approved"]);
}

#[tokio::test]
async fn sessions_can_be_made_and_ended_by_themselves() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let made = stage
        .post_json("/inquiry-sessions", &json!({ "data": { "attributes": { "inquiry-id": ada.as_str() } } }))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["data"]["id"].as_str().unwrap().to_owned();
    let ended = stage.post(&format!("/inquiry-sessions/{id}/expire")).await.json();
    assert_eq!(ended["data"]["attributes"]["status"], "expired");
    assert_eq!(stage.get(&format!("/inquiry-sessions/{id}")).await.json()["data"], ended["data"]);
    assert_eq!(stage.post(&format!("/inquiry-sessions/{id}/generate-one-time-link")).await.status, 409);

    stage.simulator.open_link(&stage.plain_link(&ada));
    let all =
        stage.post_json("/inquiry-sessions/expire-all", &json!({ "meta": { "inquiry-ids": [ada.as_str()] } })).await;
    assert_eq!(all.json()["data"].as_array().unwrap().len(), 1, "only the active one is left to expire");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let stage = Stage::set().await;
    for path in
        ["/inquiries/inq_none", "/events/evt_none", "/inquiry-sessions/iqse_none", "/horoscopes", "/inquiries/a/b/c"]
    {
        let answer = stage.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json(), json!({ "errors": [{ "title": "Record not found" }] }));
    }
}
