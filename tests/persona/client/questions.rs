//! What each call asks, and what it understands of the answer.

use std::fmt::Write as _;

use jiff::SignedDuration;
use rekindle::domain::budget::Told;
use rekindle::domain::event::Subject;
use rekindle::domain::ids::{ReferenceId, TemplateId, TemplateVersionId};
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::persona::request::{EventFilter, ListFilter, NewInquiry, SearchFilter};
use secrecy::ExposeSecret;
use serde_json::json;
use wiremock::matchers::query_param_is_missing;
use wiremock::{Mock, Request, ResponseTemplate};

use super::{API_KEY, NOW, Persona, event, fixture, inquiry, key};

/// A request as one text: method, path, decoded query, key, body.
fn asked(request: &Request) -> String {
    let mut text = format!("{} {}", request.method, request.url.path());
    for (name, value) in request.url.query_pairs() {
        write!(text, " {name}={value}").unwrap();
    }
    if let Some(key) = request.headers.get("Idempotency-Key") {
        write!(text, " key {}", key.to_str().unwrap()).unwrap();
    }
    if !request.body.is_empty() {
        text.push(' ');
        text.push_str(std::str::from_utf8(&request.body).unwrap());
    }
    text
}

async fn only_question(persona: &Persona) -> String {
    let requests = persona.requests().await;
    assert_eq!(requests.len(), 1);
    asked(&requests[0])
}

