//! `/v1/alerts`: what is wrong with the installation, who was told, and silences.

use axum::Json;
use axum::extract::{Path, State};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Control;
use super::ask::{self, Said};
use super::says::{away, refused};
use super::wire::Why;
use crate::app::board::AlertNotice;
use crate::domain::alert::{Alert, AlertName};
use crate::domain::time::Timestamp;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// Alerts as they stand.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertsView {
    /// Every alert of every environment, also quiet ones
    alerts: Vec<AlertView>,
    /// What was told lately, the latest first
    notices: Vec<AlertNoticeView>,
    /// The notifiers that are told; none: alerts are only shown
    notify: Vec<String>,
}

/// An alert as it stands.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertView {
    environment: String,
    /// `silence`, `dead_letters` …; the list grows
    alert: &'static str,
    /// As people read it
    title: &'static str,
    /// `quiet`, `pending` (not for long enough yet) or `firing`
    state: &'static str,
    /// Since when; null where it was never anything but quiet
    #[schema(format = DateTime)]
    since: Option<String>,
    /// When it was last told that it fires
    #[schema(format = DateTime)]
    told_at: Option<String>,
    /// How much of it there is, in seconds or pieces
    value: u64,
    /// What was last found; empty where nothing was
    summary: String,
    /// What helps
    help: &'static str,
    silenced: Option<SilencedView>,
}

/// A silence, while it lasts.
#[derive(Serialize, ToSchema)]
struct SilencedView {
    #[schema(format = DateTime)]
    until: String,
    by: String,
    reason: String,
}

/// A notice of an alert.
#[derive(Serialize, ToSchema)]
struct AlertNoticeView {
    /// The `webhook-id`
    id: String,
    environment: String,
    alert: &'static str,
    /// `firing` or `resolved`
    news: &'static str,
    notifier: String,
    summary: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was taken, or given up; null while it is tried
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    tries: u32,
    /// Why the latest try failed, or why it was given up
    error: Option<String>,
}

/// How long, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Silence {
    /// In your words; it stands in the audit. Name nobody
    reason: Option<String>,
    /// For how long, at most 2,592,000 (30 days)
    for_seconds: u32,
}

/// Alerts as they stand
#[utoipa::path(
    get, path = "/v1/alerts", tag = "Overview", operation_id = "listAlerts",
    responses((status = 200, description = "The alerts", body = AlertsView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn list(State(control): State<Control>, caller: Caller) -> Result<Json<AlertsView>, Problem> {
    let read = control.board(&caller).alerts().await.map_err(away)?;
    let now = control.gate.app().clock().now();
    Ok(Json(AlertsView {
        alerts: read.alerts.into_iter().map(|alert| AlertView::of(alert, now)).collect(),
        notices: read.notices.into_iter().map(AlertNoticeView::from).collect(),
        notify: read.notify.iter().map(ToString::to_string).collect(),
    }))
}

/// Tell nobody of an alert for a while; it is still shown, and its end is told to who was told of it
#[utoipa::path(
    post, path = "/v1/alerts/{environment}/{alert}/silence", tag = "Overview", operation_id = "silenceAlert",
    params(("environment" = String, Path), ("alert" = String, Path)), request_body = Silence,
    responses((status = 200, description = "As it is then", body = AlertView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn silence(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(said): Said<Silence>,
) -> Result<Json<AlertView>, Problem> {
    let long = SignedDuration::from_secs(said.for_seconds.into());
    change(&control, caller, &place, said.reason, Some(long)).await
}

/// End the silence of an alert
#[utoipa::path(
    post, path = "/v1/alerts/{environment}/{alert}/unsilence", tag = "Overview", operation_id = "unsilenceAlert",
    params(("environment" = String, Path), ("alert" = String, Path)), request_body = Why,
    responses((status = 200, description = "As it is then", body = AlertView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn unsilence(
    State(control): State<Control>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    Said(why): Said<Why>,
) -> Result<Json<AlertView>, Problem> {
    change(&control, caller, &place, why.reason, None).await
}

async fn change(
    control: &Control,
    caller: Caller,
    (environment, name): &(String, String),
    reason: Option<String>,
    long: Option<SignedDuration>,
) -> Result<Json<AlertView>, Problem> {
    let environment = ask::environment(environment)?;
    let name = AlertName::parse(name).ok_or_else(|| ask::missing("alert"))?;
    let alert = control.desk(caller, reason).silence_alert(&environment, name, long).await.map_err(refused)?;
    Ok(Json(AlertView::of(alert, control.gate.app().clock().now())))
}

impl AlertView {
    pub(super) fn of(alert: Alert, now: Timestamp) -> Self {
        let silenced = alert.silenced.clone().filter(|_| alert.is_silenced(now));
        Self {
            environment: alert.environment.to_string(),
            alert: alert.name.as_str(),
            title: alert.name.title(),
            state: alert.state.as_str(),
            since: (!alert.summary.is_empty()).then(|| alert.since.to_string()),
            told_at: alert.told_at.map(|at| at.to_string()),
            value: alert.value,
            summary: alert.summary,
            help: alert.name.help(),
            silenced: silenced.map(|silenced| SilencedView {
                until: silenced.until.to_string(),
                by: silenced.by,
                reason: silenced.why,
            }),
        }
    }
}

impl From<AlertNotice> for AlertNoticeView {
    fn from(notice: AlertNotice) -> Self {
        Self {
            id: notice.id.to_string(),
            environment: notice.environment.to_string(),
            alert: notice.name.as_str(),
            news: notice.news.as_str(),
            notifier: notice.notifier.to_string(),
            summary: notice.summary,
            created_at: notice.created_at.to_string(),
            ended_at: notice.ended_at.map(|at| at.to_string()),
            tries: notice.tries,
            error: notice.error,
        }
    }
}
