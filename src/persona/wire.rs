//! Persona's JSON, as sent and as answered. Nothing here leaves the module's parent.

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use crate::domain::ids::{AccountId, EventId, InvalidId, ReferenceId, SessionId, TemplateId};
use crate::domain::observation::Snapshot;
use crate::domain::resource::{self, get, id_of, is, path};
use crate::domain::status::Status;
use crate::domain::template::{Template, TemplateSource};
use crate::domain::time::Timestamp;
use crate::persona::answer::{EventBody, Fields, Page, Session, SessionStatus};
use crate::persona::error::{Refusal, without_values};
use crate::persona::request::{EventFilter, ListFilter, NewInquiry, SearchFilter};

#[derive(Serialize)]
struct Create<'a> {
    data: NewInquiryResource<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<CreateMeta<'a>>,
}

#[derive(Serialize)]
struct NewInquiryResource<'a> {
    attributes: CreateAttributes<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CreateAttributes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inquiry_template_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CreateMeta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_create_account_reference_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_after_create_interval_seconds: Option<i32>,
}

#[derive(Serialize)]
struct Link {
    meta: LinkMeta,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct LinkMeta {
    expires_in_seconds: i32,
}

#[derive(Serialize)]
struct Search<'a> {
    query: Predicate,
    sort: Sort,
    page: SearchPage<'a>,
}

#[derive(Serialize)]
struct Predicate {
    attribute: &'static str,
    operator: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Sort {
    attribute: &'static str,
    direction: &'static str,
}

#[derive(Serialize)]
struct SearchPage<'a> {
    size: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

/// The body that searches for inquiries, those that changed last first: one that changes while pages are read moves
/// to the front, and is met again rather than missed.
pub(super) fn search(filter: &SearchFilter, after: Option<&str>, size: u8) -> Value {
    json(&Search {
        query: Predicate { attribute: "updated_at", operator: "gte", value: filter.updated_from.to_string() },
        sort: Sort { attribute: "updated_at", direction: "desc" },
        page: SearchPage { size: size.clamp(1, 100), after },
    })
}

/// The body that creates an inquiry.
pub(super) fn create(new: &NewInquiry) -> Value {
    // Templates of the legacy product have an attribute of their own.
    let template = new.template.as_str();
    let legacy = template.starts_with("tmpl_");
    let attributes = CreateAttributes {
        template_id: legacy.then_some(template),
        inquiry_template_id: (!legacy).then_some(template),
        reference_id: new.reference_id.as_ref().map(ReferenceId::as_str),
        account_id: new.account_id.as_ref().map(AccountId::as_str),
        redirect_uri: new.redirect_uri.as_ref().map(Url::as_str),
        fields: (!new.fields.is_empty()).then_some(&new.fields),
    };
    let meta = CreateMeta {
        auto_create_account_reference_id: new.account_reference_id.as_ref().map(ReferenceId::as_str),
        expiration_after_create_interval_seconds: new.lifetime.map(seconds),
    };
    let said = new.account_reference_id.is_some() || new.lifetime.is_some();
    json(&Create { data: NewInquiryResource { attributes }, meta: said.then_some(meta) })
}

/// The body that asks for a link of a certain life.
pub(super) fn link(expires_in: SignedDuration) -> Value {
    json(&Link { meta: LinkMeta { expires_in_seconds: seconds(expires_in) } })
}

fn seconds(duration: SignedDuration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX).max(1)
}

/// Structs of texts and numbers always have a JSON form.
fn json(body: &impl Serialize) -> Value {
    serde_json::to_value(body).unwrap_or_default()
}

/// The query that lists inquiries.
pub(super) fn inquiries_query(filter: &ListFilter) -> Vec<(&'static str, String)> {
    let statuses: Vec<&str> = filter.statuses.iter().map(Status::as_str).collect();
    let template = filter.template.as_ref().map(TemplateId::as_str);
    let by_template = if template.is_some_and(|id| id.starts_with("tmpl_")) {
        "filter[template-id]"
    } else {
        "filter[inquiry-template-id]"
    };
    let mut query = Vec::new();
    let mut add = |name, value: Option<String>| query.extend(value.map(|value| (name, value)));
    add("filter[status]", (!statuses.is_empty()).then(|| statuses.join(",")));
    add("filter[reference-id]", filter.reference_id.as_ref().map(ToString::to_string));
    add("filter[account-id]", filter.account_id.as_ref().map(ToString::to_string));
    add(by_template, template.map(str::to_owned));
    add("filter[created-at-start]", filter.created_from.as_ref().map(ToString::to_string));
    add("filter[created-at-end]", filter.created_until.as_ref().map(ToString::to_string));
    query
}

/// The query that lists events.
pub(super) fn events_query(filter: &EventFilter) -> Vec<(&'static str, String)> {
    let ids: Vec<&str> = filter.ids.iter().map(EventId::as_str).collect();
    let mut query = Vec::new();
    let mut add = |name, value: Option<String>| query.extend(value.map(|value| (name, value)));
    add("filter[name]", (!filter.names.is_empty()).then(|| filter.names.join(",")));
    add("filter[object-id]", filter.inquiry.as_ref().map(ToString::to_string));
    add("filter[id]", (!ids.is_empty()).then(|| ids.join(",")));
    query
}

