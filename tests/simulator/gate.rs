//! What every API request passes: key, limit, idempotency; and how creating answers.

use rekindle::persona::simulator::{
    Faults, PRODUCTION_KEY, QuotaHeaders, RefusalStatus, SANDBOX_KEY, Settings, Unknowns,
};
use serde_json::{Value, json};

use super::stage::{Answer, Stage, hours, send};

async fn create_with_key(stage: &Stage, key: &str, reference_id: &str) -> Answer {
    let template = &stage.simulator.templates()[0];
    let body = json!({ "data": { "attributes": {
        "inquiry-template-id": template.as_str(), "reference-id": reference_id,
    }}});
    send(stage.api("POST", "/inquiries").header("Idempotency-Key", key).json(&body)).await
}

#[tokio::test]
async fn only_a_known_key_opens() {
    let stage = Stage::set().await;
    let url = format!("{}/inquiries", stage.serving.api_url());
    let none = send(stage.http.get(&url)).await;
    let wrong = send(stage.http.get(&url).bearer_auth(PRODUCTION_KEY)).await;
    for answer in [none, wrong] {
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json(), json!({ "errors": [{ "title": "Must be authenticated to access this endpoint" }] }));
        assert_eq!(answer.header("request-id"), None);
    }
    let right = stage.get("/inquiries").await;
    assert_eq!(right.status, 200);
    assert!(right.header("request-id").unwrap().starts_with("req_"));
    assert!(right.header("persona-environment-id").unwrap().starts_with("env_"));
    assert!(right.header("persona-organization-id").unwrap().starts_with("org_"));
    let log: Vec<_> =
        stage.simulator.requests().iter().map(|request| (request.environment.clone(), request.status)).collect();
    assert_eq!(log, [(None, Some(401)), (None, Some(401)), (Some("sandbox".to_owned()), Some(200))]);
}

#[tokio::test]
async fn the_limit_is_counted_in_headers_and_refilled_after_a_minute() {
    let stage = Stage::set_with(Settings { requests_per_minute: 3, ..Settings::default() }).await;
    let mut remaining = Vec::new();
    for _ in 0..3 {
        let answer = stage.get("/inquiries").await;
        assert_eq!(answer.header("ratelimit-limit"), Some("3"));
        remaining.push(answer.header("ratelimit-remaining").unwrap().to_owned());
        stage.clock.advance(jiff::SignedDuration::from_secs(10));
    }
    assert_eq!(remaining, ["2", "1", "0"]);
    let refused = stage.get("/inquiries").await;
    assert_eq!((refused.status, refused.header("ratelimit-reset")), (429, Some("30")));
    assert_eq!(refused.json()["errors"][0]["title"], "Rate limit exceeded");
    stage.clock.advance(jiff::SignedDuration::from_secs(30));
    let limits = stage.get("/rate-limits").await.json();
    let expected =
        json!([{ "type": "rate-limit/api", "attributes": { "limit": 3, "remaining": 2, "seconds-to-reset": 60 } }]);
    assert_eq!(limits["data"], expected);
}

#[tokio::test]
async fn creations_have_a_quota_of_their_own() {
    for (names, refusal, header, status) in [
        (QuotaHeaders::Quota, RefusalStatus::Forbidden, "quota-remaining", 403),
        (QuotaHeaders::QuotaLimit, RefusalStatus::TooManyRequests, "quotalimit-remaining", 429),
    ] {
        let unknowns = Unknowns { quota_headers: names, quota_refusal: refusal, ..Unknowns::default() };
        let settings = Settings { creations_per_minute: 1, ..Settings::default() };
        let stage = Stage::set_with(settings.with_unknowns(unknowns)).await;
        let created = stage.create(json!({})).await;
        assert_eq!((created.status, created.header(header)), (201, Some("0")));
        assert_eq!(stage.create(json!({})).await.status, status);
        assert_eq!(stage.get("/inquiries").await.header(header), None);
        assert_eq!(stage.simulator.inquiries().len(), 1);
    }
}

