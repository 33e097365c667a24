//! What we send to applications, described: each webhook's body, beside the routes that applications call.
//!
//! The bodies are written by `notify`; a test holds what is really sent against these shapes.

#![expect(dead_code, reason = "shapes for the description; the bodies are written elsewhere")]

use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{Content, OpenApi, Ref, Required, ResponseBuilder};
use utoipa::{Modify, ToSchema};

macro_rules! body {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $data:ty) => {
        $(#[$doc])*
        #[derive(ToSchema)]
        pub(super) struct $name {
            /// What happened
            #[schema(pattern = $pattern)]
            r#type: String,
            /// When; the same at every try
            #[schema(format = DateTime)]
            timestamp: String,
            data: $data,
        }
    };
}

body!(
    /// A person is to be reminded: send them the link.
    ReminderWebhook, r"^inquiry\.reminder$", ReminderContent);
body!(
    /// Somebody came with a link that no longer opens, and asked for a new one: send it the way you reach them.
    LinkRequestedWebhook, r"^inquiry\.link_requested$", LinkRequestedContent);
body!(
    /// An inquiry took another one's place: what leads to the old one leads nowhere.
    ReplacedWebhook, r"^inquiry\.replaced$", ReplacedContent);
body!(
    /// An expired inquiry was resumed.
    RevivedWebhook, r"^inquiry\.revived$", RevivedContent);
body!(
    /// Somebody was let in by an access link.
    OpenedWebhook, r"^link\.opened$", OpenedContent);
body!(
    /// The person is through, with whatever result.
    FinishedWebhook, r"^person\.finished$", FinishedContent);
body!(
    /// So much was tried that it is enough: nobody reminds this person any more.
    GivenUpWebhook, r"^person\.given_up$", GivenUpContent);

#[derive(ToSchema)]
struct ReminderContent {
    environment: String,
    /// Persona's id (`inq_…`)
    inquiry_id: String,
    /// Your name for the person
    reference_id: Option<String>,
    template_id: Option<String>,
    status: String,
    /// The step of your rule, such as `50%` or `3h`; `revived` and `replaced` for what we did
    step: String,
    /// What the person is to do next, as the template names it
    next_step: Option<String>,
    /// When the inquiry expires
    #[schema(format = DateTime)]
    deadline: String,
    /// The way in: whoever has it gets in
    link: String,
    /// `access`, `one-time` or `one-time-short`
    link_form: String,
    /// Where the person asks to be told no more by this channel; null where nothing can be kept of that
    unsubscribe: Option<String>,
    message: MessageContent,
}

#[derive(ToSchema)]
struct LinkRequestedContent {
    environment: String,
    inquiry_id: String,
    reference_id: Option<String>,
    template_id: Option<String>,
    /// The way in: whoever has it gets in
    link: String,
    /// `access`
    link_form: String,
    /// Until when the link opens
    #[schema(format = DateTime)]
    link_expires_at: String,
    /// Where the person asks to be told no more by this channel; null where nothing can be kept of that
    unsubscribe: Option<String>,
    message: MessageContent,
}

/// How to say it, where you have no words of your own: in the person's language, as far as it is known.
#[derive(ToSchema)]
struct MessageContent {
    /// `en`, `es`, `de` or `fr`
    language: String,
    subject: String,
    /// Plain text, with the link in it
    text: String,
}

#[derive(ToSchema)]
struct ReplacedContent {
    environment: String,
    /// The new inquiry
    inquiry_id: String,
    /// The one whose place it took
    replaced_inquiry_id: String,
    /// `new-version`, `too-old`, `session-limit`, `failed` or `redacted`; the list is open
    cause: String,
    reference_id: Option<String>,
    template_id: Option<String>,
}

#[derive(ToSchema)]
struct RevivedContent {
    environment: String,
    inquiry_id: String,
    reference_id: Option<String>,
    template_id: Option<String>,
    /// When it had expired
    #[schema(format = DateTime)]
    expired_at: String,
    /// Whether somebody came and waited for it
    asked: bool,
}

#[derive(ToSchema)]
struct OpenedContent {
    environment: String,
    /// The inquiry the link leads to
    inquiry_id: String,
    reference_id: Option<String>,
    template_id: Option<String>,
    /// The link by its id, which opens nothing
    link_id: String,
    /// When; a second click within four minutes is the same opening
    #[schema(format = DateTime)]
    opened_at: String,
}

#[derive(ToSchema)]
struct FinishedContent {
    environment: String,
    inquiry_id: String,
    reference_id: Option<String>,
    template_id: Option<String>,
    /// Persona's status when we learnt of it: `completed`, `failed`, `approved`, …; a decision may still follow
    status: String,
    /// When, by Persona's clock
    #[schema(format = DateTime)]
    finished_at: String,
}

#[derive(ToSchema)]
struct GivenUpContent {
    environment: String,
    inquiry_id: String,
    reference_id: Option<String>,
    template_id: Option<String>,
    /// What was enough: `revivals`, `replacements`, `notices` or `age`
    bound: String,
}

/// What is sent, its shape, the name of the operation and what it means.
const WEBHOOKS: [(&str, &str, &str, &str); 7] = [
    ("inquiry.reminder", "ReminderWebhook", "reminder", "Send a person their link"),
    ("inquiry.link_requested", "LinkRequestedWebhook", "linkRequested", "Send somebody the new link they asked for"),
    ("inquiry.replaced", "ReplacedWebhook", "inquiryReplaced", "An inquiry took another one’s place"),
    ("inquiry.revived", "RevivedWebhook", "inquiryRevived", "An expired inquiry was resumed"),
    ("link.opened", "OpenedWebhook", "linkOpened", "Somebody was let in by an access link"),
    ("person.finished", "FinishedWebhook", "personFinished", "A person is through"),
    ("person.given_up", "GivenUpWebhook", "personGivenUp", "A person is given up"),
];

/// Adds the webhooks to a description whose components have their shapes.
pub(super) struct Webhooks;

impl Modify for Webhooks {
    fn modify(&self, document: &mut OpenApi) {
        let paths = WEBHOOKS.into_iter().fold(PathsBuilder::new(), |paths, (kind, shape, id, summary)| {
            let content = Content::new(Some(Ref::from_schema_name(shape)));
            let body = RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
            let taken = ResponseBuilder::new().description("Taken; anything else is sent again, 410 never");
            let operation = OperationBuilder::new()
                .tag("Webhooks")
                .operation_id(Some(id))
                .summary(Some(summary))
                .request_body(Some(body.build()))
                .response("2XX", taken.build());
            paths.path(kind, PathItem::new(HttpMethod::Post, operation.build()))
        });
        document.webhooks = Some(paths.build());
    }
}
