//! The simulator against the documented shapes, with the real client asking: what passes between the two, for every
//! answer to the questions that Persona's documentation leaves open.

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::domain::event::{Event, FOLLOWED_NAMES, Subject};
use rekindle::domain::ids::{EventId, InquiryId, ReferenceId, TemplateId, WebhookId};
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::domain::webhook::Shortcoming;
use rekindle::persona::client::PersonaClient;
use rekindle::persona::error::{Next as Then, PersonaError};
use rekindle::persona::request::{EventFilter, IdempotencyKey, ListFilter, NewInquiry, SearchFilter};
use rekindle::persona::settings::ClientSettings;
use rekindle::persona::simulator::{
    DEFAULT_TEMPLATE, EnvironmentSettings, Included, PRODUCTION_KEY, SANDBOX_KEY, Settings, Simulator, Unknowns,
    WebhookSettings,
};
use rekindle::persona::webhooks::WebhookWish;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::persona::conformance::spec::{Spec, spec};

const NOW: Timestamp = Timestamp::from_second(1_772_442_600);

/// One answer of the simulator.
struct Answer {
    method: String,
    path: String,
    status: u16,
    body: Value,
    has_limits: bool,
}

type Tape = Arc<Mutex<Vec<Answer>>>;

/// A simulator whose every answer is recorded, and a client that asks it.
struct Scene {
    simulator: Simulator,
    client: PersonaClient,
    clock: Clock,
    tape: Tape,
    server: JoinHandle<()>,
    api_url: String,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn settings() -> Settings {
    Settings { public_base_url: Some("http://127.0.0.1:9".to_owned()), ..Settings::default() }
        .with_environment(EnvironmentSettings::production("production"))
}

fn client(api_url: &str, key: &str, clock: &Clock) -> PersonaClient {
    PersonaClient::new(&ClientSettings::new(api_url.parse().unwrap(), key.into()), clock.clone()).unwrap()
}

async fn record(State(tape): State<Tape>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let (parts, body) = next.run(request).await.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let limits = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "request-id"];
    tape.lock().unwrap().push(Answer {
        method,
        path,
        status: parts.status.as_u16(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        has_limits: limits.iter().all(|name| parts.headers.contains_key(*name)),
    });
    Response::from_parts(parts, Body::from(body))
}

impl Scene {
    async fn open(settings: Settings, key: &str) -> Self {
        let clock = Clock::manual(NOW);
        let simulator = Simulator::new(clock.clone(), settings);
        let tape = Tape::default();
        let router = simulator.router().layer(from_fn_with_state(tape.clone(), record));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api_url = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let client = client(&api_url, key, &clock);
        Self { simulator, client, clock, tape, server, api_url }
    }

    /// What Persona's document has against the answers so far, and the statuses seen of each operation.
    fn judged_by(&self, spec: &Spec) -> Vec<String> {
        let mut wrong = Vec::new();
        for answer in self.tape.lock().unwrap().iter() {
            let which = format!("{} {} {}", answer.method, answer.path, answer.status);
            let found = spec.validate_answer(&answer.method, &answer.path, answer.status, &answer.body);
            wrong.extend(found.into_iter().map(|found| format!("{which}: {found}")));
            if answer.status != 401 && !answer.has_limits {
                wrong.push(format!("{which}: no limits or no request id in its headers"));
            }
        }
        wrong
    }