#[tokio::test]
async fn a_key_brings_the_first_answer_back_for_a_day() {
    let stage = Stage::set().await;
    let first = create_with_key(&stage, "key-1", "user-ada").await;
    stage.clock.advance(hours(23));
    let again = create_with_key(&stage, "key-1", "user-ada").await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    let replayed: Vec<bool> = stage.simulator.requests().iter().map(|request| request.replayed).collect();
    assert_eq!(replayed, [false, true]);
    assert_eq!(stage.simulator.inquiries().len(), 1);
    stage.clock.advance(hours(1));
    let anew = create_with_key(&stage, "key-1", "user-ada").await;
    assert_ne!(first.text, anew.text);
}

#[tokio::test]
async fn refusals_and_failures_are_brought_back_too() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.simulator.expire(&ada).unwrap();
    let path = format!("/inquiries/{ada}/generate-one-time-link");
    let with_key = |key: &str| stage.api("POST", &path).header("Idempotency-Key", key.to_owned());
    assert_eq!(send(with_key("key-1")).await.status, 409);
    assert_eq!(stage.post(&format!("/inquiries/{ada}/resume")).await.status, 200);
    assert_eq!(send(with_key("key-1")).await.status, 409, "the key remembers the refusal");
    stage.simulator.set_faults(Faults { fail_next: 1, ..Faults::default() });
    assert_eq!(send(with_key("key-2")).await.status, 503);
    assert_eq!(send(with_key("key-2")).await.status, 503, "the key remembers the failure");
    assert_eq!(send(with_key("key-3")).await.status, 200);
}

#[tokio::test]
async fn keys_and_limits_are_looked_at_before_the_memory_of_keys() {
    let stage = Stage::set_with(Settings { requests_per_minute: 1, ..Settings::default() }).await;
    let template = &stage.simulator.templates()[0];
    let body = json!({ "data": { "attributes": { "inquiry-template-id": template.as_str() } } });
    let attempt = |key: &'static str| {
        stage
            .http
            .post(format!("{}/inquiries", stage.serving.api_url()))
            .bearer_auth(key)
            .header("Idempotency-Key", "key-1")
            .json(&body)
    };
    assert_eq!(send(attempt("persona_sandbox_wrong")).await.status, 401);
    stage.get("/inquiries").await;
    assert_eq!(send(attempt(SANDBOX_KEY)).await.status, 429);
    stage.clock.advance(hours(1));
    assert_eq!(send(attempt(SANDBOX_KEY)).await.status, 201);
}

#[tokio::test]
async fn a_key_that_comes_with_something_else_is_refused() {
    for (refusal, status) in
        [(RefusalStatus::BadRequest, 400), (RefusalStatus::Conflict, 409), (RefusalStatus::UnprocessableEntity, 422)]
    {
        let stage = Stage::set_under(Unknowns { idempotency_mismatch: refusal, ..Unknowns::default() }).await;
        assert_eq!(create_with_key(&stage, "key-1", "user-ada").await.status, 201);
        assert_eq!(create_with_key(&stage, "key-1", "user-bob").await.status, status);
        assert_eq!(create_with_key(&stage, "key-1", "user-ada").await.status, 201);
        assert_eq!(stage.simulator.inquiries().len(), 1);
    }
}

