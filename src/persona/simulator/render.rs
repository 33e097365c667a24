//! Resources as the newest API version writes them, with kebab keys. Complete: every attribute of the published schema
//! (<https://github.com/persona-id/persona-openapi>).

use serde_json::{Map, Value, json};

use super::accounts::Account;
use super::inquiries::Inquiry;
use super::sessions::{Session, SessionStatus};
use super::templates::{Template, Version};
use super::times::written;
use super::world::World;
use crate::domain::time::Timestamp;

/// The fields of every simulated template; those that were not given are null.
const FIELDS: [(&str, &str); 13] = [
    ("name-first", "string"),
    ("name-middle", "string"),
    ("name-last", "string"),
    ("address-street-1", "string"),
    ("address-street-2", "string"),
    ("address-city", "string"),
    ("address-subdivision", "string"),
    ("address-postal-code", "string"),
    ("address-country-code", "string"),
    ("birthdate", "date"),
    ("email-address", "string"),
    ("phone-number", "string"),
    ("identification-number", "string"),
];

/// An inquiry.
pub(super) fn inquiry(world: &World, inquiry: &Inquiry) -> Value {
    json!({
        "type": "inquiry",
        "id": inquiry.id.as_str(),
        "attributes": inquiry_attributes(inquiry),
        "relationships": {
            "account": one("account", inquiry.account.as_ref().map(ToString::to_string)),
            "template": none(),
            "inquiry-template": one("inquiry-template", Some(inquiry.template.to_string())),
            "inquiry-template-version": one("inquiry-template-version", Some(inquiry.version.to_string())),
            "transaction": none(),
            "reviewer": one("user", inquiry.decided_by.clone()),
            "reports": many(&[]),
            "verifications": many(&[]),
            "sessions": many(&sessions_newest_first(world, inquiry)),
            "documents": many(&[]),
            "selfies": many(&[]),
        },
    })
}

fn inquiry_attributes(inquiry: &Inquiry) -> Value {
    let times = inquiry.times;
    json!({
        "status": inquiry.status.as_str(),
        "reference-id": inquiry.reference_id,
        "note": inquiry.note,
        "behaviors": {},
        "tags": inquiry.tags,
        "creator": "API",
        "reviewer-comment": inquiry.reviewer_comment,
        "created-at": written(times.created_at),
        "updated-at": written(times.updated_at),
        "started-at": time(times.started_at),
        "expires-at": time(times.expires_at),
        "completed-at": time(times.completed_at),
        "failed-at": time(times.failed_at),
        "marked-for-review-at": time(times.marked_for_review_at),
        "decisioned-at": time(times.decisioned_at),
        "expired-at": time(times.expired_at),
        "redacted-at": time(times.redacted_at),
        "previous-step-name": inquiry.previous_step,
        "next-step-name": inquiry.next_step,
        "fields": fields(inquiry),
    })
}

fn fields(inquiry: &Inquiry) -> Map<String, Value> {
    let mut fields: Map<String, Value> =
        FIELDS.iter().map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind, "value": null }))).collect();
    for (name, value) in &inquiry.fields {
        let kind = FIELDS.iter().find(|(known, _)| known == name).map_or("string", |(_, kind)| kind);
        fields.insert(name.clone(), json!({ "type": kind, "value": value }));
    }
    fields
}

fn sessions_newest_first(world: &World, inquiry: &Inquiry) -> Vec<Value> {
    let sessions = inquiry.sessions.iter().rev().filter_map(|id| world.sessions.get(id));
    sessions.map(|session| json!({ "type": "inquiry-session", "id": session.id.as_str() })).collect()
}

/// The objects an inquiry points to, of the wanted types.
pub(super) fn related_to_inquiry(world: &World, inquiry: &Inquiry, wanted: impl Fn(&str) -> bool) -> Vec<Value> {
    let mut related = Vec::new();
    if let Some(account) = inquiry.account.as_ref().and_then(|id| world.accounts.get(id)) {
        related.extend(wanted("account").then(|| self::account(account)));
    }
    if let Ok((template, version)) = world.version(&inquiry.version) {
        related.extend(wanted("inquiry-template").then(|| self::template(template)));
        related.extend(wanted("inquiry-template-version").then(|| template_version(template, version)));
    }
    if wanted("sessions") {
        related.extend(inquiry.sessions.iter().rev().filter_map(|id| world.sessions.get(id)).map(session));
    }
    related
}

