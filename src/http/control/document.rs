//! The head of the API's description; the rest stands at each route.

use utoipa::OpenApi;

use crate::http::described::{ByToken, ProblemDetails};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rekindle for operators",
        description = "What the dashboard shows and does, on the internal listener. Make a token with \
                       `rekindle tokens create --role viewer`. Lists come page by page: go on with `after` as long as \
                       an answer has `next`, also when a page is short or empty.",
    ),
    components(schemas(ProblemDetails)),
    modifiers(&ByToken),
    tags(
        (name = "Overview", description = "What needs somebody, what flows, and what came of it"),
        (name = "Inquiries", description = "Inquiries, and what can be done for their people"),
        (name = "Events", description = "What Persona told, what was kept aside, and what was refused"),
        (name = "Actions", description = "Planned work, and what was given up"),
        (name = "Replays", description = "Many actions made due again, or events applied again, as one piece of work"),
        (name = "Lanes", description = "Kinds of work in environments, paused and resumed"),
        (name = "People", description = "People who are told nothing, by a channel or by any"),
    )
)]
pub(super) struct Document;
