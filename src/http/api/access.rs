//! `/v1/…/access`: a way in, or why there is none.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::body::Body;
use super::caller::{Caller, away, not_found};
use super::wire::{reference_id, template, unusable};
use crate::app::access::{Admission, Whom};
use crate::app::customers::Named;
use crate::app::links::{Granted, LinkError};
use crate::domain::access::{Closed, Form};
use crate::domain::hosted_flow::{HostedFlow, Target};
use crate::domain::ids::InquiryId;
use crate::domain::time::Timestamp;
use crate::domain::token::Scope;
use crate::http::described::Refused;
use crate::http::problem::Problem;
use crate::http::qr;

/// By what the person is to get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Means {
    /// A link of our own, to hand out: it opens as often as it may, and always leads to where the person has to go
    AccessLink,
    /// The access link as a QR code, as SVG
    QrSvg,
    /// The access link as a QR code, as PNG
    QrPng,
    /// Persona's one-time link, for somebody who is there now
    OneTimeLink,
    /// Its short form, for text messages
    OneTimeLinkShort,
    /// For Persona's SDKs
    SessionToken,
    /// A plain link with a session token; only where the rule `allow_session_token_links` is set
    SessionTokenLink,
}

/// How to let the person of an inquiry in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessRequest {
    form: Means,
    /// The environment; any the token is good for, without
    environment: Option<String>,
}

/// How to let a person in, by your own name for them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonAccessRequest {
    /// Your own name for the person
    reference_id: String,
    /// Of this template only
    template_id: Option<String>,
    form: Means,
    /// The environment; any the token is good for, without
    environment: Option<String>,
}

/// How the person gets in, or why not.
#[derive(Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(super) enum AccessAnswer {
    /// By a link: one of Persona's opens once, an access link until `link_expires_at`
    Link {
        /// The inquiry it leads into; not always the one you named
        inquiry_id: String,
        /// Send the browser here
        link: String,
        /// When the inquiry expires
        #[schema(format = DateTime)]
        expires_at: Option<String>,
        /// When an access link stops to open
        #[schema(format = DateTime)]
        #[serde(skip_serializing_if = "Option::is_none")]
        link_expires_at: Option<String>,
    },
    /// By an access link, as a picture to point a camera at
    Qr {
        /// The inquiry it leads into; not always the one you named
        inquiry_id: String,
        /// What the picture says
        link: String,
        /// `image/svg+xml` or `image/png`
        media_type: String,
        /// The picture, in base64
        picture: String,
        /// When the inquiry expires
        #[schema(format = DateTime)]
        expires_at: Option<String>,
        /// When the link stops to open
        #[schema(format = DateTime)]
        link_expires_at: String,
    },
    /// By Persona's SDK
    Session {
        /// The inquiry to open; not always the one you named
        inquiry_id: String,
        /// Null where the inquiry opens by its id, because nobody began it
        session_token: Option<String>,
        /// When the inquiry expires
        #[schema(format = DateTime)]
        expires_at: Option<String>,
    },
    /// Nothing is left to be done
    Done {
        /// The inquiry it was finished in
        inquiry_id: String,
        /// How it stands
        status: String,
    },
    /// The person failed, and the rules give no other chance
    Failed {
        /// The inquiry
        inquiry_id: String,
    },
    /// Nothing that the rules allow lets the person in
    Closed {
        /// The inquiry
        inquiry_id: String,
        /// `status-unknown`, `redacted`, `nobody-known` or `given-up`
        reason: String,
        /// The same in words
        detail: String,
    },
}

/// Let the person of an inquiry in
///
/// What expired is revived, what no longer serves is replaced: look at `inquiry_id` in the answer. Asked again within a
/// few minutes, you get the same link.
#[utoipa::path(
    post, path = "/v1/inquiries/{id}/access", tag = "Access", operation_id = "accessInquiry",
    request_body = AccessRequest, params(("id" = String, Path, description = "Persona's id (`inq_…`)")),
    responses(
        (status = 200, description = "The outcome", body = AccessAnswer),
        Refused,
    ),
    security(("token" = ["access"])),
)]
pub(super) async fn by_inquiry(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body { said, .. }: Body<AccessRequest>,
) -> Result<Json<AccessAnswer>, Problem> {
    caller.may(Scope::Access)?;
    let whom = Whom::Inquiry(InquiryId::parse(&id).map_err(|_| not_found("inquiry"))?);
    let environment = caller.named(said.environment.as_deref())?;
    answer(&api, &caller, &Named { whom, environment }, said.form).await.map(Json)
}

