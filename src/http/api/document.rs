//! The head of the API's description; the rest stands at each route.

use utoipa::OpenApi;

use super::access::AccessAnswer;
use super::webhooks::{
    FinishedWebhook, GivenUpWebhook, LinkRequestedWebhook, OpenedWebhook, ReminderWebhook, ReplacedWebhook,
    RevivedWebhook, Webhooks,
};
use crate::http::described::{ByToken, ProblemDetails};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rekindle for applications",
        description = "Inquiries made once, found again, and a way in for whoever still has to finish. Answers hold \
                       ids, words and times, and nothing of people but the names you gave them. Make a token with \
                       `rekindle tokens create`.",
    ),
    components(schemas(
        ProblemDetails, AccessAnswer, ReminderWebhook, LinkRequestedWebhook, ReplacedWebhook, RevivedWebhook,
        OpenedWebhook, FinishedWebhook, GivenUpWebhook
    )),
    modifiers(&ByToken, &Webhooks),
    tags(
        (name = "Inquiries", description = "One inquiry for a person and template, however often you ask"),
        (name = "Access", description = "A way in, whatever state the inquiry is in"),
        (name = "Links", description = "Addresses that make an inquiry when somebody opens them"),
        (name = "Webhooks", description = "What is sent to you, signed by Standard Webhooks; at least once, under the same `webhook-id`, and what happens to one verification in its order"),
        (name = "People", description = "How people are reached, and what they do not want to be told"),
    )
)]
pub(super) struct Document;
