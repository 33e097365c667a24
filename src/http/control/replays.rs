//! `/v1/replays`: many things done again, looked at first.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Control;
use super::ask::{self, Asked, Said};
use super::says::{away, refused};
use super::wire::{PageView, Why, time};
use crate::app::board::ReplayStory;
use crate::app::replay::{Preview, Replay, ReplayChange, ReplayError};
use crate::domain::ids::ReplayId;
use crate::http::chosen::Chosen;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// Which replays.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    environment: Option<String>,
    after: Option<String>,
    /// 50 unless said; at most 500
    limit: Option<u32>,
}

/// Which preview is started, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    /// The preview's id
    preview: String,
    /// In your words; it stands in the audit. Name nobody
    reason: Option<String>,
}

/// A replay, or the preview of one.
#[derive(Serialize, ToSchema)]
pub(super) struct ReplayView {
    id: String,
    chosen: Chosen,
    /// `previewed`, `running`, `paused`, `cancelled` or `done`
    state: &'static str,
    preview: PreviewView,
    /// What ended or came later is not part of it
    #[schema(format = DateTime)]
    as_of: String,
    previewed_by: String,
    /// Until when it can be started
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    began_at: Option<String>,
    began_by: Option<String>,
    /// Why it was started
    reason: Option<String>,
    /// When it goes on
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// Matches looked at so far
    looked_at: u64,
    /// Actions made due
    made_due: u64,
    /// Actions made due that have not ended yet
    waiting: u64,
    /// Actions performed; events that changed something
    done: u64,
    /// Events that changed nothing
    unchanged: u64,
    /// Actions given up again; events that could not be applied
    failed: u64,
    /// Actions made due, and then no longer wanted
    called_off: u64,
    /// Passed over
    skipped: u64,
    #[schema(format = DateTime)]
    touched_at: String,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Who paused, resumed or cancelled it last
    changed_by: Option<String>,
    changed_why: Option<String>,
}

/// What a replay would do.
#[derive(Serialize, ToSchema)]
pub(super) struct PreviewView {
    /// How many match; 100,000 are counted at most
    matched: u64,
    /// Whether there are more
    more: bool,
    /// Of how many it was asked whether they would be passed over
    asked: u64,
    /// Whether that was all of them; else what follows is an estimate from an even sample
    exact: bool,
    /// How many would be begun
    begun: u64,
    /// How many would be passed over
    skipped: u64,
    skipped_by_reason: Vec<SkippedView>,
    groups: Vec<GroupView>,
    /// Calls to Persona at most, where each succeeds at its first try
    calls: u64,
    /// Notices to people or to the application at most
    messages: u64,
    /// How long it takes by what the budget and the pace allow
    seconds: u64,
}

#[derive(Serialize, ToSchema)]
struct SkippedView {
    /// `finished`, `superseded`, `deadline_passed`, `muted`, `lane_paused`, …
    reason: &'static str,
    /// In words
    says: &'static str,
    count: u64,
}

#[derive(Serialize, ToSchema)]
struct GroupView {
    /// A kind of action, or the name of events
    what: String,
    /// The reason they ended with, or what became of them
    why: Option<String>,
    count: u64,
}

/// A replay with its report.
#[derive(Serialize, ToSchema)]
pub(super) struct OneReplay {
    replay: ReplayView,
    /// What became of what was not simply done, the most frequent first
    reasons: Vec<BecameView>,
}

#[derive(Serialize, ToSchema)]
struct BecameView {
    /// `failed`, `called_off` or `skipped`
    became: &'static str,
    reason: String,
    count: u64,
}