#[tokio::test]
async fn every_call_carries_the_pinned_headers() {
    let persona = Persona::telling("inquiry-retrieve").await;
    persona.client.retrieve_inquiry(&inquiry("ada")).await.unwrap();
    let headers = &persona.requests().await[0].headers;
    assert_eq!(headers["authorization"], format!("Bearer {API_KEY}"));
    assert_eq!(headers["persona-version"], "2025-12-08");
    assert_eq!(headers["key-inflection"], "kebab");
    assert_eq!(headers["accept"], "application/json");
    assert_eq!(headers["user-agent"], format!("rekindle/{}", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn an_inquiry_is_read_with_its_template() {
    let persona = Persona::telling("inquiry-retrieve").await;
    let read = persona.client.retrieve_inquiry(&inquiry("ada")).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"GET /api/v1/inquiries/inq_2vHdXc6TqNw8RkLz5BmYgJsP include=inquiry-template");
    assert_eq!(read.inquiry.status, Some(Status::Pending));
    assert_eq!(read.inquiry.updated_at, Some(Timestamp::parse("2026-03-02T09:07:40Z").unwrap()));
    let template = read.template.unwrap();
    assert_eq!(template.name.as_deref(), Some("Proof of identity"));
    assert_eq!(template.latest_version, TemplateVersionId::parse("itmplv_3hZsKq8NvRt5WcXy7JbDmFgP").ok());
    assert_eq!(template.observed_at, NOW);
}

#[tokio::test]
async fn a_key_that_may_not_include_templates_is_asked_once_and_remembered() {
    let persona = Persona::silent().await;
    let plain = ResponseTemplate::new(200).set_body_json(fixture("api/inquiry-retrieve.without-include.json"));
    Mock::given(query_param_is_missing("include")).respond_with(plain).mount(&persona.server).await;
    let forbidden = ResponseTemplate::new(403).set_body_json(fixture("api/error-403.json"));
    Mock::given(wiremock::matchers::any()).respond_with(forbidden).mount(&persona.server).await;

    for client in [persona.client.clone(), persona.client.clone()] {
        let read = client.retrieve_inquiry(&inquiry("ada")).await.unwrap();
        assert_eq!((read.inquiry.status, read.template), (Some(Status::Pending), None));
    }
    let questions: Vec<String> = persona.requests().await.iter().map(asked).collect();
    insta::assert_snapshot!(questions.join("\n"), @r"
    GET /api/v1/inquiries/inq_2vHdXc6TqNw8RkLz5BmYgJsP include=inquiry-template
    GET /api/v1/inquiries/inq_2vHdXc6TqNw8RkLz5BmYgJsP
    GET /api/v1/inquiries/inq_2vHdXc6TqNw8RkLz5BmYgJsP
    ");
}

#[tokio::test]
async fn a_key_that_may_read_nothing_is_not_taken_for_one_that_may_not_include() {
    let forbidden = ResponseTemplate::new(403).set_body_json(fixture("api/error-403.json"));
    let persona = Persona::answering(forbidden).await;
    for _ in 0..2 {
        let error = persona.client.retrieve_inquiry(&inquiry("ada")).await.unwrap_err();
        assert_eq!(error.status(), Some(403));
    }
    let with_include = persona.requests().await.iter().filter(|request| request.url.query().is_some()).count();
    assert_eq!(with_include, 2, "asked with the template each time");
}

#[tokio::test]
async fn inquiries_are_listed_page_by_page() {
    let persona = Persona::telling("inquiry-list").await;
    let filter = ListFilter {
        statuses: vec![Status::Created, Status::Pending],
        reference_id: ReferenceId::parse("customer 17&more").ok(),
        template: TemplateId::parse("itmpl_9fQxTnW3bKc7LrVd2MhYpGsE").ok(),
        created_from: Timestamp::parse("2026-03-01T00:00:00Z").ok(),
        created_until: Timestamp::parse("2026-03-02T12:00:00.5Z").ok(),
        ..ListFilter::default()
    };
    let page = persona.client.list_inquiries(&filter, Some(&inquiry("cleo")), 2).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"GET /api/v1/inquiries filter[status]=created,pending filter[reference-id]=customer 17&more filter[inquiry-template-id]=itmpl_9fQxTnW3bKc7LrVd2MhYpGsE filter[created-at-start]=2026-03-01T00:00:00Z filter[created-at-end]=2026-03-02T12:00:00.5Z page[size]=2 page[after]=inq_5yPnRv7DkJt3XwBq9ZmHcLgF");
    assert_eq!(page.items.iter().map(|item| item.id.clone()).collect::<Vec<_>>(), [inquiry("ada"), inquiry("dan")]);
    assert_eq!((page.next, page.unreadable), (Some(inquiry("dan")), 0));

    let persona = Persona::telling("inquiry-list.last").await;
    let page = persona.client.list_inquiries(&ListFilter::default(), None, 255).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"GET /api/v1/inquiries page[size]=100");
    assert_eq!((page.items.len(), page.next), (1, None));
}

#[tokio::test]
async fn inquiries_are_searched_by_when_they_changed() {
    let persona = Persona::telling("inquiry-list").await;
    let search = SearchFilter { updated_from: Timestamp::parse("2026-03-02T12:00:00.5Z").unwrap() };
    let page = persona.client.search_inquiries(&search, Some(&inquiry("cleo")), 200).await.unwrap();
    let question = only_question(&persona).await;
    let (call, body) = question.split_at(question.find('{').unwrap());
    assert_eq!(call, "POST /api/v1/inquiries/search ");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(body).unwrap(),
        serde_json::json!({
        "query": { "attribute": "updated_at", "operator": "gte", "value": "2026-03-02T12:00:00.5Z" },
        "sort": { "attribute": "updated_at", "direction": "desc" },
        "page": { "size": 100, "after": "inq_5yPnRv7DkJt3XwBq9ZmHcLgF" } })
    );
    assert_eq!((page.items.len(), page.next), (2, Some(inquiry("dan"))));

    let persona = Persona::telling("inquiry-list").await;
    let itself = persona.client.search_inquiries(&search, Some(&inquiry("dan")), 100).await.unwrap_err();
    assert!(itself.to_string().contains("its next page is itself"), "{itself}");
}

#[tokio::test]
async fn a_legacy_template_has_a_filter_and_an_attribute_of_its_own() {
    let persona = Persona::telling("inquiry-list.last").await;
    let legacy = TemplateId::parse("tmpl_Old1").unwrap();
    let filter = ListFilter { template: Some(legacy.clone()), ..ListFilter::default() };
    persona.client.list_inquiries(&filter, None, 10).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"GET /api/v1/inquiries filter[template-id]=tmpl_Old1 page[size]=10");

    let persona = Persona::telling("inquiry-create").await;
    persona.client.create_inquiry(&NewInquiry::from_template(legacy), &key()).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @r#"POST /api/v1/inquiries key 0f3a/link/1 {"data":{"attributes":{"template-id":"tmpl_Old1"}}}"#);
}

