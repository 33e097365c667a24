//! `/v1/lanes` and `/v1/links`: kinds of work paused and resumed, and ways in made and revoked.

use axum::Json;
use axum::extract::{Path, State};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::Control;
use super::ask::{self, Said};
use super::inquiries::{Done, read};
use super::overview::LaneView;
use super::says::refused;
use super::wire::Why;
use crate::app::board::LinkId;
use crate::app::lanes::LaneChange;
use crate::domain::action::Kind;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// An access link, shown once: whoever has it gets in.
#[derive(Serialize, ToSchema)]
pub(super) struct Minted {
    /// What it is known by
    id: String,
    /// A secret: hand it to the person and keep it nowhere
    url: String,
    #[schema(format = DateTime)]
    expires_at: String,
    max_opens: u32,
}

/// Perform nothing of a lane; what runs may end
#[utoipa::path(
    post, path = "/v1/lanes/{environment}/{kind}/pause", tag = "Lanes", operation_id = "pauseLane",
    params(("environment" = String, Path), ("kind" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = LaneView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn pause(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<LaneView>, Problem> {
    change(&control, caller, &place, why, LaneChange::Pause).await
}

/// Perform a lane again
#[utoipa::path(
    post, path = "/v1/lanes/{environment}/{kind}/resume", tag = "Lanes", operation_id = "resumeLane",
    params(("environment" = String, Path), ("kind" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = LaneView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn resume(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<LaneView>, Problem> {
    change(&control, caller, &place, why, LaneChange::Resume).await
}

async fn change(
    control: &Control,
    caller: Caller,
    (environment, kind): &(String, String),
    why: Why,
    change: LaneChange,
) -> Result<Json<LaneView>, Problem> {
    let environment = ask::environment(environment)?;
    let kind = Kind::ALL.into_iter().find(|one| one.as_str() == kind).ok_or_else(|| ask::missing("lane"))?;
    let setting = control.desk(caller, why.reason).change_lane(&environment, kind, change).await.map_err(refused)?;
    Ok(Json(setting.into()))
}

/// Make an access link into an inquiry's verification
#[utoipa::path(
    post, path = "/v1/inquiries/{environment}/{id}/links", tag = "Inquiries", operation_id = "mintLink",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "The link", body = Minted),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn mint_link(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Minted>, Problem> {
    let (environment, id) = read(&place)?;
    let minted = control.desk(caller, why.reason).mint_link(&environment, &id).await.map_err(refused)?;
    Ok(Json(Minted {
        id: minted.link.id.to_string(),
        url: minted.url.expose_secret().to_owned(),
        expires_at: minted.link.expires_at.to_string(),
        max_opens: minted.link.max_opens,
    }))
}

/// Revoke every link into an inquiry's verification
#[utoipa::path(
    post, path = "/v1/inquiries/{environment}/{id}/links/revoke", tag = "Inquiries", operation_id = "revokeLinks",
    params(("environment" = String, Path), ("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "Revoked", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn revoke_links(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    let (environment, id) = read(&place)?;
    let revoked = control.desk(caller, why.reason).revoke_links(&environment, &id).await.map_err(refused)?;
    Ok(Json(Done::new(if revoked > 0 { "revoked" } else { "unchanged" })))
}

/// Revoke one link
#[utoipa::path(
    post, path = "/v1/links/{id}/revoke", tag = "Inquiries", operation_id = "revokeLink",
    params(("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "Revoked", body = Done),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn revoke_link(
    State(control): State<Control>,
    caller: Caller,
    Path(id): Path<String>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    let id = LinkId::parse(&id).ok_or_else(|| ask::missing("link"))?;
    let revoked = control.desk(caller, why.reason).revoke_link(&id).await.map_err(refused)?;
    Ok(Json(Done::new(if revoked { "revoked" } else { "unchanged" })))
}
