//! `/v1/inquiries`: one inquiry for a person and template, and looking it up.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::access::{self, AccessAnswer};
use super::body::Body;
use super::caller::{Caller, away, not_found};
use super::people::{ContactSaid, checked};
use super::wire::{InquiryView, Within, query, reference_id, template, unusable};
use crate::app::access::Whom;
use crate::app::contacts::ContactKey;
use crate::app::create::{Wish, Wished};
use crate::app::customers::Named;
use crate::app::idempotency::Replay;
use crate::domain::access::Form;
use crate::domain::contact::Contact;
use crate::domain::ids::{EnvironmentName, InquiryId, ReferenceId};
use crate::domain::token::{Grant, Scope};
use crate::http::described::Refused;
use crate::http::problem::Problem;

/// The inquiry you want.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInquiry {
    /// Your own name for the person; opaque is best
    reference_id: String,
    /// The template (`itmpl_…`)
    template_id: String,
    /// The environment; the token's, or the only one, without
    environment: Option<String>,
    /// Whose it is to be; a token bound to a customer needs not say
    customer: Option<String>,
    /// Fields to begin with, by name
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Value>,
    /// Where the browser goes when the person is through
    redirect_uri: Option<String>,
    /// How the person is reached; kept for all their inquiries
    contact: Option<ContactSaid>,
    /// How long it lives, instead of the template's settings
    expiry: Option<Expiry>,
    /// Get a session token along with it; needs the scope `access`
    #[serde(default)]
    session: bool,
    /// A verification that is done is enough: make no other
    #[serde(default)]
    once: bool,
}

/// How long an inquiry lives, in seconds: a minute to 90 days. Persona advises against more than 15 days.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are the keys of a body")]
pub(super) struct Expiry {
    /// From creation
    after_create_seconds: Option<u32>,
    /// From its start
    after_start_seconds: Option<u32>,
    /// From a resume
    after_resume_seconds: Option<u32>,
}

/// The inquiry, made or found.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "they are the keys of an answer")]
pub(super) struct Created {
    /// Whether it was made now
    created: bool,
    inquiry: InquiryView,
    /// How the person gets in, where `session` was asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<AccessAnswer>,
}

/// A person's inquiries, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Found {
    inquiries: Vec<InquiryView>,
}

/// Whose inquiries.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// Your own name for the person
    pub(super) reference_id: String,
    /// Of this template only
    pub(super) template: Option<String>,
    /// In this environment only
    pub(super) environment: Option<String>,
}

/// Get the inquiry of a person and template, made if none is alive
///
/// However often and from wherever you ask, there is one. A new one is made when the one before ended or was given up.
/// Send an `Idempotency-Key` to get the very same answer to a request that you repeat.
#[utoipa::path(
    post, path = "/v1/inquiries", tag = "Inquiries", operation_id = "createInquiry", request_body = NewInquiry,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; remembered for two days")),
    responses(
        (status = 200, description = "It was there", body = Created),
        (status = 201, description = "It was made", body = Created),
        Refused,
    ),
    security(("token" = ["inquiries:write"])),
)]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Body { said, raw }: Body<NewInquiry>,
) -> Result<Response, Problem> {
    caller.may(Scope::InquiriesWrite)?;
    if said.session {
        caller.may(Scope::Access)?;
    }
    let (session, environment) = (said.session, caller.environment(&api, said.environment.as_deref())?);
    let key = idempotency_key(&headers)?;
    let known = match key {
        Some(key) => replayed(&api, &caller.grant, key, &raw).await?,
        None => None,
    };
    let (status, text) = match known {
        Some(known) => known,
        None => make(&api, &caller, said, &environment, key).await?,
    };
    let mut answer: Value = serde_json::from_str(&text).map_err(|error| away(&error))?;
    if session && let Some(id) = answer["inquiry"]["id"].as_str().and_then(|id| InquiryId::parse(id).ok()) {
        let named = Named { whom: Whom::Inquiry(id), environment: Some(environment) };
        let access = access::admit(&api, &caller, &named, Form::Sdk, false).await?;
        answer["access"] = serde_json::to_value(access).map_err(|error| away(&error))?;
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok((status, Json(answer)).into_response())
}

/// Look an inquiry up
///
/// An id whose inquiry was replaced leads to the one that took its place, with `instead_of` saying so.
#[utoipa::path(
    get, path = "/v1/inquiries/{id}", tag = "Inquiries", operation_id = "getInquiry",
    params(("id" = String, Path, description = "Persona's id (`inq_…`)"), Within),
    responses(
        (status = 200, description = "The inquiry", body = InquiryView),
        Refused,
    ),
    security(("token" = ["inquiries:read"])),
)]
pub(super) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    within: Result<Query<Within>, QueryRejection>,
) -> Result<Json<InquiryView>, Problem> {
    caller.may(Scope::InquiriesRead)?;
    let environment = caller.named(query(within)?.environment.as_deref())?;
    let id = InquiryId::parse(&id).map_err(|_| not_found("inquiry"))?;
    view(&api, &caller.grant, &id, environment.as_ref()).await.map(Json)
}

