//! `/v1/suppressions`: what people do not want to be told, as an application says for them.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::body::Body;
use super::caller::{Caller, away, not_found};
use super::people::theirs;
use super::wire::{query, reference_id, unusable};
use crate::app::customers::Named;
use crate::app::suppressions::{StoredSuppression, SuppressedBy, Target, Wanted};
use crate::domain::contact;
use crate::domain::ids::{InquiryId, NotifierName};
use crate::domain::token::Scope;
use crate::http::described::Refused;
use crate::http::problem::Problem;

/// The most that one answer lists.
const MOST: u32 = 200;

/// Whom not to tell. Exactly one of `reference_id`, `email` and `inquiry_id`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSuppression {
    /// A person, by your own name for them
    reference_id: Option<String>,
    /// Whoever has this address; it is kept as a hash
    email: Option<String>,
    /// One verification, by its inquiry
    inquiry_id: Option<String>,
    /// In this environment only
    environment: Option<String>,
    /// To this customer's people; a token bound to a customer needs not say
    customer: Option<String>,
    /// By this channel only, as the operator named it
    channel: Option<String>,
    /// Why; kept with it
    reason: String,
}

/// Somebody who is not to be told.
#[derive(Serialize, ToSchema)]
pub(super) struct SuppressionView {
    /// What it is known by
    id: String,
    /// `person`, `address` or `lineage`
    by: String,
    /// The reference id, or the verification's first inquiry; an address is not given out
    value: Option<String>,
    /// In this environment only
    environment: Option<String>,
    /// To this customer's people
    customer: Option<String>,
    /// By this channel only
    channel: Option<String>,
    /// Why
    reason: String,
    /// Who said so
    said_by: String,
    /// When
    #[schema(format = DateTime)]
    since: String,
}

/// Those who are not to be told.
#[derive(Serialize, ToSchema)]
pub(super) struct Suppressions {
    suppressions: Vec<SuppressionView>,
    /// Where to go on, as `after`
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// The `next` of the answer before
    after: Option<String>,
}

/// Tell somebody nothing any more
///
/// Nobody whom it is about is reminded, by any channel or by the one named. Whoever comes by themselves still gets in.
#[utoipa::path(
    post, path = "/v1/suppressions", tag = "People", operation_id = "createSuppression", request_body = NewSuppression,
    responses(
        (status = 200, description = "It was there", body = SuppressionView),
        (status = 201, description = "It holds from now on", body = SuppressionView),
        Refused,
    ),
    security(("token" = ["inquiries:write"])),
)]
pub(super) async fn add(
    State(api): State<Api>,
    caller: Caller,
    Body { said, .. }: Body<NewSuppression>,
) -> Result<(StatusCode, Json<SuppressionView>), Problem> {
    caller.may(Scope::InquiriesWrite)?;
    let wanted = wanted(&api, &caller, said).await?;
    let by = format!("token {}", caller.grant.token);
    let kept = api.app.suppress(&wanted, &by).await.map_err(|error| away(&error))?;
    let (one, added) = kept.ok_or_else(|| not_found("inquiry"))?;
    Ok((if added { StatusCode::CREATED } else { StatusCode::OK }, Json(one.into())))
}

/// List those who are not to be told
#[utoipa::path(
    get, path = "/v1/suppressions", tag = "People", operation_id = "listSuppressions", params(After),
    responses(
        (status = 200, description = "200 of them at most", body = Suppressions),
        Refused,
    ),
    security(("token" = ["inquiries:read"])),
)]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Json<Suppressions>, Problem> {
    caller.may(Scope::InquiriesRead)?;
    let after = query(after)?.after.unwrap_or_default();
    let found = api.app.suppressions(&after, MOST, caller.grant.customer.as_ref()).await;
    let found = found.map_err(|error| away(&error))?;
    let full = found.len() == usize::try_from(MOST).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| full).map(StoredSuppression::id);
    let own = caller.grant.environment.as_ref();
    let within = |one: &StoredSuppression| own.is_none() || one.environment.as_ref() == own;
    let suppressions = found.into_iter().filter(within).map(SuppressionView::from).collect();
    Ok(Json(Suppressions { suppressions, next }))
}

/// Tell somebody again
#[utoipa::path(
    delete, path = "/v1/suppressions/{id}", tag = "People", operation_id = "deleteSuppression",
    params(("id" = String, Path, description = "What it is known by")),
    responses(
        (status = 200, description = "It held until now", body = SuppressionView),
        Refused,
    ),
    security(("token" = ["inquiries:write"])),
)]
pub(super) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SuppressionView>, Problem> {
    caller.may(Scope::InquiriesWrite)?;
    let within = (caller.grant.environment.as_ref(), caller.grant.customer.as_ref());
    let removed = api.app.unsuppress(&id, within).await.map_err(|error| away(&error))?;
    removed.map(|one| Json(one.into())).ok_or_else(|| not_found("suppression"))
}

async fn wanted(api: &Api, caller: &Caller, said: NewSuppression) -> Result<Wanted, Problem> {
    let customer = caller.customer(api, said.customer.as_deref())?;
    let named = caller.named(said.environment.as_deref())?;
    if named.as_ref().is_some_and(|name| !api.app.environments().contains_key(name)) {
        return Err(not_found("environment"));
    }
    let environment = caller.grant.environment.clone().or(named);
    if said.reason.trim().is_empty() {
        return Err(unusable("reason is empty; say why nobody is to be told"));
    }
    let target = match (said.reference_id, said.email, said.inquiry_id) {
        (Some(person), None, None) => {
            let person = reference_id(&person)?;
            theirs(api, customer.as_ref(), &person)?;
            Target::Person(person)
        }
        (None, Some(email), None) => {
            let address = contact::address(&email).ok_or_else(|| unusable("email is no e-mail address"))?;
            Target::Address(SecretString::from(address))
        }
        (None, None, Some(id)) => {
            let id = InquiryId::parse(&id).map_err(|_| not_found("inquiry"))?;
            // What they may not see does not exist for them.
            let named = Named { whom: crate::app::access::Whom::Inquiry(id.clone()), environment: environment.clone() };
            api.app
                .meant(&caller.grant, &named)
                .await
                .map_err(|error| away(&error))?
                .ok_or_else(|| not_found("inquiry"))?;
            Target::Verification(id)
        }
        _ => return Err(unusable("name exactly one of reference_id, email and inquiry_id")),
    };
    let notifier = said.channel.as_deref().map(|name| {
        let known = NotifierName::parse(name).ok().filter(|name| api.app.has_notifier(name));
        known.ok_or_else(|| unusable("channel is no notifier of the operator's"))
    });
    Ok(Wanted { target, environment, customer, notifier: notifier.transpose()?, reason: said.reason })
}

impl From<StoredSuppression> for SuppressionView {
    fn from(one: StoredSuppression) -> Self {
        Self {
            id: one.id(),
            by: one.kind.to_string(),
            value: (one.kind != SuppressedBy::Address).then_some(one.value),
            environment: one.environment.map(|name| name.to_string()),
            customer: one.customer.map(|name| name.to_string()),
            channel: one.notifier.map(|name| name.to_string()),
            reason: one.reason,
            said_by: one.by,
            since: one.at.to_string(),
        }
    }
}
