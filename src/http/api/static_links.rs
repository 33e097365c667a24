//! `/v1/static-links`: an address of a template for one person, with a reference id that says nothing of them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::Body;
use super::caller::{Caller, away, not_found};
use super::hosted_flow::{Begins, Look, begins, flow};
use super::inquiries::own_name;
use super::wire::{reference_id, template};
use crate::app::static_links::Resolved;
use crate::domain::hosted_flow::Person;
use crate::domain::ids::ReferenceId;
use crate::domain::token::Scope;
use crate::http::described::Refused;
use crate::http::problem::Problem;

/// The static link you want.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStaticLink {
    /// Your own name for the person; it stays with us
    reference_id: String,
    /// The template
    template_id: String,
    /// The environment; the token's, or the only one, without
    environment: Option<String>,
    /// Whose it is to be; a token bound to a customer needs not say
    customer: Option<String>,
    /// What makes the new inquiry
    begins: Option<Begins>,
    /// How the flow is to look
    look: Option<Look>,
}

/// A static link.
#[derive(Serialize, ToSchema)]
pub(super) struct StaticLinkView {
    /// The reference id Persona will have
    reference_id: String,
    /// Your own name for the person
    known_as: String,
    /// The template
    template_id: String,
    /// The environment
    environment: String,
    /// Whose it is
    customer: Option<String>,
    /// When it was first asked for
    #[schema(format = DateTime)]
    made_at: String,
    /// The address, where you asked for one
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Get the static link of a person and template
///
/// The same each time you ask. Whenever it is opened, Persona makes a new inquiry with the opaque reference id; look it
/// up by your own name for the person, or ask here whom the opaque one stands for.
#[utoipa::path(
    post, path = "/v1/static-links", tag = "Links", operation_id = "createStaticLink", request_body = NewStaticLink,
    responses(
        (status = 200, description = "The static link", body = StaticLinkView),
        Refused,
    ),
    security(("token" = ["inquiries:write"])),
)]
pub(super) async fn make(
    State(api): State<Api>,
    caller: Caller,
    Body { said, .. }: Body<NewStaticLink>,
) -> Result<Json<StaticLinkView>, Problem> {
    caller.may(Scope::InquiriesWrite)?;
    let environment = caller.environment(&api, said.environment.as_deref())?;
    let customer = caller.customer(&api, said.customer.as_deref())?;
    let (person, of) = (reference_id(&said.reference_id)?, template(&said.template_id)?);
    if let Some(rules) = customer.as_ref().and_then(|name| api.app.customers().get(name)) {
        own_name(&rules.reference_prefixes, &person)?;
    }
    let made = api.app.make_static_link(&environment, &of, &person, customer.as_ref()).await;
    let made = made.map_err(|error| away(&error))?.ok_or_else(|| {
        let detail = "this reference_id or template is another customer's";
        Problem::new(StatusCode::CONFLICT, detail).code("not-theirs")
    })?;
    let opaque = Some(Person::Reference(made.reference_id.clone()));
    let url = flow(begins(&said.template_id, opaque, said.begins)?, said.look)?;
    Ok(Json(StaticLinkView { url: Some(url), ..made.into() }))
}

/// Ask whom an opaque reference id stands for
#[utoipa::path(
    get, path = "/v1/static-links/{reference-id}", tag = "Links", operation_id = "getStaticLink",
    params(("reference-id" = String, Path, description = "The opaque reference id, as a webhook brings it")),
    responses(
        (status = 200, description = "The static link", body = StaticLinkView),
        Refused,
    ),
    security(("token" = ["inquiries:read"])),
)]
pub(super) async fn resolve(
    State(api): State<Api>,
    caller: Caller,
    Path(opaque): Path<String>,
) -> Result<Json<StaticLinkView>, Problem> {
    caller.may(Scope::InquiriesRead)?;
    let opaque = ReferenceId::parse(&opaque).map_err(|_| not_found("static link"))?;
    let found = api.app.resolve_static_link(&caller.grant, &opaque).await.map_err(|error| away(&error))?;
    found.map(|link| Json(link.into())).ok_or_else(|| not_found("static link"))
}

impl From<Resolved> for StaticLinkView {
    fn from(link: Resolved) -> Self {
        Self {
            reference_id: link.reference_id.to_string(),
            known_as: link.known_as.to_string(),
            template_id: link.template.to_string(),
            environment: link.environment.to_string(),
            customer: link.customer.map(|name| name.to_string()),
            made_at: link.made_at.to_string(),
            url: None,
        }
    }
}
