//! What answers look like, and reading what requests name.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::customers::Sight;
use crate::domain::ids::{InvalidId, ReferenceId, TemplateId};
use crate::http::problem::Problem;

/// An inquiry; nothing of the person but your own name for them.
#[derive(Serialize, ToSchema)]
pub(super) struct InquiryView {
    /// Persona's id (`inq_…`)
    id: String,
    /// The id you asked for, where this inquiry took its place
    #[serde(skip_serializing_if = "Option::is_none")]
    instead_of: Option<String>,
    /// The environment it lives in
    environment: String,
    /// Persona's status; the list is open
    status: Option<String>,
    /// The reference id Persona has
    reference_id: Option<String>,
    /// Your own reference id, where a static link gave Persona an opaque one
    #[serde(skip_serializing_if = "Option::is_none")]
    known_as: Option<String>,
    /// The template it was made from
    template_id: Option<String>,
    /// When it was made
    #[schema(format = DateTime)]
    created_at: Option<String>,
    /// When it expires; null once it is over
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Whether the person's data was erased
    redacted: bool,
    /// Whose it is
    customer: Option<String>,
}

impl From<Sight> for InquiryView {
    fn from(sight: Sight) -> Self {
        Self {
            id: sight.id.to_string(),
            instead_of: sight.instead_of.map(|id| id.to_string()),
            environment: sight.environment.to_string(),
            status: sight.status.map(|status| status.to_string()),
            reference_id: sight.reference_id.map(|id| id.to_string()),
            known_as: sight.known_as.map(|id| id.to_string()),
            template_id: sight.template.map(|id| id.to_string()),
            created_at: sight.created_at.map(|at| at.to_string()),
            expires_at: sight.expires_at.map(|at| at.to_string()),
            redacted: sight.redacted,
            customer: sight.customer.map(|name| name.to_string()),
        }
    }
}

/// Where to look.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Within {
    /// The environment; any the token is good for, without
    pub(super) environment: Option<String>,
}

/// What stands behind the `?`.
pub(super) fn query<T>(read: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    read.map(|Query(said)| said).map_err(|why| Problem::new(StatusCode::BAD_REQUEST, why.body_text()))
}

pub(super) fn reference_id(text: &str) -> Result<ReferenceId, Problem> {
    ReferenceId::parse(text).map_err(|why| invalid("reference_id", &why))
}

/// A template by its id, as Persona's dashboard shows it.
pub(super) fn template(text: &str) -> Result<TemplateId, Problem> {
    TemplateId::parse(text).map_err(|why| invalid("template_id", &why))
}

/// What the body says and can't be.
pub(super) fn unusable(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).code("body")
}

fn invalid(key: &str, why: &InvalidId) -> Problem {
    unusable(format!("{key} {why}"))
}