#[tokio::test]
async fn items_without_an_id_are_left_out_and_counted() {
    let mut list = fixture("api/inquiry-list.json");
    list["data"][0]["id"] = json!(7);
    list["links"]["next"] = json!("/api/v1/inquiries?cursor=opaque");
    let persona = Persona::answering(ResponseTemplate::new(200).set_body_json(list)).await;
    let page = persona.client.list_inquiries(&ListFilter::default(), None, 2).await.unwrap();
    assert_eq!((page.items.len(), page.unreadable), (1, 1));
    assert_eq!(page.next, Some(inquiry("dan")), "the last id stands in for a cursor we can't read");
}

#[tokio::test]
async fn an_inquiry_is_created() {
    let persona = Persona::telling("inquiry-create").await;
    let mut new = NewInquiry::from_template(TemplateId::parse("itmpl_9fQxTnW3bKc7LrVd2MhYpGsE").unwrap());
    new.reference_id = ReferenceId::parse("customer-20").ok();
    new.fields.insert("name-first".to_owned(), json!("Dan"));
    new.redirect_uri = "https://app.example.com/done?a=b&c=d".parse().ok();
    new.lifetime = Some(SignedDuration::from_hours(48));
    let created = persona.client.create_inquiry(&new, &key()).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @r#"POST /api/v1/inquiries key 0f3a/link/1 {"data":{"attributes":{"fields":{"name-first":"Dan"},"inquiry-template-id":"itmpl_9fQxTnW3bKc7LrVd2MhYpGsE","redirect-uri":"https://app.example.com/done?a=b&c=d","reference-id":"customer-20"}},"meta":{"expiration-after-create-interval-seconds":172800}}"#);
    assert_eq!((created.id, created.status), (inquiry("dan"), Some(Status::Created)));
}

#[tokio::test]
async fn a_resumed_inquiry_comes_with_a_token() {
    let persona = Persona::telling("inquiry-resume").await;
    let resumed = persona.client.resume_inquiry(&inquiry("cleo"), &key()).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"POST /api/v1/inquiries/inq_5yPnRv7DkJt3XwBq9ZmHcLgF/resume key 0f3a/link/1");
    assert_eq!(resumed.inquiry.status, Some(Status::Pending));
    assert_eq!(resumed.session_token.expose_secret(), "example-session-token-of-cleo");
    assert!(!format!("{resumed:?}").contains("example-session-token"));
}

#[tokio::test]
async fn an_inquiry_is_expired() {
    let persona = Persona::telling("inquiry-expire").await;
    let expired = persona.client.expire_inquiry(&inquiry("ada"), &key()).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"POST /api/v1/inquiries/inq_2vHdXc6TqNw8RkLz5BmYgJsP/expire key 0f3a/link/1");
    assert_eq!(expired.status, Some(Status::Expired));
}

#[tokio::test]
async fn a_one_time_link_comes_long_and_short() {
    let persona = Persona::telling("one-time-link").await;
    let life = Some(SignedDuration::from_hours(3));
    let link = persona.client.generate_one_time_link(&inquiry("ada"), life, &key()).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @r#"POST /api/v1/inquiries/inq_2vHdXc6TqNw8RkLz5BmYgJsP/generate-one-time-link key 0f3a/link/1 {"meta":{"expires-in-seconds":10800}}"#);
    assert_eq!(link.link.expose_secret(), "https://withpersona.com/verify?code=us1-example-of-ada");
    assert_eq!(link.short.as_ref().unwrap().expose_secret(), "https://perso.na/verify?code=EXADA1");
    assert_eq!(link.inquiry.as_ref().unwrap().id, inquiry("ada"));
    let shown = format!("{link:?}");
    assert!(!shown.contains("us1-") && !shown.contains("EXADA1"), "{shown}");

    let persona = Persona::telling("one-time-link").await;
    persona.client.generate_one_time_link(&inquiry("ada"), None, &key()).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"POST /api/v1/inquiries/inq_2vHdXc6TqNw8RkLz5BmYgJsP/generate-one-time-link key 0f3a/link/1");
}

