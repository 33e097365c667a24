//! What the descriptions of both APIs, the applications' and the operators', say alike.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, ToSchema};

/// What is wrong, by RFC 9457.
#[derive(Serialize, ToSchema)]
pub(super) struct ProblemDetails {
    /// The status once more
    status: u16,
    /// What kind of trouble it is
    title: String,
    /// What is wrong and what to do about it
    detail: String,
    /// A word for programs: `no-token`, `no-scope`, `role`, `not-found`, `no-reason`, `busy`, `too-many`, `body`, …
    code: Option<String>,
}

/// How a request may be refused: every route's answers besides its own.
pub(super) struct Refused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let answers = [("4XX", "Refused, and why"), ("503", "Not now; see Retry-After")];
        let response = |description: &str| {
            let content = Content::new(Some(Ref::from_schema_name("ProblemDetails")));
            let response = ResponseBuilder::new().description(description).content("application/problem+json", content);
            RefOr::T(response.build())
        };
        answers.into_iter().map(|(status, description)| (status.to_owned(), response(description))).collect()
    }
}

/// The way every route asks who calls, as `token`.
pub(super) struct ByToken;

impl Modify for ByToken {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}