/// A session. The device is always the same invented one, on a documentation address (RFC 5737).
pub(super) fn session(session: &Session) -> Value {
    let mut attributes = if session.status == SessionStatus::New || session.started_at.is_none() {
        device(&json!({}))
    } else {
        device(&json!({
            "ip-address": "192.0.2.4", "user-agent": "Simulated/1.0", "os-name": "Linux", "os-full-version": "6.1",
            "device-type": "desktop", "browser-name": "Simulated", "browser-full-version": "1.0", "is-proxy": false,
            "is-tor": false, "is-datacenter": false, "is-vpn": false, "threat-level": "low",
        }))
    };
    attributes["status"] = json!(session.status.as_str());
    attributes["created-at"] = json!(written(session.created_at));
    attributes["started-at"] = time(session.started_at);
    attributes["expired-at"] = time(session.expired_at);
    json!({
        "type": "inquiry-session",
        "id": session.id.as_str(),
        "attributes": attributes,
        "relationships": {
            "inquiry": one("inquiry", Some(session.inquiry.to_string())),
            "device": none(),
            "network": none(),
        },
    })
}

fn device(known: &Value) -> Value {
    const KEYS: [&str; 28] = [
        "ip-address",
        "user-agent",
        "os-name",
        "os-full-version",
        "device-type",
        "device-name",
        "browser-name",
        "browser-full-version",
        "mobile-sdk-name",
        "mobile-sdk-full-version",
        "device-handoff-method",
        "is-proxy",
        "is-tor",
        "is-datacenter",
        "is-vpn",
        "threat-level",
        "country-code",
        "country-name",
        "region-code",
        "region-name",
        "latitude",
        "longitude",
        "gps-latitude",
        "gps-longitude",
        "gps-precision",
        "ip-connection-type",
        "ip-isp",
        "network-organization",
    ];
    Value::Object(KEYS.iter().map(|key| ((*key).to_owned(), known[*key].clone())).collect())
}

/// A template.
pub(super) fn template(template: &Template) -> Value {
    json!({
        "type": "inquiry-template",
        "id": template.id.as_str(),
        "attributes": {
            "name": template.name,
            "status": "active",
            "embedded-flow-domain-allowlist": [],
            "hosted-flow-subdomains": [],
            "hosted-flow-redirect-uri-schemes": ["https"],
            "field-schemas": [],
        },
        "relationships": {
            "latest-published-version": one("inquiry-template-version", Some(template.latest().id.to_string())),
        },
    })
}

/// A version of a template.
pub(super) fn template_version(template: &Template, version: &Version) -> Value {
    let published_at = written(version.published_at);
    json!({
        "type": "inquiry-template-version",
        "id": version.id.as_str(),
        "attributes": {
            "name-display": template.name,
            "description": null,
            "status": "published",
            "live": version.id == template.latest().id,
            "last-updater": null,
            "enabled-locales": ["en-US"],
            "created-at": published_at,
            "updated-at": published_at,
            "published-at": published_at,
            "theme": {},
        },
        "relationships": { "inquiry-template": one("inquiry-template", Some(template.id.to_string())) },
    })
}

/// An account.
pub(super) fn account(account: &Account) -> Value {
    let at = written(account.created_at);
    json!({
        "type": "account",
        "id": account.id.as_str(),
        "attributes": {
            "reference-id": account.reference_id,
            "account-type-name": "User",
            "created-at": at,
            "updated-at": at,
            "redacted-at": null,
            "fields": {},
            "tags": [],
            "account-status": "Default",
        },
        "relationships": { "account-type": one("account-type", Some("acttp_SimulatedDefaultType".to_owned())) },
    })
}

fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::String(written(at)))
}

fn one(kind: &str, id: Option<String>) -> Value {
    json!({ "data": id.map(|id| json!({ "type": kind, "id": id })) })
}

fn none() -> Value {
    json!({ "data": null })
}

fn many(items: &[Value]) -> Value {
    json!({ "data": items })
}