/// Find a person's inquiries
///
/// By your own name for the person, also where a static link gave Persona an opaque one; 100 at most, newest first.
#[utoipa::path(
    get, path = "/v1/inquiries", tag = "Inquiries", operation_id = "findInquiries", params(Whose),
    responses(
        (status = 200, description = "The inquiries", body = Found),
        Refused,
    ),
    security(("token" = ["inquiries:read"])),
)]
pub(super) async fn find(
    State(api): State<Api>,
    caller: Caller,
    whose: Result<Query<Whose>, QueryRejection>,
) -> Result<Json<Found>, Problem> {
    caller.may(Scope::InquiriesRead)?;
    let whose = query(whose)?;
    let person = reference_id(&whose.reference_id)?;
    let of = whose.template.as_deref().map(template).transpose()?;
    let environment = caller.named(whose.environment.as_deref())?;
    let found = api.app.sights(&caller.grant, &person, of.as_ref(), environment.as_ref()).await;
    let inquiries = found.map_err(|error| away(&error))?.into_iter().map(InquiryView::from).collect();
    Ok(Json(Found { inquiries }))
}

async fn view(
    api: &Api,
    grant: &Grant,
    id: &InquiryId,
    environment: Option<&EnvironmentName>,
) -> Result<InquiryView, Problem> {
    let sight = api.app.sight(grant, id, environment).await.map_err(|error| away(&error))?;
    sight.map(InquiryView::from).ok_or_else(|| not_found("inquiry"))
}

/// Makes or finds it; status and body, as they are remembered under the key.
async fn make(
    api: &Api,
    caller: &Caller,
    said: NewInquiry,
    environment: &EnvironmentName,
    key: Option<&str>,
) -> Result<(u16, String), Problem> {
    let (wish, contact) = wish(api, caller, said, environment)?;
    let (created, id) = match api.app.create_or_get(&wish).await.map_err(|error| away(&error))? {
        Wished::Made(id) => (true, id),
        Wished::Found(id) => (false, id),
        other => return Err(unfulfilled(other)),
    };
    if let Some(contact) = contact {
        let (customer, reference_id) = (wish.customer.clone(), wish.reference_id.clone());
        let key = ContactKey { environment: environment.clone(), customer, reference_id };
        api.app.give_contact(&key, &contact).await.map_err(|error| away(&error))?;
    }
    let inquiry = view(api, &caller.grant, &id, Some(environment)).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK }.as_u16();
    let text = serde_json::to_string(&Created { created, inquiry, access: None }).map_err(|error| away(&error))?;
    match key {
        Some(key) => api.app.remember(&caller.grant.token, key, status, &text).await.map_err(|error| away(&error)),
        None => Ok((status, text)),
    }
}

fn wish(
    api: &Api,
    caller: &Caller,
    said: NewInquiry,
    environment: &EnvironmentName,
) -> Result<(Wish, Option<Contact>), Problem> {
    let person = reference_id(&said.reference_id)?;
    let customer = caller.customer(api, said.customer.as_deref())?;
    if let Some(rules) = customer.as_ref().and_then(|name| api.app.customers().get(name)) {
        own_name(&rules.reference_prefixes, &person)?;
    }
    let redirect_uri = said.redirect_uri.as_deref().map(address).transpose()?;
    let contact = said.contact.map(checked).transpose()?;
    let expiry = said.expiry;
    let lifetimes =
        expiry.map_or([None; 3], |e| [e.after_create_seconds, e.after_start_seconds, e.after_resume_seconds]);
    if lifetimes.iter().flatten().any(|seconds| !(60..=90 * 86_400).contains(seconds)) {
        return Err(unusable("expiry must be from 60 seconds to 90 days"));
    }
    let wish = Wish {
        environment: environment.clone(),
        reference_id: person,
        template: template(&said.template_id)?,
        customer,
        fields: said.fields.into_iter().collect(),
        redirect_uri,
        lifetimes: lifetimes.map(|seconds| seconds.map(|seconds| SignedDuration::from_secs(i64::from(seconds)))),
        once: said.once,
    };
    Ok((wish, contact))
}

/// A customer with prefixes of its own uses them, so that no two customers can mean one person.
pub(super) fn own_name(prefixes: &[String], person: &ReferenceId) -> Result<(), Problem> {
    if prefixes.is_empty() || prefixes.iter().any(|prefix| person.as_str().starts_with(prefix.as_str())) {
        return Ok(());
    }
    Err(unusable(format!("reference_id must begin with {}", prefixes.join(" or "))))
}

/// An address a browser may be sent to.
pub(super) fn address(text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    url.ok_or_else(|| unusable("redirect_uri is no address of the web; write it like \"https://app.example.com/done\""))
}

fn unfulfilled(wished: Wished) -> Problem {
    match wished {
        Wished::NotTheirs => {
            let detail = "this reference_id can't be used with this template and customer; use one of the customer's \
                          own, best with a prefix in `reference_prefixes`";
            Problem::new(StatusCode::CONFLICT, detail).code("not-theirs")
        }
        Wished::Refused(why) => {
            let detail = format!("Persona refuses it: {why}");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).code("refused")
        }
        Wished::NotActing => access::not_acting(),
        Wished::Busy { retry_after } => access::busy(retry_after),
        Wished::NoEnvironment | Wished::Made(_) | Wished::Found(_) => not_found("environment"),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let fits = |key: &&str| (1..=255).contains(&key.len());
    let key = value.to_str().ok().filter(fits);
    let wrong = || Problem::new(StatusCode::BAD_REQUEST, "Idempotency-Key must be 1 to 255 ASCII characters");
    key.map(Some).ok_or_else(wrong)
}

async fn replayed(api: &Api, grant: &Grant, key: &str, raw: &[u8]) -> Result<Option<(u16, String)>, Problem> {
    let request = [b"POST /v1/inquiries\n", raw].concat();
    match api.app.replay(&grant.token, key, &request).await.map_err(|error| away(&error))? {
        Replay::New => Ok(None),
        Replay::Answered { status, body } => Ok(Some((status, body))),
        Replay::Different => {
            let detail = "this Idempotency-Key was used for another request; use a new one";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).code("key-reused"))
        }
    }
}