/// Look at what a replay would do
///
/// Nothing is done. The preview is kept for 15 minutes under its id, which is what it is started with.
#[utoipa::path(
    post, path = "/v1/replays/previews", tag = "Replays", operation_id = "previewReplay", request_body = Chosen,
    responses((status = 200, description = "The preview", body = ReplayView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn preview(
    State(control): State<Control>,
    caller: Caller,
    Said(chosen): Said<Chosen>,
) -> Result<Json<ReplayView>, Problem> {
    let (filter, per_minute) = chosen.read().map_err(|why| ask::wrong("body", &why))?;
    let replay = control.desk(caller, None).preview_replay(filter, per_minute).await.map_err(not_done)?;
    Ok(Json(replay.into()))
}

/// Start what was previewed
///
/// A preview is started once: whoever starts it again is given the same replay. While a replay is under way, another one
/// of the same choice is refused, and so is one of which the matches changed much since its preview.
#[utoipa::path(
    post, path = "/v1/replays", tag = "Replays", operation_id = "startReplay", request_body = Start,
    responses((status = 200, description = "The replay", body = ReplayView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn start(
    State(control): State<Control>,
    caller: Caller,
    Said(start): Said<Start>,
) -> Result<Json<ReplayView>, Problem> {
    let id = ask::in_path("replay", &start.preview, ReplayId::parse)?;
    let replay = control.desk(caller, start.reason).start_replay(&id).await.map_err(not_done)?;
    Ok(Json(replay.into()))
}

/// List replays
#[utoipa::path(
    get, path = "/v1/replays", tag = "Replays", operation_id = "listReplays", params(Which),
    responses((status = 200, description = "A page, the latest first", body = PageView<ReplayView>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn list(
    State(control): State<Control>,
    caller: Caller,
    Asked(which): Asked<Which>,
) -> Result<Json<PageView<ReplayView>>, Problem> {
    let environment = caller.narrowed(which.environment.as_deref())?;
    let after = ask::after(which.after.as_deref())?;
    let board = control.board(&caller);
    let page = board.replays(environment.as_ref(), after.as_ref(), ask::limit(which.limit)).await.map_err(away)?;
    Ok(Json(PageView::of(page, ReplayView::from)))
}

/// One replay with its report
#[utoipa::path(
    get, path = "/v1/replays/{id}", tag = "Replays", operation_id = "getReplay", params(("id" = String, Path)),
    responses((status = 200, description = "The replay", body = OneReplay),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn show(
    State(control): State<Control>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<OneReplay>, Problem> {
    let id = ask::in_path("replay", &id, ReplayId::parse)?;
    let found = control.board(&caller).replay(&id).await.map_err(away)?;
    let ReplayStory { replay, reasons } = found.ok_or_else(|| ask::missing("replay"))?;
    let reasons =
        reasons.into_iter().map(|one| BecameView { became: one.became.as_str(), reason: one.reason, count: one.count });
    Ok(Json(OneReplay { replay: replay.into(), reasons: reasons.collect() }))
}

/// Hold a replay where it is; what was made due is performed
#[utoipa::path(
    post, path = "/v1/replays/{id}/pause", tag = "Replays", operation_id = "pauseReplay",
    params(("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = ReplayView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn pause(
    State(control): State<Control>,
    caller: Caller,
    Path(id): Path<String>,
    Said(why): Said<Why>,
) -> Result<Json<ReplayView>, Problem> {
    change(&control, caller, &id, why, ReplayChange::Pause).await
}

/// Go on with a replay that was held
#[utoipa::path(
    post, path = "/v1/replays/{id}/resume", tag = "Replays", operation_id = "resumeReplay",
    params(("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = ReplayView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn resume(
    State(control): State<Control>,
    caller: Caller,
    Path(id): Path<String>,
    Said(why): Said<Why>,
) -> Result<Json<ReplayView>, Problem> {
    change(&control, caller, &id, why, ReplayChange::Resume).await
}

/// End a replay; what was made due is performed
#[utoipa::path(
    post, path = "/v1/replays/{id}/cancel", tag = "Replays", operation_id = "cancelReplay",
    params(("id" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = ReplayView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn cancel(
    State(control): State<Control>,
    caller: Caller,
    Path(id): Path<String>,
    Said(why): Said<Why>,
) -> Result<Json<ReplayView>, Problem> {
    change(&control, caller, &id, why, ReplayChange::Cancel).await
}

async fn change(
    control: &Control,
    caller: Caller,
    id: &str,
    why: Why,
    change: ReplayChange,
) -> Result<Json<ReplayView>, Problem> {
    let id = ask::in_path("replay", id, ReplayId::parse)?;
    let replay = control.desk(caller, why.reason).change_replay(&id, change).await.map_err(not_done)?;
    Ok(Json(replay.into()))
}

/// What an error of a replay means to a caller.
fn not_done(error: ReplayError) -> Problem {
    let detail = error.to_string();
    let (status, code) = match error {
        ReplayError::Act(error) => return refused(error),
        ReplayError::Expired => (StatusCode::CONFLICT, "expired"),
        ReplayError::Nothing => (StatusCode::CONFLICT, "nothing"),
        ReplayError::Differs { .. } => (StatusCode::CONFLICT, "changed"),
        ReplayError::Alike(_) => (StatusCode::CONFLICT, "under-way"),
        ReplayError::WrongState { .. } => (StatusCode::CONFLICT, "not-now"),
        ReplayError::UnknownCustomer(_) | ReplayError::TooManyIds => (StatusCode::UNPROCESSABLE_ENTITY, "body"),
    };
    Problem::new(status, detail).code(code)
}

impl From<Replay> for ReplayView {
    fn from(replay: Replay) -> Self {
        let waiting = replay.waiting();
        let (began_at, began_by, reason) = match replay.began {
            Some((at, by, why)) => (Some(at.to_string()), Some(by), Some(why)),
            None => (None, None, None),
        };
        let (changed_by, changed_why) = replay.changed.unzip();
        let counts = replay.counts;
        Self {
            id: replay.id.to_string(),
            chosen: Chosen::of(&replay.filter, replay.per_minute),
            state: replay.state.as_str(),
            preview: replay.preview.into(),
            as_of: replay.as_of.to_string(),
            previewed_by: replay.made_by,
            expires_at: replay.expires_at.to_string(),
            began_at,
            began_by,
            reason,
            next_at: time(replay.next_at),
            looked_at: counts.looked_at,
            made_due: counts.made_due,
            waiting,
            done: counts.done,
            unchanged: counts.unchanged,
            failed: counts.failed,
            called_off: counts.called_off,
            skipped: counts.skipped,
            touched_at: replay.touched_at.to_string(),
            ended_at: time(replay.ended_at),
            changed_by,
            changed_why,
        }
    }
}

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> Self {
        let skipped_by_reason = preview.skipped.iter().map(|(why, count)| SkippedView {
            reason: why.as_str(),
            says: why.says(),
            count: preview.in_all(*count),
        });
        let group = |group: &crate::app::replay::Group| GroupView {
            what: group.what.clone(),
            why: group.why.clone(),
            count: group.count,
        };
        Self {
            matched: preview.matched,
            more: preview.more,
            asked: preview.asked,
            exact: preview.is_exact(),
            begun: preview.begun(),
            skipped: preview.skipped(),
            skipped_by_reason: skipped_by_reason.collect(),
            groups: preview.groups.iter().map(group).collect(),
            calls: preview.calls,
            messages: preview.messages,
            seconds: preview.seconds,
        }
    }
}
