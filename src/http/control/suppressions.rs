//! `/v1/suppressions`: people who are told nothing by a channel, or by any.

use axum::Json;
use axum::extract::{Path, State};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Control;
use super::ask::{self, Asked, Said};
use super::inquiries::Done;
use super::says::refused;
use super::wire::Why;
use crate::app::desk::ActError;
use crate::app::suppressions::{StoredSuppression, Target, Wanted};
use crate::domain::act::Act;
use crate::domain::contact;
use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId, NotifierName, ReferenceId};
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// The most that one answer lists.
const MOST: u32 = 500;

/// Somebody who is told nothing.
#[derive(Serialize, ToSchema)]
pub(super) struct SuppressionView {
    id: String,
    /// `person`, `address` or `lineage`
    by: String,
    /// The reference id, or the verification's first inquiry; of an address, its keyed hash
    value: String,
    environment: Option<String>,
    customer: Option<String>,
    channel: Option<String>,
    reason: String,
    said_by: String,
    #[schema(format = DateTime)]
    since: String,
}

/// Those who are told nothing.
#[derive(Serialize, ToSchema)]
pub(super) struct Suppressions {
    suppressions: Vec<SuppressionView>,
    /// Where to go on, as `after`
    next: Option<String>,
}

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    after: Option<String>,
}

/// Whom to tell nothing. Exactly one of `reference_id`, `email` and `inquiry_id`.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewSuppression {
    reference_id: Option<String>,
    /// It is kept as a keyed hash
    email: Option<String>,
    inquiry_id: Option<String>,
    environment: Option<String>,
    customer: Option<String>,
    channel: Option<String>,
    /// In your words; it stands in the audit. Name nobody
    reason: Option<String>,
}

/// List those who are told nothing
#[utoipa::path(
    get, path = "/v1/suppressions", tag = "People", operation_id = "listSuppressions", params(After),
    responses((status = 200, description = "500 of them at most", body = Suppressions),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn list(
    State(control): State<Control>,
    caller: Caller,
    Asked(after): Asked<After>,
) -> Result<Json<Suppressions>, Problem> {
    let after = after.after.unwrap_or_default();
    let found = control.desk(caller, None).suppressions(&after, MOST).await.map_err(refused)?;
    let full = found.len() == usize::try_from(MOST).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| full).map(StoredSuppression::id);
    Ok(Json(Suppressions { suppressions: found.into_iter().map(SuppressionView::from).collect(), next }))
}

/// Tell somebody nothing any more
#[utoipa::path(
    post, path = "/v1/suppressions", tag = "People", operation_id = "createSuppression", request_body = NewSuppression,
    responses((status = 200, description = "It holds", body = SuppressionView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn add(
    State(control): State<Control>,
    caller: Caller,
    Said(said): Said<NewSuppression>,
) -> Result<Json<SuppressionView>, Problem> {
    // Who may not is told so before what they ask for is looked at.
    if !caller.operator.role.may(Act::Suppress) {
        return Err(refused(ActError::NotAllowed(Act::Suppress.least())));
    }
    let target = match (said.reference_id, said.email, said.inquiry_id) {
        (Some(person), None, None) => Target::Person(required("reference_id", &person, ReferenceId::parse)?),
        (None, Some(email), None) => {
            let address = contact::address(&email);
            let address = address.ok_or_else(|| ask::wrong("body", &"email is no e-mail address"))?;
            Target::Address(SecretString::from(address))
        }
        (None, None, Some(id)) => Target::Verification(ask::in_path("inquiry", &id, InquiryId::parse)?),
        _ => return Err(ask::wrong("body", &"name exactly one of reference_id, email and inquiry_id")),
    };
    let wanted = Wanted {
        target,
        environment: said.environment.as_deref().map(ask::environment).transpose()?,
        customer: ask::id("customer", said.customer.as_deref(), CustomerName::parse)?,
        notifier: ask::id("channel", said.channel.as_deref(), NotifierName::parse)?,
        reason: String::new(),
    };
    let (one, _) = control.desk(caller, said.reason).suppress(wanted).await.map_err(refused)?;
    Ok(Json(one.into()))
}

/// Tell somebody again
#[utoipa::path(
    post, path = "/v1/suppressions/{id}/remove", tag = "People", operation_id = "removeSuppression",
    params(("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "It holds no more", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn remove(
    State(control): State<Control>,
    caller: Caller,
    Path(id): Path<String>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    control.desk(caller, why.reason).unsuppress(&id).await.map_err(refused)?;
    Ok(Json(Done::new("removed")))
}

fn required<T, E: std::fmt::Display>(
    key: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, Problem> {
    parse(text).map_err(|why| ask::wrong("body", &format!("{key} {why}")))
}

impl From<StoredSuppression> for SuppressionView {
    fn from(one: StoredSuppression) -> Self {
        Self {
            id: one.id(),
            by: one.kind.to_string(),
            value: one.value,
            environment: one.environment.as_ref().map(EnvironmentName::to_string),
            customer: one.customer.map(|name| name.to_string()),
            channel: one.notifier.map(|name| name.to_string()),
            reason: one.reason,
            said_by: one.by,
            since: one.at.to_string(),
        }
    }
}
