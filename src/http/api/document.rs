//! The head of the API's description; the rest stands at each route.

use utoipa::OpenApi;

use super::access::AccessAnswer;
use crate::http::described::{ByToken, ProblemDetails};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rekindle for applications",
        description = "Inquiries made once, found again, and a way in for whoever still has to finish. Answers hold \
                       ids, words and times, and nothing of people but the names you gave them. Make a token with \
                       `rekindle tokens create`.",
    ),
    components(schemas(ProblemDetails, AccessAnswer)),
    modifiers(&ByToken),
    tags(
        (name = "Inquiries", description = "One inquiry for a person and template, however often you ask"),
        (name = "Access", description = "A way in, whatever state the inquiry is in"),
        (name = "Links", description = "Addresses that make an inquiry when somebody opens them"),
        (name = "People", description = "How people are reached, and what they do not want to be told"),
    )
)]
pub(super) struct Document;