    fn statuses(&self) -> Vec<u16> {
        let mut statuses: Vec<u16> = self.tape.lock().unwrap().iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}

struct Keys(u32);

impl Keys {
    fn next(&mut self) -> IdempotencyKey {
        self.0 += 1;
        IdempotencyKey::parse(&format!("0f3a/call/{}", self.0)).unwrap()
    }
}

fn for_ada() -> NewInquiry {
    let mut new = NewInquiry::from_template(TemplateId::parse(DEFAULT_TEMPLATE).unwrap());
    new.reference_id = ReferenceId::parse("customer-17").ok();
    new.fields.insert("name-first".to_owned(), json!("Ada"));
    new.redirect_uri = "https://app.example.com/done".parse().ok();
    new.lifetime = Some(SignedDuration::from_hours(48));
    new
}

/// Every call, in every status an inquiry can be in. What may be refused is not looked at; the tape has it.
async fn tell_everything(scene: &Scene) {
    let (client, simulator, mut keys) = (&scene.client, &scene.simulator, Keys(0));
    let later = || scene.clock.advance(SignedDuration::from_mins(2));
    let ada = client.create_inquiry(&for_ada(), &keys.next()).await.unwrap();
    assert_eq!(ada.status, Some(Status::Created));
    assert_eq!(ada.attributes.reference_id, Some(ReferenceId::parse("customer-17").ok()));
    let cleo = client
        .create_inquiry(&NewInquiry::from_template(TemplateId::parse(DEFAULT_TEMPLATE).unwrap()), &keys.next())
        .await
        .unwrap();
    every_call_for(client, &ada.id, &mut keys).await;
    // The calls end with an expiry; a resume brings the inquiry back.
    client.resume_inquiry(&ada.id, &keys.next()).await.unwrap();
    simulator.start(&ada.id).unwrap();
    later();
    every_call_for(client, &ada.id, &mut keys).await;
    let resumed = client.resume_inquiry(&ada.id, &keys.next()).await.unwrap();
    assert_eq!(resumed.inquiry.status, Some(Status::Pending));
    simulator.step(&ada.id).unwrap();
    simulator.complete(&ada.id).unwrap();
    every_call_for(client, &ada.id, &mut keys).await;
    simulator.approve(&ada.id).unwrap();
    later();
    every_call_for(client, &ada.id, &mut keys).await;
    simulator.redact(&ada.id).unwrap();
    every_call_for(client, &ada.id, &mut keys).await;
    scene.clock.advance(SignedDuration::from_hours(25));
    let expired = client.retrieve_inquiry(&cleo.id).await.unwrap();
    assert_eq!(expired.inquiry.status, Some(Status::Expired), "its time is over");
    every_call_for(client, &cleo.id, &mut keys).await;
    refusals(scene, &mut keys).await;
}

/// Every call about an inquiry and what belongs to it; the inquiry is expired afterwards, where it can be.
async fn every_call_for(client: &PersonaClient, id: &InquiryId, keys: &mut Keys) {
    let read = client.retrieve_inquiry(id).await.unwrap();
    assert_eq!(read.inquiry.id, *id);
    let filter = ListFilter { statuses: read.inquiry.status.into_iter().collect(), ..ListFilter::default() };
    let page = client.list_inquiries(&filter, None, 1).await.unwrap();
    assert_eq!((page.items.len(), page.unreadable), (1, 0));
    client.list_inquiries(&ListFilter::default(), page.next.as_ref(), 1).await.unwrap();
    let search = SearchFilter { updated_from: NOW.minus(SignedDuration::from_hours(1)) };
    let page = client.search_inquiries(&search, None, 1).await.unwrap();
    client.search_inquiries(&search, page.next.as_ref(), 1).await.unwrap();
    let link = client.generate_one_time_link(id, Some(SignedDuration::from_hours(1)), &keys.next()).await;
    let _ = client.generate_one_time_link(id, None, &keys.next()).await;
    if let Ok(link) = link {
        assert!(link.short.is_some() && link.inquiry.is_some_and(|inquiry| inquiry.id == *id));
    }
    let _ = client.resume_inquiry(id, &keys.next()).await;
    let events = EventFilter { inquiry: Some(id.clone()), ..EventFilter::default() };
    let listed = client.list_events(&events, None, 2).await.unwrap();
    client.list_events(&events, listed.next.as_ref(), 100).await.unwrap();
    let newest = listed.items[0].parse(NOW).unwrap();
    let whole = client.retrieve_event(&newest.id).await.unwrap().parse(NOW).unwrap();
    assert_eq!((whole.id, whole.name, whole.occurred_at), (newest.id, newest.name, newest.occurred_at));
    let _ = client.expire_inquiry(id, &keys.next()).await;
    let _ = client.expire_inquiry(id, &keys.next()).await;
    let _ = client.retrieve_template(&TemplateId::parse(DEFAULT_TEMPLATE).unwrap()).await;
}

/// What no inquiry has to be there for.
async fn refusals(scene: &Scene, keys: &mut Keys) {
    let nobody = InquiryId::parse("inq_Nobody").unwrap();
    let missing = scene.client.retrieve_inquiry(&nobody).await.unwrap_err();
    assert_eq!((missing.status(), missing.next()), (Some(404), Then::GiveUp));
    let _ = scene.client.resume_inquiry(&nobody, &keys.next()).await.unwrap_err();
    let _ = scene.client.retrieve_event(&EventId::parse("evt_None").unwrap()).await.unwrap_err();
    let unknown = NewInquiry::from_template(TemplateId::parse("itmpl_None").unwrap());
    let _ = scene.client.create_inquiry(&unknown, &keys.next()).await.unwrap_err();
    let key = keys.next();
    let _ = scene.client.create_inquiry(&for_ada(), &key).await.unwrap();
    let mismatch = scene.client.create_inquiry(&unknown, &key).await.unwrap_err();
    assert!(matches!(mismatch, PersonaError::Refused(_)), "{mismatch}");
    let stranger = client(&scene.api_url, "persona_sandbox_wrong", &scene.clock);
    let refused = stranger.retrieve_inquiry(&nobody).await.unwrap_err();
    assert_eq!((refused.status(), refused.next()), (Some(401), Then::RetrySameKey));
}

#[tokio::test]
async fn the_simulator_answers_as_persona_documents() {
    let Some(spec) = spec("the simulator's answers") else { return };
    let sandbox = Unknowns::all_variations().into_iter().map(|(question, unknowns)| (question, unknowns, SANDBOX_KEY));
    for (question, unknowns, key) in sandbox.chain([("production", Unknowns::default(), PRODUCTION_KEY)]) {
        let settings = Settings { requests_per_minute: 10_000, ..settings() }.with_unknowns(unknowns);
        let scene = Scene::open(settings, key).await;
        tell_everything(&scene).await;
        assert_eq!(scene.judged_by(spec), Vec::<String>::new(), "{question}");
        for status in [200, 201, 401, 404] {
            assert!(scene.statuses().contains(&status), "{question}: no {status} among {:?}", scene.statuses());
        }
    }
}

#[tokio::test]
async fn the_simulator_limits_as_persona_documents() {
    let Some(spec) = spec("the simulator's limits") else { return };
    let scene = Scene::open(Settings { requests_per_minute: 3, ..settings() }, SANDBOX_KEY).await;
    let mut keys = Keys(0);
    let ada = scene.client.create_inquiry(&for_ada(), &keys.next()).await.unwrap();
    assert_eq!(scene.client.budget().map(|budget| (budget.limit, budget.remaining)), Some((3, 2)));
    for _ in 0..2 {
        scene.client.retrieve_inquiry(&ada.id).await.unwrap();
    }
    let refused = scene.client.generate_one_time_link(&ada.id, None, &keys.next()).await.unwrap_err();
    assert_eq!((refused.status(), refused.next()), (Some(429), Then::RetrySameKey));
    let wait = refused.retry_after().unwrap();
    assert!((1..=60).contains(&wait.as_secs()), "{wait}");
    scene.clock.advance(wait);
    let link = scene.client.generate_one_time_link(&ada.id, None, &IdempotencyKey::parse("0f3a/call/2").unwrap()).await;
    assert!(link.unwrap().link.expose_secret().starts_with("http"), "the same key serves after the wait");
    assert_eq!(scene.judged_by(spec), Vec::<String>::new());
    assert!(scene.statuses().contains(&429));
}

#[tokio::test]
async fn the_simulator_s_webhooks_have_the_documented_shape_and_are_understood() {
    let Some(spec) = spec("the simulator's webhooks") else { return };
    for included in [Included::None, Included::All] {
        let receiver = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&receiver).await;
        let secret = "wbhsec_00000000-1111-2222-3333-444444444444";
        let webhook = WebhookSettings { included, ..WebhookSettings::new(receiver.uri(), secret) };
        let settings = Settings { requests_per_minute: 10_000, ..settings() }.with_webhook(&webhook);
        let scene = Scene::open(settings, SANDBOX_KEY).await;
        tell_everything(&scene).await;
        while !scene.simulator.deliver_due().await.is_empty() {}
        let deliveries = receiver.received_requests().await.unwrap();
        let mut names = Vec::new();
        for delivery in &deliveries {
            let event = Event::parse(&delivery.body, NOW).unwrap();
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            assert_eq!(spec.validate_webhook(&event.name, &body), Vec::<String>::new(), "{}", event.name);
            assert!(matches!(event.subject, Subject::Inquiry(_)), "{}", event.name);
            names.push(event.name);
        }
        names.sort();
        names.dedup();
        for name in ["created", "started", "transitioned", "completed", "approved", "expired", "redacted"] {
            assert!(names.contains(&format!("inquiry.{name}")), "{name} is not among {names:?}");
        }
    }
}

#[tokio::test]
async fn the_simulator_keeps_webhooks_as_persona_documents() {
    let Some(spec) = spec("the simulator's webhooks as resources") else { return };
    let scene = Scene::open(settings(), SANDBOX_KEY).await;
    let (client, mut keys) = (&scene.client, Keys(0));
    let wish = WebhookWish {
        name: Some("Rekindle".to_owned()),
        url: "http://127.0.0.1:9/webhooks/persona/sandbox".to_owned(),
        events: FOLLOWED_NAMES.iter().map(|name| (*name).to_owned()).collect(),
        blocklist: vec!["name-*".to_owned()],
    };
    let (made, secrets) = client.create_webhook(&wish, &keys.next()).await.unwrap();
    assert_eq!((made.enabled, secrets.len(), secrets[0].ends_at), (false, 1, None));
    assert_eq!(made.shortcomings(), [Shortcoming::Disabled]);
    let changed = client.update_webhook(&made.id, &WebhookWish { blocklist: vec!["status".to_owned()], ..wish }).await;
    assert_eq!(changed.unwrap().shortcomings(), [Shortcoming::Disabled, Shortcoming::Blocked(vec!["status"])]);
    assert!(client.enable_webhook(&made.id, &keys.next()).await.unwrap().enabled);
    let rotated = client.rotate_webhook_secret(&made.id, SignedDuration::from_hours(1), &keys.next()).await.unwrap();
    assert_eq!(rotated.len(), 2);
    assert_eq!(rotated[1].value.expose_secret(), secrets[0].value.expose_secret());
    assert_eq!(rotated[1].ends_at, Some(scene.clock.now().plus(SignedDuration::from_hours(1))));
    let listed = client.list_webhooks(None, 10).await.unwrap();
    assert_eq!(listed.items.iter().map(|webhook| &webhook.id).collect::<Vec<_>>(), [&made.id]);
    let unknown = client.enable_webhook(&WebhookId::parse("wbh_none").unwrap(), &keys.next()).await;
    assert_eq!(unknown.unwrap_err().status(), Some(404));
    assert_eq!(scene.judged_by(spec), Vec::<String>::new());
}
