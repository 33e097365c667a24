//! `/v1/actions`: planned work, what became of it, and what can be done about it.

use axum::Json;
use axum::extract::{Path, State as Shared};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Control;
use super::ask::{self, Asked, Said};
use super::says::{away, refused};
use super::wire::{ActionView, AttemptView, PageView, Why};
use crate::app::board::ActionFilter;
use crate::domain::action::{Kind, State};
use crate::domain::ids::{ActionId, InquiryId};
use crate::domain::time::Timestamp;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// Which actions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    environment: Option<String>,
    /// `remind`, `revive`, `replace`, `tell`, `expire` or `invite`
    kind: Option<String>,
    /// `planned` (as they are due), `failed` (the latest first), `running`, `done` or `cancelled`
    state: Option<String>,
    inquiry: Option<String>,
    /// Exactly this reason
    reason: Option<String>,
    /// From this time on: due, given up or planned, by the state asked for
    from: Option<String>,
    /// Before this time
    before: Option<String>,
    after: Option<String>,
    /// 50 unless said; at most 500
    limit: Option<u32>,
}

/// An action with its attempts.
#[derive(Serialize, ToSchema)]
pub(super) struct OneAction {
    action: ActionView,
    attempts: Vec<AttemptView>,
    /// The access link its notice carries, by its id
    link: Option<String>,
    can_be_retried: bool,
    can_be_cancelled: bool,
    can_be_rescheduled: bool,
}

/// When, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    /// The new time
    #[schema(format = DateTime)]
    due_at: String,
    /// In your words; it stands in the audit. Name nobody
    reason: Option<String>,
}

/// List actions
#[utoipa::path(
    get, path = "/v1/actions", tag = "Actions", operation_id = "listActions", params(Which),
    responses((status = 200, description = "A page", body = PageView<ActionView>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn list(
    Shared(control): Shared<Control>,
    caller: Caller,
    Asked(which): Asked<Which>,
) -> Result<Json<PageView<ActionView>>, Problem> {
    let kind = |text: &str| Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    let filter = ActionFilter {
        environment: caller.narrowed(which.environment.as_deref())?,
        kind: ask::word("kind", which.kind.as_deref(), kind)?,
        state: ask::word("state", which.state.as_deref(), State::parse)?,
        inquiry: ask::id("inquiry", which.inquiry.as_deref(), InquiryId::parse)?,
        reason: which.reason,
        from: ask::time("from", which.from.as_deref())?,
        before: ask::time("before", which.before.as_deref())?,
    };
    let after = ask::after(which.after.as_deref())?;
    let page = control.board(&caller).actions(&filter, after.as_ref(), ask::limit(which.limit)).await;
    Ok(Json(PageView::of(page.map_err(away)?, ActionView::from)))
}

/// One action with its attempts
#[utoipa::path(
    get, path = "/v1/actions/{id}", tag = "Actions", operation_id = "getAction", params(("id" = String, Path)),
    responses((status = 200, description = "The action", body = OneAction),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn show(
    Shared(control): Shared<Control>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<OneAction>, Problem> {
    let id = ask::in_path("action", &id, ActionId::parse)?;
    let found = control.board(&caller).action(&id).await.map_err(away)?;
    let found = found.ok_or_else(|| ask::missing("action"))?;
    Ok(Json(OneAction {
        action: found.action.into(),
        attempts: found.attempts.into_iter().map(AttemptView::from).collect(),
        link: found.link.map(|link| link.id.to_string()),
        can_be_retried: found.can_be_retried,
        can_be_cancelled: found.can_be_cancelled,
        can_be_rescheduled: found.can_be_rescheduled,
    }))
}

/// Make a failed or cancelled action due now
#[utoipa::path(
    post, path = "/v1/actions/{id}/retry", tag = "Actions", operation_id = "retryAction",
    params(("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = ActionView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn retry(
    Shared(control): Shared<Control>,
    caller: Caller,
    Path(id): Path<String>,
    Said(why): Said<Why>,
) -> Result<Json<ActionView>, Problem> {
    let id = ask::in_path("action", &id, ActionId::parse)?;
    let action = control.desk(caller, why.reason).retry(&id).await.map_err(refused)?;
    Ok(Json(action.into()))
}

/// Cancel a planned or running action for good
#[utoipa::path(
    post, path = "/v1/actions/{id}/cancel", tag = "Actions", operation_id = "cancelAction",
    params(("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = ActionView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn cancel(
    Shared(control): Shared<Control>,
    caller: Caller,
    Path(id): Path<String>,
    Said(why): Said<Why>,
) -> Result<Json<ActionView>, Problem> {
    let id = ask::in_path("action", &id, ActionId::parse)?;
    let action = control.desk(caller, why.reason).cancel(&id).await.map_err(refused)?;
    Ok(Json(action.into()))
}

/// Put a planned action to another time
#[utoipa::path(
    post, path = "/v1/actions/{id}/reschedule", tag = "Actions", operation_id = "rescheduleAction",
    params(("id" = String, Path)), request_body = When,
    responses((status = 200, description = "As it is then", body = ActionView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn reschedule(
    Shared(control): Shared<Control>,
    caller: Caller,
    Path(id): Path<String>,
    Said(when): Said<When>,
) -> Result<Json<ActionView>, Problem> {
    let id = ask::in_path("action", &id, ActionId::parse)?;
    let due_at = Timestamp::parse(&when.due_at).map_err(|why| ask::wrong("body", &format!("due_at {why}")))?;
    let action = control.desk(caller, when.reason).reschedule(&id, due_at).await.map_err(refused)?;
    Ok(Json(action.into()))
}
