//! What the control routes show, as JSON.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::deliveries::DeliveryState;
use super::dispatch::{DeliveryOutcome, DeliveryReport};
use super::requests::RequestRecord;
use super::times::written;
use super::views::{DeliveryView, EventView, InquiryView};

pub(super) fn shown(view: &InquiryView) -> Value {
    let sessions = view.sessions.iter().map(|session| {
        json!({ "id": session.id.as_str(), "status": session.status.as_str(), "expires-at": written(session.expires_at) })
    });
    let links = view.links.iter().map(|link| {
        json!({
            "url": link.url.expose_secret(),
            "session": link.session.as_str(),
            "expires-at": written(link.expires_at),
            "first-used-at": link.first_used_at.map(written),
        })
    });
    json!({
        "id": view.id.as_str(),
        "environment": view.environment,
        "status": view.status.as_str(),
        "template": view.template.as_str(),
        "version": view.version.as_str(),
        "reference-id": view.reference_id,
        "created-at": written(view.created_at),
        "expires-at": view.expires_at.map(written),
        "next-step": view.next_step,
        "plain-link": view.plain_link.expose_secret(),
        "sessions": sessions.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
    })
}

pub(super) fn shown_delivery(view: &DeliveryView) -> Value {
    let (state, due_at) = match view.state {
        DeliveryState::Due(at) => ("due", Some(written(at))),
        DeliveryState::UnderWay => ("under-way", None),
        DeliveryState::Delivered => ("delivered", None),
        DeliveryState::Failed => ("failed", None),
    };
    json!({
        "event": view.event.as_str(),
        "name": view.name,
        "environment": view.environment,
        "attempts-made": view.attempts_made,
        "last-status": view.last_status,
        "state": state,
        "due-at": due_at,
    })
}

pub(super) fn shown_request(record: &RequestRecord) -> Value {
    json!({
        "at": written(record.at),
        "environment": record.environment,
        "request": record.line(),
        "query": record.query,
        "idempotency-key": record.idempotency_key,
        "status": record.status,
        "replayed": record.replayed,
    })
}

pub(super) fn shown_event(view: &EventView) -> Value {
    json!({
        "id": view.id.as_str(),
        "environment": view.environment,
        "name": view.name,
        "object": view.object,
        "created-at": written(view.created_at),
    })
}

pub(super) fn shown_report(report: &DeliveryReport) -> Value {
    let (outcome, status) = match report.outcome {
        DeliveryOutcome::Answered(status) => ("answered", Some(status)),
        DeliveryOutcome::TimedOut => ("timed-out", None),
        DeliveryOutcome::Unreachable => ("unreachable", None),
        DeliveryOutcome::Lost => ("lost", None),
    };
    json!({
        "event": report.event.as_str(),
        "name": report.name,
        "attempt": report.attempt,
        "outcome": outcome,
        "status": status,
    })
}
