//! `/v1/people`: how a person is reached, as the application says.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::body::Body;
use super::caller::{Caller, away, not_found};
use super::inquiries::own_name;
use super::wire::{query, reference_id, unusable};
use crate::app::contacts::ContactKey;
use crate::domain::contact::{Contact, Written};
use crate::domain::ids::{CustomerName, ReferenceId};
use crate::domain::token::Scope;
use crate::http::described::Refused;
use crate::http::problem::Problem;

/// How a person is reached. It is sealed, goes when the person is redacted, and is never given out again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactSaid {
    /// Their e-mail address
    email: String,
    /// Their name, as they are addressed
    name: Option<String>,
    /// The language they read, as a language tag (`de`, `pt-BR`)
    language: Option<String>,
    /// The time zone they live in (`Europe/Berlin`)
    time_zone: Option<String>,
    /// The country they live in, in two letters; it says the time zone where the country has only one
    country: Option<String>,
}

/// How a person is reached, and whose person it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactOf {
    /// The environment; the token's, or the only one, without
    environment: Option<String>,
    /// Whose person it is; a token bound to a customer needs not say
    customer: Option<String>,
    /// How they are reached
    contact: ContactSaid,
}

/// Whose contact it is or was.
#[derive(Serialize, ToSchema)]
pub(super) struct ContactKept {
    /// Your own name for the person
    reference_id: String,
    /// The environment
    environment: String,
    /// Whose person it is
    customer: Option<String>,
}

/// Whose person it is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhoseContact {
    /// The environment; the token's, or the only one, without
    environment: Option<String>,
    /// The customer; a token bound to one needs not say
    customer: Option<String>,
}

/// Say how a person is reached
///
/// In place of what was said before. Reminders by e-mail go there, in the person's language, at hours that suit them.
#[utoipa::path(
    put, path = "/v1/people/{reference-id}/contact", tag = "People", operation_id = "setContact",
    params(("reference-id" = String, Path, description = "Your own name for the person")), request_body = ContactOf,
    responses(
        (status = 200, description = "It is kept", body = ContactKept),
        Refused,
    ),
    security(("token" = ["inquiries:write"])),
)]
pub(super) async fn set(
    State(api): State<Api>,
    caller: Caller,
    Path(person): Path<String>,
    Body { said, .. }: Body<ContactOf>,
) -> Result<Json<ContactKept>, Problem> {
    caller.may(Scope::InquiriesWrite)?;
    let key = key(&api, &caller, &person, said.environment.as_deref(), said.customer.as_deref())?;
    let contact = checked(said.contact)?;
    api.app.give_contact(&key, &contact).await.map_err(|error| away(&error))?;
    Ok(Json(key.into()))
}

/// Forget how a person is reached
///
/// It is destroyed, in backups too. An address that is read from an inquiry's fields stays known by them.
#[utoipa::path(
    delete, path = "/v1/people/{reference-id}/contact", tag = "People", operation_id = "deleteContact",
    params(("reference-id" = String, Path, description = "Your own name for the person"), WhoseContact),
    responses(
        (status = 200, description = "It is forgotten", body = ContactKept),
        Refused,
    ),
    security(("token" = ["inquiries:write"])),
)]
pub(super) async fn forget(
    State(api): State<Api>,
    caller: Caller,
    Path(person): Path<String>,
    whose: Result<Query<WhoseContact>, QueryRejection>,
) -> Result<Json<ContactKept>, Problem> {
    caller.may(Scope::InquiriesWrite)?;
    let whose = query(whose)?;
    let key = key(&api, &caller, &person, whose.environment.as_deref(), whose.customer.as_deref())?;
    let forgotten = api.app.forget_contact(&key).await.map_err(|error| away(&error))?;
    if forgotten { Ok(Json(key.into())) } else { Err(not_found("contact")) }
}

impl From<ContactKey> for ContactKept {
    fn from(key: ContactKey) -> Self {
        Self {
            reference_id: key.reference_id.to_string(),
            environment: key.environment.to_string(),
            customer: key.customer.map(|name| name.to_string()),
        }
    }
}

fn key(
    api: &Api,
    caller: &Caller,
    person: &str,
    environment: Option<&str>,
    customer: Option<&str>,
) -> Result<ContactKey, Problem> {
    let environment = caller.environment(api, environment)?;
    let customer = caller.customer(api, customer)?;
    let reference_id = reference_id(person)?;
    theirs(api, customer.as_ref(), &reference_id)?;
    Ok(ContactKey { environment, customer, reference_id })
}

/// Refuses a customer somebody whose name is another's.
pub(super) fn theirs(api: &Api, customer: Option<&CustomerName>, person: &ReferenceId) -> Result<(), Problem> {
    if let Some(rules) = customer.and_then(|name| api.app.customers().get(name)) {
        own_name(&rules.reference_prefixes, person)?;
    }
    if api.app.may_tell_of(customer, person) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::CONFLICT, "this reference_id is another customer's").code("not-theirs"))
}

/// A contact as it can be kept.
pub(super) fn checked(said: ContactSaid) -> Result<Contact, Problem> {
    let ContactSaid { email: address, name, language, time_zone, country } = said;
    let written = Written { address, name, language, time_zone, country };
    Contact::check(written).map_err(|why| unusable(format!("contact: {why}")))
}
