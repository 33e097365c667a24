//! Persona's example answers through the client, and our own fixtures against the documented shapes.

use rekindle::clock::Clock;
use rekindle::domain::ids::{InquiryId, TemplateId};
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::persona::client::PersonaClient;
use rekindle::persona::request::{IdempotencyKey, ListFilter, NewInquiry, SearchFilter};
use rekindle::persona::settings::ClientSettings;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::persona::conformance::spec::{VERSION, spec};
use crate::persona::fixture;

const INQUIRY: &str = "/inquiries/{inquiry-id}";

/// A client whose every call gets this answer. The server lives as long as the client is used.
async fn told(answer: &Value) -> (MockServer, PersonaClient) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&server).await;
    let settings = ClientSettings::new(format!("{}/api/v1", server.uri()).parse().unwrap(), "key".into());
    let client = PersonaClient::new(&settings, Clock::manual(Timestamp::from_second(1))).unwrap();
    (server, client)
}

#[tokio::test]
async fn the_client_understands_persona_s_example_answers() {
    let Some(spec) = spec("example answers") else { return };
    let examples = spec.examples(&format!("{VERSION}/api"));
    let example = |name: &str| examples.iter().find(|(found, _)| found == name).unwrap().1.clone();
    let id_in = |body: &Value| InquiryId::parse(body["data"]["id"].as_str().unwrap()).unwrap();
    let key = IdempotencyKey::parse("k").unwrap();

    let body = example("inquiry-retrieve");
    let (_server, client) = told(&body).await;
    let read = client.retrieve_inquiry(&id_in(&body)).await.unwrap();
    assert_eq!(read.inquiry.status, Some(Status::Pending));
    // The included template is another one than the inquiry's in this example, so it is not taken for it.
    assert_eq!(read.template, None);

    let body = example("inquiry-list");
    let (_server, client) = told(&body).await;
    let page = client.list_inquiries(&ListFilter::default(), None, 10).await.unwrap();
    assert_eq!((page.items.len(), page.unreadable), (body["data"].as_array().unwrap().len(), 0));

    let body = example("inquiry-list-search");
    let (_server, client) = told(&body).await;
    let search = SearchFilter { updated_from: Timestamp::from_second(1) };
    let page = client.search_inquiries(&search, None, 10).await.unwrap();
    assert_eq!((page.items.len(), page.unreadable), (body["data"].as_array().unwrap().len(), 0));
    assert!(page.next.is_some() && page.items.iter().all(|item| item.updated_at.is_some()));

    let body = example("inquiry-one-time-link");
    let (_server, client) = told(&body).await;
    let link = client.generate_one_time_link(&id_in(&body), None, &key).await.unwrap();
    assert_eq!(body["meta"]["one-time-link"], link.link.expose_secret());
    assert_eq!(body["meta"]["one-time-link-short"], link.short.unwrap().expose_secret());

    let body = example("inquiry-resume");
    let (_server, client) = told(&body).await;
    let resumed = client.resume_inquiry(&id_in(&body), &key).await.unwrap();
    assert_eq!(body["meta"]["session-token"], resumed.session_token.expose_secret());

    let body = example("inquiry-created");
    let (_server, client) = told(&body).await;
    let template = TemplateId::parse("itmpl_1").unwrap();
    assert_eq!(client.create_inquiry(&NewInquiry::from_template(template), &key).await.unwrap().id, id_in(&body));

    let body = example("inquiry-template");
    let (_server, client) = told(&body).await;
    let id = TemplateId::parse(body["data"]["id"].as_str().unwrap()).unwrap();
    assert!(client.retrieve_template(&id).await.unwrap().latest_version.is_some());
}

#[test]
fn our_own_answers_have_the_documented_shape() {
    let Some(spec) = spec("API fixtures") else { return };
    let with = |end: &str| format!("{INQUIRY}{end}");
    for (name, method, template, status) in [
        ("inquiry-retrieve", "get", with(""), 200),
        ("inquiry-retrieve.without-include", "get", with(""), 200),
        ("inquiry-list", "get", "/inquiries".to_owned(), 200),
        ("inquiry-list.last", "get", "/inquiries".to_owned(), 200),
        ("inquiry-create", "post", "/inquiries".to_owned(), 201),
        ("inquiry-resume", "post", with("/resume"), 200),
        ("inquiry-expire", "post", with("/expire"), 200),
        ("one-time-link", "post", with("/generate-one-time-link"), 200),
        ("event-list", "get", "/events".to_owned(), 200),
        ("event-retrieve", "get", "/events/{event-id}".to_owned(), 200),
        ("inquiry-template", "get", "/inquiry-templates/{inquiry-template-id}".to_owned(), 200),
        ("error-400", "post", with("/resume"), 400),
        ("error-401", "post", with("/resume"), 401),
        ("error-403", "post", with("/resume"), 403),
        ("error-404", "post", with("/resume"), 404),
        ("error-409", "post", with("/resume"), 409),
        ("error-422", "post", with("/resume"), 422),
        ("error-429", "post", with("/resume"), 429),
    ] {
        let body = fixture(&format!("api/{name}.json"));
        assert_eq!(spec.validate_response(method, &template, status, &body), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn an_answer_of_another_shape_is_found_out() {
    let Some(spec) = spec("API fixtures, the other way round") else { return };
    let link = format!("{INQUIRY}/generate-one-time-link");
    let missing = fixture("api/one-time-link.missing.json");
    assert!(!spec.validate_response("post", &link, 200, &missing).is_empty(), "null is no link");
    let token = fixture("api/inquiry-resume.without-token.json");
    assert!(!spec.validate_response("post", &format!("{INQUIRY}/resume"), 200, &token).is_empty(), "no token");
    assert!(!spec.validate_response("get", INQUIRY, 200, &json!({ "data": [] })).is_empty(), "a list");
    assert!(!spec.validate_response("get", INQUIRY, 418, &json!({})).is_empty(), "a status that is not documented");
}