/// Which page of a list: `after` is the last id of the page before, `size` is held to Persona's 1 to 100.
pub(super) fn page_query(query: &mut Vec<(&'static str, String)>, after: Option<&str>, size: u8) {
    query.push(("page[size]", size.clamp(1, 100).to_string()));
    query.extend(after.map(|id| ("page[after]", id.to_owned())));
}

/// The inquiry an answer carries.
pub(super) fn inquiry(body: &Value) -> Option<Snapshot> {
    listed_inquiry(get(body, "data")?)
}

/// An inquiry resource.
pub(super) fn listed_inquiry(resource: &Value) -> Option<Snapshot> {
    resource::snapshot(Some(resource).filter(|resource| is(resource, "inquiry"))?)
}

/// A session resource.
pub(super) fn listed_session(resource: &Value) -> Option<Session> {
    let id = id_of(resource, SessionId::parse).filter(|_| is(resource, "inquiry-session"))?;
    let status = match path(resource, &["attributes", "status"]).and_then(Value::as_str) {
        Some("new") => SessionStatus::New,
        Some("active") => SessionStatus::Active,
        _ => SessionStatus::Dead,
    };
    Some(Session { id, status })
}

/// The values of those fields of an answer's inquiry that are named; what has none is left out.
pub(super) fn fields(body: &Value, names: &[String]) -> Fields {
    let all = path(body, &["data", "attributes", "fields"]).and_then(Value::as_object);
    let value = |name: &String| {
        let field = all?.get(name)?;
        let value = get(field, "value").filter(|value| !value.is_null())?;
        Some((name.clone(), value.clone()))
    };
    Fields(names.iter().filter_map(value).collect())
}

/// The template an answer carries.
pub(super) fn template(body: &Value, now: Timestamp) -> Option<Template> {
    listed_template(get(body, "data")?, now)
}

/// A template resource.
pub(super) fn listed_template(resource: &Value, now: Timestamp) -> Option<Template> {
    resource::template(Some(resource).filter(|resource| is(resource, "inquiry-template"))?, TemplateSource::Listed, now)
}

/// The template included with an inquiry.
pub(super) fn included_template(body: &Value, inquiry: &Snapshot, now: Timestamp) -> Option<Template> {
    let own = inquiry.attributes.template_id.as_ref().and_then(Option::as_ref);
    let included = get(body, "included")?.as_array()?.iter();
    let mut templates = included
        .filter(|item| is(item, "inquiry-template"))
        .filter_map(|it| resource::template(it, TemplateSource::Read, now));
    templates.find(|template| own.is_none_or(|id| *id == template.id))
}

/// A text under `meta`.
pub(super) fn meta<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    path(body, &["meta", key])?.as_str().filter(|text| !text.trim().is_empty())
}

/// The event an answer carries.
pub(super) fn event(body: &Value) -> Option<EventBody> {
    listed_event(get(body, "data")?)
}

/// An event resource.
pub(super) fn listed_event(resource: &Value) -> Option<EventBody> {
    id_of(resource, EventId::parse).filter(|_| is(resource, "event"))?;
    Some(EventBody::of(resource))
}

/// A page of a list. `None` when there is no list.
pub(super) fn page<T, Id>(
    body: &Value,
    read: impl Fn(&Value) -> Option<T>,
    parse: impl Fn(&str) -> Result<Id, InvalidId>,
) -> Option<Page<T, Id>> {
    let listed = get(body, "data")?.as_array()?;
    let items: Vec<T> = listed.iter().filter_map(read).collect();
    let unreadable = listed.len() - items.len();
    let next = path(body, &["links", "next"]).and_then(Value::as_str);
    // Where the link names no cursor we can read, the page's last id is one.
    let next = next.and_then(|link| cursor(link, &parse).or_else(|| id_of(listed.last()?, &parse)));
    Some(Page { items, next, unreadable })
}

/// The `page[after]` of a link, which Persona gives without a host.
fn cursor<Id>(link: &str, parse: impl Fn(&str) -> Result<Id, InvalidId>) -> Option<Id> {
    let (_, query) = link.split_once('?')?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "page[after]").and_then(|(_, id)| parse(&id).ok())
}

/// What a refusal's body says: the first of its `errors`.
pub(super) fn refusal(status: u16, body: &[u8], request_id: Option<String>, wait: Option<u32>) -> Refusal {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let first = get(&body, "errors").and_then(|errors| errors.get(0)).unwrap_or(&Value::Null);
    let text = |key| get(first, key).and_then(Value::as_str).and_then(without_values);
    Refusal {
        status,
        title: text("title"),
        details: text("details"),
        request_id,
        asked_wait: wait.map(|seconds| SignedDuration::from_secs(i64::from(seconds))),
    }
}
