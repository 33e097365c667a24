//! `/inquiries`: create, retrieve, list, update.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::Answered;
use super::call::{Call, text};
use super::paging::{Wanted, page};
use crate::domain::ids::{InquiryId, TemplateId, TemplateVersionId};
use crate::domain::time::Timestamp;
use crate::persona::simulator::inquiries::{Inquiry, NewInquiry};
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::render;
use crate::persona::simulator::settings::EnvironmentKind;
use crate::persona::simulator::world::World;

const ATTRIBUTES: [&str; 12] = [
    "template-id",
    "inquiry-template-id",
    "inquiry-template-version-id",
    "reference-id",
    "account-id",
    "creator-email-address",
    "theme-id",
    "theme-set-id",
    "redirect-uri",
    "note",
    "fields",
    "tags",
];
const BETA_ATTRIBUTE: &str = "initial-step-name";
const META: [&str; 9] = [
    "auto-create-account",
    "auto-create-account-type-id",
    "auto-create-account-reference-id",
    "auto-create-inquiry-session",
    "auto-create-one-time-link",
    "expiration-after-create-interval-seconds",
    "expiration-after-start-interval-seconds",
    "expiration-after-resume-interval-seconds",
    "one-time-link-expiration-seconds",
];
const FILTERS: [&str; 9] = [
    "inquiry-id",
    "account-id",
    "note",
    "reference-id",
    "inquiry-template-id",
    "template-id",
    "status",
    "created-at-start",
    "created-at-end",
];

/// `POST /inquiries`
pub(super) fn create(world: &mut World, call: &Call) -> Result<Answered, Refusal> {
    let allowed: Vec<&str> = ATTRIBUTES.into_iter().chain([BETA_ATTRIBUTE]).collect();
    let attributes = call.object(&["data", "attributes"], &allowed)?;
    let meta = call.object(&["meta"], &META)?;
    let include = call.include()?;
    let id = world.create_inquiry(call.environment, new_inquiry(call, &attributes, &meta)?, call.now)?;
    let is_asked = |key: &str| meta.get(key).and_then(Value::as_bool) == Some(true);
    let mut token = Value::Null;
    if is_asked("auto-create-inquiry-session") {
        let session = world.new_session(&id, call.now)?;
        token = json!(world.session(&session)?.token.expose_secret());
    }
    let (mut long, mut short) = (Value::Null, Value::Null);
    if is_asked("auto-create-one-time-link") {
        let links = world.generate_link(&id, None, call.now)?;
        (long, short) = (json!(links.long.expose_secret()), json!(links.short.expose_secret()));
    }
    let mut document = document(world, call, &id, &include)?;
    document["meta"] = json!({ "session-token": token, "one-time-link": long, "one-time-link-short": short });
    Ok(Answered { status: 201, document })
}

/// `GET /inquiries/{id}`
pub(super) fn retrieve(world: &World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    Ok(Answered::ok(document(world, call, &id, &call.include()?)?))
}

/// `GET /inquiries`
pub(super) fn list(world: &World, call: &Call) -> Result<Answered, Refusal> {
    let filters = call.filters(&FILTERS)?;
    let wanted = Wanted::read(call)?;
    let mut found = Vec::new();
    for inquiry in world.inquiries.values().filter(|inquiry| inquiry.environment == call.environment) {
        if passes(call, inquiry, &filters)? {
            found.push(inquiry);
        }
    }
    let newest_first = |inquiry: &Inquiry| Reverse(inquiry.sequence);
    found.sort_by_key(|inquiry| newest_first(inquiry));
    let place = |cursor: &str| find(world, call, cursor).ok().and_then(|id| world.inquiry(&id).ok()).map(newest_first);
    let page = page(call, &wanted, &found, newest_first, place, |inquiry| inquiry.id.as_str())?;
    let data: Vec<Value> = page.items.into_iter().map(|inquiry| render::inquiry(world, inquiry)).collect();
    Ok(Answered::ok(json!({ "data": data, "links": page.links })))
}

/// `PATCH /inquiries/{id}`
pub(super) fn update(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    let include = call.include()?;
    let attributes = call.object(&["data", "attributes"], &["note", "fields", "tags", "redirect-uri"])?;
    let tags = attributes.get("tags").map(|_| tags(call, &attributes)).transpose()?;
    let fields = fields(call, &attributes)?;
    let note = text(call, &attributes, "note")?;
    let inquiry = world.inquiry_mut(&id)?;
    if inquiry.times.redacted_at.is_some() {
        return Err(Refusal::conflict("Inquiry is redacted"));
    }
    inquiry.note = if attributes.contains_key("note") { note } else { inquiry.note.take() };
    inquiry.fields.extend(fields);
    let retagged = tags.filter(|tags| *tags != inquiry.tags).map(|tags| inquiry.tags = tags).is_some();
    world.changed(&id, retagged.then_some("inquiry.updated-tags"), call.now)?;
    Ok(Answered::ok(document(world, call, &id, &include)?))
}

