//! Every request the client makes, against the operation it means to be.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::domain::event::FOLLOWED_NAMES;
use rekindle::domain::ids::{AccountId, EventId, InquiryId, ReferenceId, SessionId, TemplateId, WebhookId};
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::persona::client::PersonaClient;
use rekindle::persona::request::{EventFilter, IdempotencyKey, ListFilter, NewInquiry, SearchFilter};
use rekindle::persona::settings::ClientSettings;
use rekindle::persona::webhooks::WebhookWish;
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::persona::conformance::spec::{VERSION, spec};

fn everything() -> (ListFilter, EventFilter, NewInquiry) {
    let inquiry = InquiryId::parse("inq_1").unwrap();
    let template = TemplateId::parse("itmpl_1").unwrap();
    let list = ListFilter {
        statuses: vec![Status::Created, Status::NeedsReview],
        reference_id: ReferenceId::parse("customer-17").ok(),
        account_id: AccountId::parse("act_1").ok(),
        template: Some(template.clone()),
        created_from: Some(Timestamp::from_second(1_772_000_000)),
        created_until: Some(Timestamp::from_micros(1_772_000_000_123_456)),
    };
    let names = vec!["inquiry.expired".to_owned()];
    let events = EventFilter { names, inquiry: Some(inquiry), ids: vec![EventId::parse("evt_1").unwrap()] };
    let new = NewInquiry {
        template,
        reference_id: ReferenceId::parse("customer-17").ok(),
        account_id: AccountId::parse("act_1").ok(),
        account_reference_id: ReferenceId::parse("customer-17").ok(),
        fields: [("name-first".to_owned(), json!("Ada"))].into_iter().collect(),
        redirect_uri: "https://app.example.com/done".parse().ok(),
        lifetime: Some(SignedDuration::from_hours(24)),
        lifetime_from_start: Some(SignedDuration::from_hours(12)),
        lifetime_from_resume: Some(SignedDuration::from_hours(6)),
    };
    (list, events, new)
}

/// Makes every call there is, with nothing and with everything that can be asked. The answers don't matter.
async fn ask_everything(client: &PersonaClient) {
    let (list, events, new) = everything();
    let inquiry = InquiryId::parse("inq_1").unwrap();
    let event = EventId::parse("evt_1").unwrap();
    let key = IdempotencyKey::parse("0f3a/call/1").unwrap();
    // Twice: the second time without the include that was refused.
    let _ = client.retrieve_inquiry(&inquiry).await;
    let _ = client.retrieve_inquiry(&inquiry).await;
    let _ = client.list_inquiries(&ListFilter::default(), None, 1).await;
    let _ = client.list_inquiries(&list, Some(&inquiry), 100).await;
    let legacy = TemplateId::parse("tmpl_1").unwrap();
    let _ = client.list_inquiries(&ListFilter { template: Some(legacy.clone()), ..list }, None, 0).await;
    let search = SearchFilter { updated_from: Timestamp::from_micros(1_772_000_000_123_456) };
    let _ = client.search_inquiries(&search, None, 0).await;
    let _ = client.search_inquiries(&search, Some(&inquiry), 100).await;
    let _ = client.create_inquiry(&NewInquiry::from_template(legacy), &key).await;
    let _ = client.create_inquiry(&new, &key).await;
    let _ = client.resume_inquiry(&inquiry, &key).await;
    let _ = client.expire_inquiry(&inquiry, &key).await;
    let session = SessionId::parse("iqse_1").unwrap();
    let _ = client.retrieve_fields(&inquiry, &["name-first".to_owned()]).await;
    let _ = client.list_sessions(&inquiry).await;
    let _ = client.generate_session_link(&session, &key).await;
    let _ = client.generate_one_time_link(&inquiry, None, &key).await;
    let _ = client.generate_one_time_link(&inquiry, Some(SignedDuration::from_hours(3)), &key).await;
    let _ = client.generate_one_time_link(&inquiry, Some(SignedDuration::MAX), &key).await;
    let _ = client.list_events(&EventFilter::default(), None, 10).await;
    let _ = client.list_events(&events, Some(&event), 100).await;
    let _ = client.retrieve_event(&event).await;
    let _ = client.retrieve_template(&TemplateId::parse("itmpl_1").unwrap()).await;
    ask_about_webhooks(client, &key).await;
}

