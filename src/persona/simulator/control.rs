//! The control routes under `/simulator`: what the handle does, for a shell.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Opened;
use super::faults::Faults;
use super::handle::Simulator;
use super::inquiries::NewInquiry;
use super::lifecycle::Move;
use super::refusal::Refusal;
use super::shown::{shown, shown_delivery, shown_event, shown_report, shown_request};
use super::unknowns::Unknowns;
use super::webhook::WebhookSettings;
use crate::domain::ids::{EventId, InquiryId, TemplateId};

const ROUTES: [&str; 13] = [
    "GET /simulator",
    "POST /simulator/environments/{name}/inquiries",
    "PUT /simulator/environments/{name}/webhook",
    "GET /simulator/inquiries/{id}",
    "POST /simulator/inquiries/{id}/{start|step|complete|fail|expire|approve|decline|mark-for-review|redact|open}",
    "POST /simulator/templates/{id}/publish",
    "GET, PUT /simulator/faults",
    "GET, PUT /simulator/unknowns",
    "GET /simulator/events",
    "POST /simulator/events/{id}/resend",
    "GET /simulator/deliveries",
    "POST /simulator/deliveries",
    "GET /simulator/requests",
];

/// The newest of each list that are shown.
const SHOWN: usize = 200;

pub(super) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/simulator", get(overview))
        .route("/simulator/environments/{name}/inquiries", post(create_inquiry))
        .route("/simulator/environments/{name}/webhook", put(set_webhook))
        .route("/simulator/inquiries/{id}", get(inquiry))
        .route("/simulator/inquiries/{id}/{verb}", post(act))
        .route("/simulator/templates/{id}/publish", post(publish))
        .route("/simulator/faults", get(faults).put(set_faults))
        .route("/simulator/unknowns", get(unknowns).put(set_unknowns))
        .route("/simulator/events", get(events))
        .route("/simulator/events/{id}/resend", post(resend))
        .route("/simulator/deliveries", get(deliveries).post(deliver_due))
        .route("/simulator/requests", get(requests))
}

/// A refused control request, with Persona's error body.
struct Refused(Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({ "errors": [{ "title": self.0.title, "details": self.0.details }] });
        (status, Json(body)).into_response()
    }
}

type Answer = Result<Json<Value>, Refused>;

/// An inquiry as the control route takes it.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct InquiryRequest {
    template: Option<String>,
    reference_id: Option<String>,
    fields: BTreeMap<String, Value>,
    tags: Vec<String>,
    note: Option<String>,
}

/// What an action may need.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct ActionRequest {
    /// Where a `step` leads.
    to: Option<String>,
    /// Which link to `open`; the plain one when absent.
    link: Option<String>,
}

async fn overview(State(simulator): State<Simulator>) -> Json<Value> {
    let base_url = simulator.base_url();
    let inquiries: Vec<Value> = simulator.inquiries().iter().rev().take(SHOWN).map(shown).collect();
    let (environments, templates) = simulator.change(|world, _| {
        let environments: Vec<Value> = world
            .environment_handles()
            .map(|handle| world.environment(handle))
            .map(|known| json!({ "name": known.name, "id": known.id, "webhook": known.webhooks.first().map(|hook| &hook.settings.url) }))
            .collect();
        let templates = world.templates.iter();
        let templates: Vec<Value> = templates
            .map(|template| json!({ "id": template.id.as_str(), "latest-version": template.latest().id.as_str() }))
            .collect();
        (environments, templates)
    });
    Json(json!({
        "base-url": base_url,
        "environments": environments,
        "templates": templates,
        "inquiries": inquiries,
        "routes": ROUTES,
    }))
}

async fn create_inquiry(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
    body: Option<Json<InquiryRequest>>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let request = body.map(|Json(request)| request).unwrap_or_default();
    let template = request.template.map(|id| TemplateId::parse(&id)).transpose();
    let new = NewInquiry {
        template: template.map_err(|_| Refusal::not_found())?,
        reference_id: request.reference_id,
        fields: request.fields,
        tags: request.tags,
        note: request.note,
        ..NewInquiry::default()
    };
    let id = simulator.create_inquiry(&name, new)?;
    Ok((StatusCode::CREATED, Json(show(&simulator, &id)?)))
}

