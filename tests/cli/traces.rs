//! Traces, as a collector receives them: a delivery is followed to what it planned and to Persona's request id, and
//! nothing of people is in them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rekindle::domain::ids::ActionId;
use rekindle::persona::simulator::NewInquiry;
use rekindle::traces::of_action;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{API_KEY, Installation, assert_nothing_shown, eventually, free_address, webhook_secret};
use crate::support::{self, application};

/// What takes OTLP, and keeps what came.
struct Collector {
    endpoint: String,
    came: Arc<Mutex<Vec<Bytes>>>,
    task: JoinHandle<()>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let came = Arc::<Mutex<Vec<Bytes>>>::default();
        let take = async |State(came): State<Arc<Mutex<Vec<Bytes>>>>, headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            came.lock().unwrap().push(body);
            StatusCode::OK
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(came.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, came, task }
    }

    fn spans(&self) -> Vec<Span> {
        let came = self.came.lock().unwrap();
        let requests = came.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        requests.flat_map(|one| one.resource_spans).flat_map(|one| one.scope_spans).flat_map(|one| one.spans).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a span says under a key.
fn said(span: &Span, key: &str) -> String {
    let value = span.attributes.iter().find(|one| one.key == key).and_then(|one| one.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn named<'s>(spans: &'s [Span], name: &str) -> Vec<&'s Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_followed_to_persona_s_request_id() {
    let scratch = support::sqlite().await;
    let (outside, collector) = (Outside::with(living(86_400)).await, Collector::start().await);
    let traced = format!("[telemetry]\notlp_endpoint = \"{}\"\n", collector.endpoint);
    let mut rekindle =
        Installation::new(&format!("{}\n{traced}", outside.configuration(&scratch.url, r#"reminders = ["50%"]"#)));
    outside.send_webhooks_to(&rekindle);
    rekindle.start().await;
    let fields = [("name-first".to_owned(), json!("Adalina"))].into();
    let ada = NewInquiry { fields, ..NewInquiry::for_person("customer-of-ada-17") };
    outside.persona.create_inquiry(ENVIRONMENT, ada).unwrap();
    let id = eventually("the reminder is planned", || async {
        rekindle.list(&["actions", "list"]).await.pop().map(|action| action["id"].as_str().unwrap().to_owned())
    })
    .await;
    rekindle.run(&["actions", "cancel", &id, "--reason", "to see it"]).await;
    rekindle.run(&["actions", "retry", &id, "--reason", "to see it"]).await;
    eventually("the reminder is sent", || async { outside.application.notices().pop() }).await;
    eventually("the reminder is done", || async {
        (rekindle.json(&["actions", "show", &id]).await["state"] == "done").then_some(())
    })
    .await;
    // What is left is sent at the end.
    rekindle.ask_to_stop();
    rekindle.stopped().await;

    let spans = collector.spans();
    let action = of_action(&ActionId::parse(&id).unwrap());
    let (trace, root) = (action.trace_id().to_bytes().to_vec(), action.span_id().to_bytes().to_vec());
    let planned = named(&spans, "app.plan.planned").into_iter().find(|span| span.trace_id == trace).expect("planned");
    let received = named(&spans, "http.webhook.receive");
    let received = received.into_iter().find(|span| said(span, "outcome") == "applied").expect("a delivery");
    assert!(said(received, "event").starts_with("evt_"), "{received:?}");
    let wait = named(&spans, "app.committer.wait").into_iter().find(|span| span.trace_id == received.trace_id);
    assert_eq!(wait.expect("it waited").parent_span_id, received.span_id);
    // The delivery leads to the commit, that to the action, and the action back.
    let commit = named(&spans, "app.committer.commit");
    let commit = commit.into_iter().find(|span| span.trace_id == received.trace_id).expect("committed");
    assert!(commit.links.iter().any(|link| link.trace_id == trace), "{commit:?}");
    assert!(planned.links.iter().any(|link| link.span_id == commit.span_id), "{planned:?}");
    assert_eq!(planned.parent_span_id, root);
    let attempt =
        named(&spans, "jobs.action.perform").into_iter().find(|span| span.trace_id == trace).expect("performed");
    assert_eq!((&attempt.parent_span_id, said(attempt, "kind")), (&root, "remind".to_owned()));
    let call = named(&spans, "persona.client.generate_one_time_link");
    let call = call.into_iter().find(|span| span.trace_id == trace).expect("Persona was asked");
    assert!(said(call, "request_id").starts_with("req_"), "{call:?}");
    let sent = named(&spans, "notify.webhook.deliver").into_iter().find(|span| span.trace_id == trace).expect("sent");
    assert_eq!(said(sent, "status"), "204");
    assert!(spans.iter().all(|span| span.events.is_empty()), "log lines are for the log");

    let secret = webhook_secret(ENVIRONMENT);
    for body in collector.came.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(body);
        assert_nothing_shown("a trace", &text);
        for hidden in ["Adalina", "customer-of-ada-17", API_KEY, application::SECRET, &secret, "persona.com/verify"] {
            assert!(!text.contains(hidden), "a trace shows {hidden}");
        }
    }
}

/// Who takes no traces keeps nothing from being done, and is told of once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_is_in_nobody_s_way() {
    let scratch = support::sqlite().await;
    let outside = Outside::with(living(86_400)).await;
    let traced = format!("[telemetry]\notlp_endpoint = \"http://{}/v1/traces?key=xyzzy\"\n", free_address());
    let mut rekindle =
        Installation::new(&format!("{}\n{traced}", outside.configuration(&scratch.url, r#"reminders = ["50%"]"#)));
    outside.send_webhooks_to(&rekindle);
    rekindle.start().await;
    outside.person("ada");
    eventually("the reminder is planned", || async { rekindle.list(&["actions", "list"]).await.pop() }).await;
    rekindle.ask_to_stop();
    rekindle.stopped().await;
    let log = rekindle.log();
    assert_eq!(log.matches("the collector does not take traces").count(), 1, "{log}");
    assert!(!log.contains("xyzzy"), "{log}");
}