async fn ask_about_webhooks(client: &PersonaClient, key: &IdempotencyKey) {
    let webhook = WebhookId::parse("wbh_1").unwrap();
    let url = "https://rekindle.example.com/webhooks/persona/sandbox".to_owned();
    let events = FOLLOWED_NAMES.iter().map(|name| (*name).to_owned()).collect();
    let wish = WebhookWish { name: Some("Rekindle".to_owned()), url, events, blocklist: vec!["name-*".to_owned()] };
    let _ = client.list_webhooks(None, 100).await;
    let _ = client.list_webhooks(Some(&webhook), 10).await;
    let _ = client.create_webhook(&wish, key).await;
    let _ = client.update_webhook(&webhook, &WebhookWish { name: None, ..wish }).await;
    let _ = client.enable_webhook(&webhook, key).await;
    let _ = client.rotate_webhook_secret(&webhook, SignedDuration::from_hours(72), key).await;
}

async fn requests_of_every_call() -> Vec<Request> {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(403)).mount(&server).await;
    let settings = ClientSettings::new(format!("{}/api/v1", server.uri()).parse().unwrap(), "key".into());
    ask_everything(&PersonaClient::new(&settings, Clock::System).unwrap()).await;
    server.received_requests().await.unwrap()
}

#[tokio::test]
async fn every_request_is_one_that_persona_documents() {
    let Some(spec) = spec("the client's requests") else { return };
    let mut operations = BTreeSet::new();
    for request in requests_of_every_call().await {
        let (operation, wrong) = spec.validate_request(&request);
        assert_eq!(wrong, Vec::<String>::new(), "{} {}", request.method, request.url);
        operations.extend(operation);
        assert_eq!(request.headers["persona-version"], VERSION);
        assert_eq!(request.headers["authorization"], "Bearer key");
        assert_eq!(request.headers["key-inflection"], "kebab");
        let takes_effect = request.method == "POST" && !request.url.path().ends_with("/search");
        assert_eq!(request.headers.contains_key("idempotency-key"), takes_effect);
    }
    let all: Vec<&str> = operations.iter().map(String::as_str).collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    create-a-webhook
    create-an-inquiry
    enable-a-webhook
    expire-an-inquiry
    generate-a-one-time-link
    generate-a-one-time-link-for-an-inquiry-session
    list-all-events
    list-all-inquiries
    list-all-inquiry-sessions
    list-all-webhooks
    resume-an-inquiry
    retrieve-an-event
    retrieve-an-inquiry
    retrieve-an-inquiry-template
    rotate-a-webhook-secret
    search-inquiries
    update-a-webhook
    ");
}

#[tokio::test]
async fn a_request_that_persona_does_not_document_is_found_out() {
    let Some(spec) = spec("the client's requests, the other way round") else { return };
    let requests = requests_of_every_call().await;
    let of = |method: &str, end: &str| {
        let fits = |request: &&Request| request.method == method && request.url.path().ends_with(end);
        requests.iter().rfind(fits).unwrap().clone()
    };
    let found_out = |mut request: Request, change: &dyn Fn(&mut Request), reason: &str| {
        assert!(spec.validate_request(&request).1.is_empty());
        change(&mut request);
        let wrong = spec.validate_request(&request).1.join("; ");
        assert!(wrong.contains(reason), "{reason:?} is not among {wrong:?}");
    };
    let query = |query: &'static str| move |request: &mut Request| request.url.set_query(Some(query));
    found_out(of("GET", "/inquiries"), &query("filter[updated-at]=now"), "'updated-at' was unexpected");
    found_out(of("GET", "/inquiries"), &query("filter[created-at-start]=now"), "date-time");
    found_out(of("GET", "/events"), &query("page[size]=many"), "\"many\" is not of type");
    found_out(of("GET", "/events"), &query("colour=blue"), "no query parameter colour");
    let path = |request: &mut Request| request.url.set_path("/api/v1/inquiries/inq_1/revive");
    found_out(of("POST", "/resume"), &path, "no operation");
    let undeclared = |request: &mut Request| request.body = b"{}".to_vec();
    found_out(of("POST", "/resume"), &undeclared, "not declared as JSON");
    let body = |request: &mut Request| {
        request.body = b"{}".to_vec();
        request.headers.insert("content-type", "application/json".parse().unwrap());
    };
    found_out(of("POST", "/resume"), &body, "takes no body");
    let unknown = |request: &mut Request| request.body = br#"{"meta":{"expires":1}}"#.to_vec();
    found_out(of("POST", "/generate-one-time-link"), &unknown, "'expires' was unexpected");
    let unsorted = |request: &mut Request| request.body = br#"{"sort":{"attribute":"updated_at"}}"#.to_vec();
    found_out(of("POST", "/search"), &unsorted, "direction");
    let version = |request: &mut Request| _ = request.headers.insert("persona-version", "1999-01-01".parse().unwrap());
    found_out(of("POST", "/expire"), &version, "Persona-Version");
}