async fn inquiry(State(simulator): State<Simulator>, Path(id): Path<String>) -> Answer {
    Ok(Json(show(&simulator, &inquiry_id(&id)?)?))
}

async fn act(
    State(simulator): State<Simulator>,
    Path((id, verb)): Path<(String, String)>,
    body: Option<Json<ActionRequest>>,
) -> Answer {
    let id = inquiry_id(&id)?;
    let request = body.map(|Json(request)| request).unwrap_or_default();
    if verb == "open" {
        let view = simulator.inquiry(&id).ok_or_else(Refusal::not_found)?;
        let link = request.link.unwrap_or_else(|| view.plain_link.expose_secret().to_owned());
        let opened = match simulator.open_link(&link) {
            Opened::Inside { session, .. } => json!({ "inside": session.as_str() }),
            Opened::Refused(reason) => json!({ "refused": reason.to_string() }),
        };
        return Ok(Json(json!({ "opened": opened, "inquiry": show(&simulator, &id)? })));
    }
    let step = Move::named(&verb, request.to).ok_or_else(Refusal::not_found)?;
    simulator.make(&id, &step)?;
    Ok(Json(show(&simulator, &id)?))
}

async fn publish(State(simulator): State<Simulator>, Path(id): Path<String>) -> Answer {
    let template = TemplateId::parse(&id).map_err(|_| Refusal::not_found())?;
    let version = simulator.publish_version(&template, None)?;
    Ok(Json(json!({ "template": template.as_str(), "latest-version": version.as_str() })))
}

async fn set_webhook(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
    Json(webhook): Json<Option<WebhookSettings>>,
) -> Result<StatusCode, Refused> {
    simulator.set_webhook(&name, webhook)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn faults(State(simulator): State<Simulator>) -> Json<Faults> {
    Json(simulator.faults())
}

async fn set_faults(State(simulator): State<Simulator>, Json(faults): Json<Faults>) -> Json<Faults> {
    simulator.set_faults(faults);
    Json(simulator.faults())
}

async fn unknowns(State(simulator): State<Simulator>) -> Json<Unknowns> {
    Json(simulator.unknowns())
}

async fn set_unknowns(State(simulator): State<Simulator>, Json(unknowns): Json<Unknowns>) -> Json<Unknowns> {
    simulator.set_unknowns(unknowns);
    Json(simulator.unknowns())
}

async fn events(State(simulator): State<Simulator>) -> Json<Value> {
    let events = simulator.events();
    Json(events.iter().rev().take(SHOWN).map(shown_event).collect())
}

async fn resend(State(simulator): State<Simulator>, Path(id): Path<String>) -> Result<StatusCode, Refused> {
    simulator.resend_event(&EventId::parse(&id).map_err(|_| Refusal::not_found())?)?;
    Ok(StatusCode::ACCEPTED)
}

async fn deliveries(State(simulator): State<Simulator>) -> Json<Value> {
    Json(simulator.deliveries().iter().rev().take(SHOWN).map(shown_delivery).collect())
}

async fn deliver_due(State(simulator): State<Simulator>) -> Json<Value> {
    let reports = simulator.deliver_due().await;
    Json(reports.iter().map(shown_report).collect())
}

async fn requests(State(simulator): State<Simulator>) -> Json<Value> {
    Json(simulator.requests().iter().rev().take(SHOWN).map(shown_request).collect())
}

fn inquiry_id(text: &str) -> Result<InquiryId, Refused> {
    InquiryId::parse(text).map_err(|_| Refused(Refusal::not_found()))
}

fn show(simulator: &Simulator, id: &InquiryId) -> Result<Value, Refused> {
    simulator.inquiry(id).as_ref().map(shown).ok_or_else(|| Refused(Refusal::not_found()))
}
