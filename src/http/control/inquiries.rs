//! `/v1/inquiries`: found, looked at, and what can be done for their people.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Control;
use super::ask::{self, Asked, Said};
use super::says::{away, refused};
use super::story::InquiryStory;
use super::wire::{InquiryView, PageView, Why};
use crate::app::access::Renewal;
use crate::app::board::{InquiryFilter, InquiryOrder};
use crate::app::desk::Reminded;
use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::status::Status;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// Which inquiries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    environment: Option<String>,
    /// Persona's status
    status: Option<String>,
    template: Option<String>,
    /// A version of the template
    version: Option<String>,
    /// Open ones that are not of the latest version of their template
    #[serde(default)]
    outdated: bool,
    reference_id: Option<String>,
    customer: Option<String>,
    /// With a deadline from this time on
    expires_from: Option<String>,
    /// With a deadline before this time
    expires_before: Option<String>,
    /// With an action that was given up; in the order of their ids
    #[serde(default)]
    has_failures: bool,
    /// `newest`, or `deadline`: open ones, the nearest first
    sort: Option<String>,
    after: Option<String>,
    /// 50 unless said; at most 500
    limit: Option<u32>,
}

/// What came of an act on an inquiry.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// In a word
    outcome: &'static str,
    /// The inquiry that can be got into, where that is another one now
    #[serde(skip_serializing_if = "Option::is_none")]
    inquiry_id: Option<String>,
    /// The actions that are due now
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<String>,
    /// What changed, as Persona names it
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<&'static str>,
    /// Why nothing did
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Done {
    pub(super) const fn new(outcome: &'static str) -> Self {
        Self { outcome, inquiry_id: None, actions: Vec::new(), changed: Vec::new(), note: None }
    }

    pub(super) fn changing(changed: Vec<&'static str>, note: Option<String>) -> Self {
        let outcome = if changed.is_empty() { "unchanged" } else { "changed" };
        Self { changed, note, ..Self::new(outcome) }
    }
}

/// List inquiries
#[utoipa::path(
    get, path = "/v1/inquiries", tag = "Inquiries", operation_id = "listInquiries", params(Which),
    responses((status = 200, description = "A page", body = PageView<InquiryView>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn list(
    State(control): State<Control>,
    caller: Caller,
    Asked(which): Asked<Which>,
) -> Result<Json<PageView<InquiryView>>, Problem> {
    let order = match which.sort.as_deref() {
        None | Some("newest") => InquiryOrder::Newest,
        Some("deadline") => InquiryOrder::Deadline,
        Some(_) => return Err(ask::wrong("query", &"sort is `newest` or `deadline`")),
    };
    let filter = InquiryFilter {
        environment: caller.narrowed(which.environment.as_deref())?,
        status: which.status.as_deref().map(Status::parse),
        template: ask::id("template", which.template.as_deref(), TemplateId::parse)?,
        version: ask::id("version", which.version.as_deref(), TemplateVersionId::parse)?,
        outdated: which.outdated,
        reference_id: ask::id("reference_id", which.reference_id.as_deref(), ReferenceId::parse)?,
        customer: None,
        expires_from: ask::time("expires_from", which.expires_from.as_deref())?,
        expires_before: ask::time("expires_before", which.expires_before.as_deref())?,
        has_failures: which.has_failures,
        order,
    };
    let customer = ask::id("customer", which.customer.as_deref(), CustomerName::parse)?;
    let (after, limit) = (ask::after(which.after.as_deref())?, ask::limit(which.limit));
    let page = control.board(&caller).inquiries(&filter, customer.as_ref(), after.as_ref(), limit).await;
    Ok(Json(PageView::of(page.map_err(away)?, InquiryView::from)))
}

/// One inquiry with its whole story
#[utoipa::path(
    get, path = "/v1/inquiries/{environment}/{id}", tag = "Inquiries", operation_id = "getInquiry",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "The inquiry", body = InquiryStory),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn show(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
) -> Result<Json<InquiryStory>, Problem> {
    let (environment, id) = read(&place)?;
    let found = control.board(&caller).inquiry(&environment, &id).await.map_err(away)?;
    Ok(Json(found.ok_or_else(|| ask::missing("inquiry"))?.into()))
}

/// Remind its person now
///
/// By the next reminder that is planned, or by a fresh link where none is. Whether anybody is troubled is asked again
/// right before.
#[utoipa::path(
    post, path = "/v1/inquiries/{environment}/{id}/remind", tag = "Inquiries", operation_id = "remindNow",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "Due now", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn remind(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    let (environment, id) = read(&place)?;
    let reminded = control.desk(caller, why.reason).remind_now(&environment, &id).await.map_err(refused)?;
    let (outcome, actions) = match reminded {
        Reminded::Earlier(actions) => ("reminder", actions),
        Reminded::ByLink(actions) => ("link", actions),
    };
    Ok(Json(Done { actions: actions.iter().map(ToString::to_string).collect(), ..Done::new(outcome) }))
}

/// Revive an expired inquiry now
#[utoipa::path(
    post, path = "/v1/inquiries/{environment}/{id}/revive", tag = "Inquiries", operation_id = "reviveInquiry",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "Done", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn revive(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    renew(&control, caller, &place, why, Renewal::Revive).await
}

/// Make another inquiry in the place of one that no longer serves, now
#[utoipa::path(
    post, path = "/v1/inquiries/{environment}/{id}/replace", tag = "Inquiries", operation_id = "replaceInquiry",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "Done", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn replace(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    renew(&control, caller, &place, why, Renewal::Replace).await
}

/// Read an inquiry at Persona
#[utoipa::path(
    post, path = "/v1/inquiries/{environment}/{id}/reread", tag = "Inquiries", operation_id = "rereadInquiry",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "What it brought", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn reread(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    let (environment, id) = read(&place)?;
    let read = control.desk(caller, why.reason).reread(&environment, &id).await.map_err(refused)?;
    Ok(Json(Done::changing(read.changed, read.note)))
}

/// Tell its person nothing any more
#[utoipa::path(
    post, path = "/v1/inquiries/{environment}/{id}/mute", tag = "Inquiries", operation_id = "muteInquiry",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "Muted", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn mute(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    let (environment, id) = read(&place)?;
    let changed = control.desk(caller, why.reason).mute(&environment, &id, true).await.map_err(refused)?;
    Ok(Json(Done::new(if changed { "muted" } else { "unchanged" })))
}

/// Let its person be told again
#[utoipa::path(
    post, path = "/v1/inquiries/{environment}/{id}/unmute", tag = "Inquiries", operation_id = "unmuteInquiry",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "Unmuted", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn unmute(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    let (environment, id) = read(&place)?;
    let changed = control.desk(caller, why.reason).mute(&environment, &id, false).await.map_err(refused)?;
    Ok(Json(Done::new(if changed { "unmuted" } else { "unchanged" })))
}

async fn renew(
    control: &Control,
    caller: Caller,
    place: &(String, String),
    why: Why,
    renewal: Renewal,
) -> Result<Json<Done>, Problem> {
    let (environment, id) = read(place)?;
    let inquiry = control.desk(caller, why.reason).renew(&environment, &id, renewal).await.map_err(refused)?;
    let outcome = if renewal == Renewal::Revive { "revived" } else { "replaced" };
    Ok(Json(Done { inquiry_id: Some(inquiry.to_string()), ..Done::new(outcome) }))
}

/// The inquiry a path names.
pub(super) fn read((environment, id): &(String, String)) -> Result<(EnvironmentName, InquiryId), Problem> {
    Ok((ask::environment(environment)?, ask::in_path("inquiry", id, InquiryId::parse)?))
}