#[tokio::test]
async fn a_link_without_a_short_form_or_an_inquiry_is_a_link() {
    let answer = json!({ "meta": { "one-time-link": "https://withpersona.com/verify?code=us1-a", "one-time-link-short": null } });
    let persona = Persona::answering(ResponseTemplate::new(200).set_body_json(answer)).await;
    let link = persona.client.generate_one_time_link(&inquiry("ada"), None, &key()).await.unwrap();
    assert!(link.short.is_none() && link.inquiry.is_none());
}

#[tokio::test]
async fn events_are_listed_and_read_like_webhooks() {
    let persona = Persona::telling("event-list").await;
    let filter = EventFilter {
        names: vec!["inquiry.completed".to_owned(), "inquiry.approved".to_owned()],
        inquiry: Some(inquiry("ada")),
        ids: vec![event("evt_1"), event("evt_2")],
    };
    let page = persona.client.list_events(&filter, Some(&event("evt_9")), 50).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"GET /api/v1/events filter[name]=inquiry.completed,inquiry.approved filter[object-id]=inq_2vHdXc6TqNw8RkLz5BmYgJsP filter[id]=evt_1,evt_2 page[size]=50 page[after]=evt_9");
    let names: Vec<String> = page.items.iter().map(|body| body.parse(NOW).unwrap().name).collect();
    assert_eq!(names, ["inquiry.approved", "inquiry.completed", "account.created"]);
    assert_eq!(page.next, Some(event("evt_2wNhSk7MrPg4WvGy9CzQbFmJ")));

    let persona = Persona::telling("event-retrieve").await;
    let body = persona.client.retrieve_event(&event("evt_3cVpZr8TxWn5DbNf2KgYjMsQ")).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"GET /api/v1/events/evt_3cVpZr8TxWn5DbNf2KgYjMsQ");
    let Subject::Inquiry(observation) = body.parse(NOW).unwrap().subject else { panic!("it is about an inquiry") };
    assert_eq!((observation.inquiry, observation.status), (inquiry("ada"), Some(Status::Pending)));
}

#[tokio::test]
async fn a_template_is_read() {
    let persona = Persona::telling("inquiry-template").await;
    let id = TemplateId::parse("itmpl_9fQxTnW3bKc7LrVd2MhYpGsE").unwrap();
    let template = persona.client.retrieve_template(&id).await.unwrap();
    insta::assert_snapshot!(only_question(&persona).await, @"GET /api/v1/inquiry-templates/itmpl_9fQxTnW3bKc7LrVd2MhYpGsE");
    assert_eq!((template.id, template.observed_at), (id, NOW));
}

#[tokio::test]
async fn ids_are_quoted_into_the_path() {
    let persona = Persona::telling("error-404").await;
    let _ = persona.client.retrieve_event(&event("evt/../?x=#1")).await;
    assert_eq!(persona.requests().await[0].url.path(), "/api/v1/events/evt%2F..%2F%3Fx=%231");
}

#[tokio::test]
async fn the_budget_is_what_the_last_answer_left() {
    let answer = ResponseTemplate::new(200)
        .set_body_json(fixture("api/inquiry-retrieve.json"))
        .insert_header("RateLimit-Limit", "300")
        .insert_header("RateLimit-Remaining", "299")
        .insert_header("RateLimit-Reset", "42");
    let persona = Persona::answering(answer).await;
    assert_eq!(persona.client.budget(), None);
    let asking = persona.client.clone();
    asking.retrieve_inquiry(&inquiry("ada")).await.unwrap();
    let resets_at = NOW.plus(SignedDuration::from_secs(42));
    assert_eq!(persona.client.budget(), Some(Told { limit: 300, remaining: 299, resets_at }), "one for all clones");
}
