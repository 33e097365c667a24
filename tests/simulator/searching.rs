//! Search: boolean queries over an index that is behind.

use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::NewInquiry;
use serde_json::{Value, json};

use super::stage::{Stage, minutes};

async fn found(stage: &Stage, body: Value) -> Vec<String> {
    let answer = stage.post_json("/inquiries/search", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|inquiry| inquiry["attributes"]["reference-id"].as_str().unwrap().to_owned())
        .collect()
}

fn is(attribute: &str, value: &str) -> Value {
    json!({ "attribute": attribute, "operator": "eq", "value": value })
}

async fn stage_with_ada_bob_and_eve() -> (Stage, [InquiryId; 3]) {
    let stage = Stage::set().await;
    let made = ["ada", "bob", "eve"].map(|name| {
        let id = stage.simulator.create_inquiry("sandbox", NewInquiry::for_person(name)).unwrap();
        stage.clock.advance(minutes(2));
        id
    });
    stage.simulator.start(&made[0]).unwrap();
    stage.simulator.complete(&made[1]).unwrap();
    stage.clock.advance(minutes(2));
    (stage, made)
}

#[tokio::test]
async fn queries_combine_conditions() {
    let (stage, _) = stage_with_ada_bob_and_eve().await;
    let either = json!({ "or": [is("status", "pending"), is("status", "created")] });
    assert_eq!(found(&stage, json!({ "query": either })).await, ["eve", "ada"]);
    let both = json!({ "and": [either, is("reference_id", "ada")] });
    assert_eq!(found(&stage, json!({ "query": both })).await, ["ada"]);
    assert_eq!(found(&stage, json!({ "query": { "not": is("status", "completed") } })).await, ["eve", "ada"]);
    let since = json!({ "attribute": "created_at", "operator": "gte", "value": "2026-03-01T12:02:00Z" });
    assert_eq!(found(&stage, json!({ "query": since })).await, ["eve", "bob"]);
    let day = json!({ "attribute": "created_at", "operator": "lt", "value": "2026-03-01" });
    assert_eq!(found(&stage, json!({ "query": day })).await, [""; 0]);
    assert_eq!(found(&stage, json!({})).await, ["eve", "bob", "ada"]);
}

#[tokio::test]
async fn results_come_in_the_order_asked_for_page_by_page() {
    let (stage, _) = stage_with_ada_bob_and_eve().await;
    let body = json!({ "sort": { "attribute": "updated_at", "direction": "asc" }, "page": { "size": 2 } });
    let first = stage.post_json("/inquiries/search", &body).await.json();
    assert_eq!(found(&stage, body.clone()).await, ["eve", "ada"]);
    let next = first["links"]["next"].as_str().unwrap();
    assert!(next.starts_with("/api/v1/inquiries/search?"), "{next}");
    let second = stage.post_json(next, &body).await.json();
    assert_eq!(second["data"][0]["attributes"]["reference-id"], "bob");
    assert_eq!(second["links"]["next"], Value::Null);
}

#[tokio::test]
async fn the_index_is_a_minute_behind() {
    let (stage, [ada, ..]) = stage_with_ada_bob_and_eve().await;
    let pending = json!({ "query": is("status", "pending") });
    stage.simulator.approve(&ada).unwrap();
    let new = stage.simulator.create_inquiry("sandbox", NewInquiry::for_person("new")).unwrap();
    stage.simulator.start(&new).unwrap();
    let behind = stage.post_json("/inquiries/search", &pending).await.json();
    assert_eq!(behind["data"].as_array().unwrap().len(), 1);
    assert_eq!(behind["data"][0]["attributes"]["status"], "approved", "found by what it was, shown as it is");
    stage.clock.advance(minutes(1));
    assert_eq!(found(&stage, pending).await, ["new"]);
}

#[tokio::test]
async fn queries_beyond_the_documented_bounds_are_refused() {
    let (stage, _) = stage_with_ada_bob_and_eve().await;
    let many: Vec<Value> = (0..21).map(|_| is("status", "created")).collect();
    for query in [
        json!({ "or": many }),
        json!({ "and": [{ "or": [{ "not": is("status", "created") }] }] }),
        is("note", "x"),
        json!({ "attribute": "status", "operator": "like", "value": "x" }),
        json!({ "attribute": "created_at", "operator": "gt", "value": "soon" }),
        json!([]),
    ] {
        let answer = stage.post_json("/inquiries/search", &json!({ "query": query })).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    let too_many = stage.post_json("/inquiries/search", &json!({ "page": { "size": 101 } })).await;
    assert_eq!(too_many.status, 400);
}