/// Let a person in, by your own name for them
///
/// Of several inquiries, into the newest that is not over.
#[utoipa::path(
    post, path = "/v1/access", tag = "Access", operation_id = "accessPerson", request_body = PersonAccessRequest,
    responses(
        (status = 200, description = "The outcome", body = AccessAnswer),
        Refused,
    ),
    security(("token" = ["access"])),
)]
pub(super) async fn by_person(
    State(api): State<Api>,
    caller: Caller,
    Body { said, .. }: Body<PersonAccessRequest>,
) -> Result<Json<AccessAnswer>, Problem> {
    caller.may(Scope::Access)?;
    let of = said.template_id.as_deref().map(template).transpose()?;
    let whom = Whom::Person { reference_id: reference_id(&said.reference_id)?, template: of };
    let environment = caller.named(said.environment.as_deref())?;
    answer(&api, &caller, &Named { whom, environment }, said.form).await.map(Json)
}

/// Resume an inquiry: its id and a fresh session token
///
/// The endpoint of their own that customers call when a session was lost; no body.
#[utoipa::path(
    post, path = "/v1/inquiries/{id}/resume", tag = "Access", operation_id = "resumeInquiry",
    params(("id" = String, Path, description = "Persona's id (`inq_…`)")),
    responses(
        (status = 200, description = "The outcome", body = AccessAnswer),
        Refused,
    ),
    security(("token" = ["access"])),
)]
pub(super) async fn resume(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AccessAnswer>, Problem> {
    caller.may(Scope::Access)?;
    let whom = Whom::Inquiry(InquiryId::parse(&id).map_err(|_| not_found("inquiry"))?);
    answer(&api, &caller, &Named { whom, environment: None }, Means::SessionToken).await.map(Json)
}

/// Lets somebody in by a form, and says how; by a short link, where one is wanted and there is one.
pub(super) async fn admit(
    api: &Api,
    caller: &Caller,
    named: &Named,
    form: Form,
    short: bool,
) -> Result<AccessAnswer, Problem> {
    let admission = api.app.admit_for(&caller.grant, named, form).await.map_err(|error| away(&error))?;
    told(admission, short)
}

async fn answer(api: &Api, caller: &Caller, named: &Named, means: Means) -> Result<AccessAnswer, Problem> {
    match means {
        Means::AccessLink | Means::QrSvg | Means::QrPng => {
            let granted = api.app.access_link_for(&caller.grant, named).await;
            granted.map_err(no_link).and_then(|granted| handed_out(granted, means))
        }
        Means::SessionToken => admit(api, caller, named, Form::Sdk, false).await,
        Means::OneTimeLink | Means::OneTimeLinkShort => {
            admit(api, caller, named, Form::Browser, means == Means::OneTimeLinkShort).await
        }
        Means::SessionTokenLink => {
            let allowed = api.app.allows_token_links(&caller.grant, named).await.map_err(|error| away(&error))?;
            if !allowed.ok_or_else(|| not_found("inquiry"))? {
                return Err(unusable(
                    "a link with a session token lets in whoever reads it, in a mailbox, a log or a history, until the \
                     session ends; ask for a one-time-link, or set the rule allow_session_token_links",
                )
                .code("not-allowed"));
            }
            with_token(admit(api, caller, named, Form::Sdk, false).await?)
        }
    }
}

/// An access link, or a picture of it.
fn handed_out(granted: Granted, means: Means) -> Result<AccessAnswer, Problem> {
    let (inquiry, minted, deadline) = match granted {
        Granted::Link { inquiry, minted, deadline } => (inquiry, minted, deadline),
        Granted::None(admission) => return told(admission, false),
    };
    let (inquiry_id, link) = (inquiry.to_string(), shown(&minted.url));
    let (expires_at, link_expires_at) = (deadline.map(|at| at.to_string()), minted.link.expires_at.to_string());
    let (media_type, picture) = match means {
        Means::QrSvg => ("image/svg+xml", qr::svg(&link).map(String::into_bytes)),
        Means::QrPng => ("image/png", qr::png(&link)),
        _ => {
            let link_expires_at = Some(link_expires_at);
            return Ok(AccessAnswer::Link { inquiry_id, link, expires_at, link_expires_at });
        }
    };
    let picture = picture.ok_or_else(|| away(&"public_url is too long for a QR code"))?;
    let (media_type, picture) = (media_type.to_owned(), STANDARD.encode(picture));
    Ok(AccessAnswer::Qr { inquiry_id, link, media_type, picture, expires_at, link_expires_at })
}

fn no_link(why: LinkError) -> Problem {
    match why {
        LinkError::NoPublicUrl => Problem::new(StatusCode::CONFLICT, why.to_string()).code("no-public-url"),
        LinkError::UnknownInquiry => not_found("inquiry"),
        // Only operators are asked for a reason.
        LinkError::NoReason(why) => away(&why),
        LinkError::Storage(why) => away(&why),
    }
}

/// The plain link in place of its token.
fn with_token(answer: AccessAnswer) -> Result<AccessAnswer, Problem> {
    let AccessAnswer::Session { inquiry_id, session_token, expires_at } = answer else { return Ok(answer) };
    let id = InquiryId::parse(&inquiry_id).map_err(|_| not_found("inquiry"))?;
    let link = HostedFlow::to(Target::Inquiry { id, session_token }).url().map_err(|error| away(&error))?;
    Ok(AccessAnswer::Link { inquiry_id, link, expires_at, link_expires_at: None })
}

fn told(admission: Admission, short_wanted: bool) -> Result<AccessAnswer, Problem> {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    Ok(match admission {
        Admission::Link { inquiry, link, short, deadline } => {
            let link = short.filter(|_| short_wanted).unwrap_or(link);
            let (link, expires_at) = (shown(&link), time(deadline));
            AccessAnswer::Link { inquiry_id: inquiry.to_string(), link, expires_at, link_expires_at: None }
        }
        Admission::Session { inquiry, token, deadline } => AccessAnswer::Session {
            inquiry_id: inquiry.to_string(),
            session_token: token.as_ref().map(shown),
            expires_at: time(deadline),
        },
        Admission::Done { inquiry, status } => {
            AccessAnswer::Done { inquiry_id: inquiry.to_string(), status: status.to_string() }
        }
        Admission::Failed { inquiry } => AccessAnswer::Failed { inquiry_id: inquiry.to_string() },
        Admission::Closed { inquiry, why } => {
            let reason = reason(why).to_owned();
            AccessAnswer::Closed { inquiry_id: inquiry.to_string(), reason, detail: why.to_string() }
        }
        Admission::NotActing => return Err(not_acting()),
        Admission::Unknown => return Err(not_found("inquiry")),
        Admission::Busy { retry_after } => return Err(busy(retry_after)),
    })
}

/// The one place where what was given leaves us.
fn shown(secret: &SecretString) -> String {
    secret.expose_secret().to_owned()
}

const fn reason(why: Closed) -> &'static str {
    match why {
        Closed::StatusUnknown => "status-unknown",
        Closed::Redacted => "redacted",
        Closed::NobodyKnown => "nobody-known",
        Closed::GivenUp(_) => "given-up",
    }
}

pub(super) fn not_acting() -> Problem {
    let detail = "this environment is in mode \"observe\", or has no api_key: nothing is asked of Persona";
    Problem::new(StatusCode::CONFLICT, detail).code("not-acting")
}

pub(super) fn busy(retry_after: SignedDuration) -> Problem {
    let seconds = u32::try_from(retry_after.as_secs()).unwrap_or(u32::MAX).max(1);
    let detail = "Persona can't be asked right now, or somebody else is at it; please try again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).code("busy").retry_after(seconds)
}