#[tokio::test]
async fn requests_may_come_and_answers_go_in_any_casing() {
    let stage = Stage::set().await;
    let template = &stage.simulator.templates()[0];
    let body = json!({ "data": { "attributes": {
        "inquiryTemplateId": template.as_str(), "reference_id": "user-ada", "fields": { "nameFirst": "Ada" },
    }}});
    for (inflection, key) in [("kebab", "reference-id"), ("camel", "referenceId"), ("snake", "reference_id")] {
        let answer = send(stage.api("POST", "/inquiries").header("Key-Inflection", inflection).json(&body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let attributes = &answer.json()["data"]["attributes"];
        assert_eq!(attributes[key], "user-ada");
        assert_eq!(attributes["fields"]["nameFirst"]["value"], "Ada");
    }
    assert_eq!(send(stage.api("GET", "/inquiries").header("Key-Inflection", "shouting")).await.status, 400);
}

#[tokio::test]
async fn versions_have_their_own_shapes() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let path = format!("/inquiries/{ada}");
    let old = send(stage.api("GET", &path).header("Persona-Version", "2023-01-05")).await.json();
    assert!(old["data"]["attributes"].as_object().unwrap().contains_key("name-first"));
    assert_eq!(old["included"][0]["type"], "inquiry-template", "related objects came unasked");
    let new = send(stage.api("GET", &path).header("Persona-Version", "2025-12-08")).await.json();
    assert!(!new["data"]["attributes"].as_object().unwrap().contains_key("name-first"));
    assert_eq!(new["included"], Value::Null);
    assert_eq!(send(stage.api("GET", &path).header("Persona-Version", "1999-01-01")).await.status, 400);
}

#[tokio::test]
async fn creating_can_bring_a_token_and_a_link_with_it() {
    let stage = Stage::set().await;
    let plain = stage.create(json!({})).await.json();
    assert_eq!(plain["meta"], json!({ "session-token": null, "one-time-link": null, "one-time-link-short": null }));
    let meta = json!({ "auto-create-inquiry-session": true, "auto-create-one-time-link": true });
    let both = stage.create(meta).await.json();
    for link in ["one-time-link", "one-time-link-short"] {
        assert_eq!(stage.page(both["meta"][link].as_str().unwrap()).await.status, 200);
    }
    assert_eq!(both["meta"]["session-token"].as_str().unwrap().split('.').count(), 3);
    assert_eq!(both["data"]["relationships"]["sessions"]["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn one_reference_id_is_one_account() {
    let stage = Stage::set().await;
    let account = |answer: Answer| answer.json()["data"]["relationships"]["account"]["data"]["id"].clone();
    let with = |reference_id: &str| stage.create(json!({ "auto-create-account-reference-id": reference_id }));
    let first = with("user-ada").await;
    assert_eq!(first.json()["data"]["attributes"]["reference-id"], "user-ada");
    let first = account(first);
    assert_eq!(first, account(with("user-ada").await));
    assert_ne!(first, account(with("user-bob").await));
    assert_ne!(account(stage.create(json!({})).await), account(stage.create(json!({})).await));
    assert_eq!(account(stage.create(json!({ "auto-create-account": false })).await), Value::Null);
}

#[tokio::test]
async fn what_creating_does_not_know_is_refused() {
    for (refusal, status) in [(RefusalStatus::BadRequest, 400), (RefusalStatus::UnprocessableEntity, 422)] {
        let stage = Stage::set_under(Unknowns { bad_parameters: refusal, ..Unknowns::default() }).await;
        let template = stage.simulator.templates()[0].to_string();
        for body in [
            json!({ "data": { "attributes": { "inquiry-template-id": template, "colour": "blue" } } }),
            json!({ "data": { "attributes": { "inquiry-template-id": template } }, "meta": { "colour": "blue" } }),
            json!({ "data": { "attributes": {} } }),
            json!({ "data": { "attributes": { "inquiry-template-id": template, "template-id": "tmpl_1" } } }),
            json!({ "data": { "attributes": { "inquiry-template-id": 7 } } }),
            json!({ "data": { "attributes": { "inquiry-template-id": template, "tags": "x" } } }),
            json!({ "data": { "attributes": { "inquiry-template-id": template } },
                    "meta": { "auto-create-account": false, "auto-create-account-reference-id": "u" } }),
            json!({ "data": { "attributes": { "inquiry-template-id": template } },
                    "meta": { "expiration-after-create-interval-seconds": 0 } }),
        ] {
            assert_eq!(stage.post_json("/inquiries", &body).await.status, status, "{body}");
        }
        let unknown = json!({ "data": { "attributes": { "inquiry-template-id": "itmpl_none" } } });
        assert_eq!(stage.post_json("/inquiries", &unknown).await.status, 404);
        assert_eq!(stage.simulator.inquiries().len(), 0);
    }
}
