//! `/v1/hosted-flow-url`: an address of Persona's hosted flow, every value escaped.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::Body;
use super::caller::Caller;
use super::inquiries::address;
use super::wire::{reference_id, template, unusable};
use crate::domain::hosted_flow::{HostedFlow, Person, Style, Target};
use crate::domain::ids::AccountId;
use crate::domain::token::Scope;
use crate::http::described::Refused;
use crate::http::problem::Problem;

/// How the flow is to look.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    /// Your subdomain of withpersona.com; Persona's own without
    subdomain: Option<String>,
    /// Where the browser goes afterwards
    redirect_uri: Option<String>,
    /// Such as `de` or `pt-BR`
    language: Option<String>,
    /// A theme set
    theme_set_id: Option<String>,
    /// Light or dark
    style: Option<LookStyle>,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LookStyle {
    /// Dark on light
    Light,
    /// Light on dark
    Dark,
}

/// What makes the new inquiry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Begins {
    /// Persona's id of the environment (`env_…`)
    environment_id: Option<String>,
    /// The type of the account Persona makes
    account_type_id: Option<String>,
    /// Prefilled fields by name. They stand in the address, for everyone to read who reads it.
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// The address you want.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowRequest {
    /// The template
    template_id: String,
    /// Whom it is for. It stands in the address: for a person's own name for good, ask for a static link instead.
    reference_id: Option<String>,
    /// Persona's account, in place of a reference id
    account_id: Option<String>,
    /// What makes the new inquiry
    begins: Option<Begins>,
    /// How the flow is to look
    look: Option<Look>,
}

/// An address.
#[derive(Serialize, ToSchema)]
pub(super) struct FlowUrl {
    url: String,
}

/// Build an address of the hosted flow
///
/// Whenever it is opened, Persona makes a new inquiry.
#[utoipa::path(
    post, path = "/v1/hosted-flow-url", tag = "Links", operation_id = "buildHostedFlowUrl",
    request_body = FlowRequest,
    responses(
        (status = 200, description = "The address", body = FlowUrl),
        Refused,
    ),
    security(("token" = ["inquiries:write"])),
)]
pub(super) async fn build(
    State(api): State<Api>,
    caller: Caller,
    Body { said, .. }: Body<FlowRequest>,
) -> Result<Json<FlowUrl>, Problem> {
    caller.may(Scope::InquiriesWrite)?;
    let person = match (said.reference_id.as_deref(), said.account_id.as_deref()) {
        (Some(_), Some(_)) => return Err(unusable("give reference_id or account_id, and not both")),
        (Some(name), None) => {
            let name = reference_id(name)?;
            if !api.app.may_name(caller.grant.customer.as_ref(), &name, &template(&said.template_id)?) {
                return Err(unusable("this reference_id is not the customer's to use").code("not-theirs"));
            }
            Some(Person::Reference(name))
        }
        (None, Some(_)) if caller.grant.customer.is_some() => {
            return Err(unusable("a token bound to a customer can't name accounts; give a reference_id"));
        }
        (None, Some(id)) => {
            Some(Person::Account(AccountId::parse(id).map_err(|why| unusable(format!("account_id {why}")))?))
        }
        (None, None) => None,
    };
    let target = begins(&said.template_id, person, said.begins)?;
    flow(target, said.look).map(|url| Json(FlowUrl { url }))
}

/// What a new inquiry is made by.
pub(super) fn begins(of: &str, person: Option<Person>, begins: Option<Begins>) -> Result<Target, Problem> {
    let none = Begins { environment_id: None, account_type_id: None, fields: BTreeMap::new() };
    let Begins { environment_id, account_type_id, fields } = begins.unwrap_or(none);
    Ok(Target::Template { template: template(of)?, environment_id, person, account_type_id, fields })
}

/// The address, with the look it is to have.
pub(super) fn flow(target: Target, look: Option<Look>) -> Result<String, Problem> {
    let mut flow = HostedFlow::to(target);
    if let Some(look) = look {
        flow.subdomain = look.subdomain;
        flow.redirect_uri = look.redirect_uri.as_deref().map(address).transpose()?;
        flow.language = look.language;
        flow.theme_set_id = look.theme_set_id;
        flow.style = look.style.map(|style| match style {
            LookStyle::Light => Style::Light,
            LookStyle::Dark => Style::Dark,
        });
    }
    flow.url().map_err(|why| unusable(why.to_string()))
}