/// The inquiry of this id in the caller's environment.
pub(super) fn find(world: &World, call: &Call, id: &str) -> Result<InquiryId, Refusal> {
    let id = InquiryId::parse(id).map_err(|_| Refusal::not_found())?;
    let inquiry = world.inquiry(&id)?;
    if inquiry.environment == call.environment { Ok(id) } else { Err(Refusal::not_found()) }
}

/// An inquiry with the related objects asked for.
pub(super) fn document(world: &World, call: &Call, id: &InquiryId, include: &[String]) -> Result<Value, Refusal> {
    let inquiry = world.inquiry(id)?;
    let mut document = json!({ "data": render::inquiry(world, inquiry) });
    if !include.is_empty() {
        let is_sandbox = world.environment(call.environment).kind == EnvironmentKind::Sandbox;
        let shows_templates = !is_sandbox || world.unknowns.sandbox_includes_templates;
        let wanted = |kind: &str| {
            include.iter().any(|name| name == kind) && (shows_templates || !kind.starts_with("inquiry-template"))
        };
        document["included"] = json!(render::related_to_inquiry(world, inquiry, wanted));
    }
    Ok(document)
}

fn new_inquiry(call: &Call, attributes: &Map<String, Value>, meta: &Map<String, Value>) -> Result<NewInquiry, Refusal> {
    let attribute = |key: &str| text(call, attributes, key);
    let template = attribute("inquiry-template-id")?;
    let version = attribute("inquiry-template-version-id")?;
    let legacy = attribute("template-id")?;
    if [&template, &version, &legacy].into_iter().flatten().count() != 1 {
        return Err(call.bad(
            "data.attributes must have exactly one of inquiry-template-id, inquiry-template-version-id and template-id",
        ));
    }
    if legacy.is_some() {
        return Err(Refusal::not_found());
    }
    let without_account = meta.get("auto-create-account") == Some(&Value::Bool(false));
    let account_reference = text(call, meta, "auto-create-account-reference-id")?;
    if without_account && (account_reference.is_some() || meta.contains_key("auto-create-account-type-id")) {
        return Err(call.bad("meta.auto-create-account is false, so nothing can be said of the account"));
    }
    let seconds = |key: &str| interval(call, meta, key);
    Ok(NewInquiry {
        template: template.map(|id| TemplateId::parse(&id)).transpose().map_err(|_| Refusal::not_found())?,
        version: version.map(|id| TemplateVersionId::parse(&id)).transpose().map_err(|_| Refusal::not_found())?,
        reference_id: account_reference.or(attribute("reference-id")?),
        account_id: attribute("account-id")?,
        without_account,
        fields: fields(call, attributes)?,
        tags: tags(call, attributes)?,
        note: attribute("note")?,
        redirect_uri: attribute("redirect-uri")?,
        from_creation: seconds("expiration-after-create-interval-seconds")?,
        from_start: seconds("expiration-after-start-interval-seconds")?,
        from_resume: seconds("expiration-after-resume-interval-seconds")?,
    })
}

fn interval(call: &Call, meta: &Map<String, Value>, key: &str) -> Result<Option<SignedDuration>, Refusal> {
    match meta.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(seconds) if seconds > 0 => Ok(Some(SignedDuration::from_secs(seconds))),
            _ => Err(call.bad(format!("meta.{key} must be a number of seconds greater than 0"))),
        },
    }
}

fn fields(call: &Call, attributes: &Map<String, Value>) -> Result<BTreeMap<String, Value>, Refusal> {
    match attributes.get("fields") {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(fields)) => Ok(fields.clone().into_iter().collect()),
        Some(_) => Err(call.bad("data.attributes.fields must be an object")),
    }
}

fn tags(call: &Call, attributes: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    match attributes.get("tags") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(tags) => serde_json::from_value(tags.clone())
            .map_err(|_| call.bad("data.attributes.tags must be an array of strings")),
    }
}

fn passes(call: &Call, inquiry: &Inquiry, filters: &BTreeMap<String, &str>) -> Result<bool, Refusal> {
    for (name, wanted) in filters {
        let one_of = |value: &str| wanted.split(',').any(|one| one.trim() == value);
        let time = || Timestamp::parse(wanted).map_err(|_| call.bad(format!("filter[{name}] must be a date-time")));
        let passes = match name.as_str() {
            "inquiry-id" => one_of(inquiry.id.as_str()),
            "account-id" => inquiry.account.as_ref().is_some_and(|account| one_of(account.as_str())),
            "note" if filters.len() > 1 => return Err(call.bad("filter[note] must be the only filter")),
            "note" => inquiry.note.as_deref() == Some(*wanted),
            "reference-id" => inquiry.reference_id.as_deref() == Some(*wanted),
            "inquiry-template-id" => one_of(inquiry.template.as_str()),
            "status" => one_of(inquiry.status.as_str()),
            "created-at-start" => inquiry.times.created_at >= time()?,
            "created-at-end" => inquiry.times.created_at <= time()?,
            _ => false,
        };
        if !passes {
            return Ok(false);
        }
    }
    Ok(true)
}
