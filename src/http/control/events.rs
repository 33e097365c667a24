//! `/v1/events` and `/v1/refusals`: what Persona told, what was kept aside, and what was refused.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Control;
use super::ask::{self, Asked, Said};
use super::inquiries::Done;
use super::says::{away, refused};
use super::wire::{EventView, PageView, Why, text};
use crate::app::board::{self, EventFilter, Outcome};
use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    environment: Option<String>,
    /// As Persona writes it, such as `inquiry.completed`
    name: Option<String>,
    inquiry: Option<String>,
    /// `applied`, `ignored`, `quarantined`, `unreadable` or `discarded`
    outcome: Option<String>,
    /// Received from this time on
    from: Option<String>,
    /// Received before this time
    before: Option<String>,
    after: Option<String>,
    /// 50 unless said; at most 500
    limit: Option<u32>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichPage {
    after: Option<String>,
    limit: Option<u32>,
}

/// An event with its payload masked.
#[derive(Serialize, ToSchema)]
pub(super) struct OneEvent {
    event: EventView,
    /// The payload with everything masked that may be a person's; null where it is gone
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
    bytes: Option<usize>,
    can_be_revealed: bool,
}

/// A payload as it was received.
#[derive(Serialize, ToSchema)]
pub(super) struct Payload {
    /// People's data: keep it nowhere
    payload: String,
}

/// A delivery that was refused; nothing of its body is kept.
#[derive(Serialize, ToSchema)]
pub(super) struct RefusalView {
    #[schema(format = DateTime)]
    at: String,
    /// Null where its route named none of ours
    environment: Option<String>,
    outcome: String,
    reason: String,
    address: Option<String>,
}

/// List events
#[utoipa::path(
    get, path = "/v1/events", tag = "Events", operation_id = "listEvents", params(Which),
    responses((status = 200, description = "A page", body = PageView<EventView>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn list(
    State(control): State<Control>,
    caller: Caller,
    Asked(which): Asked<Which>,
) -> Result<Json<PageView<EventView>>, Problem> {
    let filter = EventFilter {
        environment: caller.narrowed(which.environment.as_deref())?,
        name: which.name,
        inquiry: ask::id("inquiry", which.inquiry.as_deref(), InquiryId::parse)?,
        outcome: ask::word("outcome", which.outcome.as_deref(), Outcome::parse)?,
        from: ask::time("from", which.from.as_deref())?,
        before: ask::time("before", which.before.as_deref())?,
    };
    let after = ask::after(which.after.as_deref())?;
    let page = control.board(&caller).events(&filter, after.as_ref(), ask::limit(which.limit)).await;
    Ok(Json(PageView::of(page.map_err(away)?, EventView::from)))
}

/// One event, its payload masked
#[utoipa::path(
    get, path = "/v1/events/{environment}/{id}", tag = "Events", operation_id = "getEvent",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "The event", body = OneEvent),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn show(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
) -> Result<Json<OneEvent>, Problem> {
    let (environment, id) = read(&place)?;
    let found = control.board(&caller).event(&environment, &id).await.map_err(away)?;
    let found = found.ok_or_else(|| ask::missing("event"))?;
    Ok(Json(OneEvent {
        event: found.event.into(),
        payload: found.masked.and_then(|text| serde_json::from_str(&text).ok()),
        bytes: found.bytes,
        can_be_revealed: found.can_be_revealed,
    }))
}

/// See a payload as it came
///
/// That it was seen, by whom and why, stands in the audit before it is shown.
#[utoipa::path(
    post, path = "/v1/events/{environment}/{id}/reveal", tag = "Events", operation_id = "revealEvent",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "The payload", body = Payload),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn reveal(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Payload>, Problem> {
    let (environment, id) = read(&place)?;
    let revealed = control.desk(caller, why.reason).reveal(&environment, &id).await.map_err(refused)?;
    Ok(Json(Payload { payload: revealed.expose().to_owned() }))
}

/// Apply a quarantined event
#[utoipa::path(
    post, path = "/v1/events/{environment}/{id}/release", tag = "Events", operation_id = "releaseEvent",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = EventView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn release(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<EventView>, Problem> {
    let (environment, id) = read(&place)?;
    let event = control.desk(caller, why.reason).release_event(&environment, &id).await.map_err(refused)?;
    Ok(Json(event.into()))
}

/// Discard a quarantined event for good
#[utoipa::path(
    post, path = "/v1/events/{environment}/{id}/discard", tag = "Events", operation_id = "discardEvent",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = EventView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn discard(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<EventView>, Problem> {
    let (environment, id) = read(&place)?;
    let event = control.desk(caller, why.reason).discard_event(&environment, &id).await.map_err(refused)?;
    Ok(Json(event.into()))
}

/// Take an event through the same steps as when it came
///
/// Where nothing was missed, that changes nothing, and says so.
#[utoipa::path(
    post, path = "/v1/events/{environment}/{id}/replay", tag = "Events", operation_id = "replayEvent",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "What it changed", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn replay(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    let (environment, id) = read(&place)?;
    let replayed = control.desk(caller, why.reason).replay_event(&environment, &id).await.map_err(refused)?;
    Ok(Json(Done::changing(replayed.changed, replayed.note)))
}

/// List refused deliveries: the last thousand
#[utoipa::path(
    get, path = "/v1/refusals", tag = "Events", operation_id = "listRefusals", params(WhichPage),
    responses((status = 200, description = "A page", body = PageView<RefusalView>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn refusals(
    State(control): State<Control>,
    caller: Caller,
    Asked(which): Asked<WhichPage>,
) -> Result<Json<PageView<RefusalView>>, Problem> {
    let after = ask::after(which.after.as_deref())?;
    let page = control.board(&caller).refusals(after.as_ref(), ask::limit(which.limit)).await.map_err(away)?;
    let view = |one: board::Refused| RefusalView {
        at: one.at.to_string(),
        environment: text(one.environment),
        outcome: one.outcome,
        reason: one.reason,
        address: one.address,
    };
    Ok(Json(PageView::of(page, view)))
}

fn read((environment, id): &(String, String)) -> Result<(EnvironmentName, EventId), Problem> {
    Ok((ask::environment(environment)?, ask::in_path("event", id, EventId::parse)?))
}
