//! `/v1/overview` and what belongs to it: what needs somebody, how environments do, and what happened in numbers.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;

use super::Control;
use super::alerts::AlertView;
use super::numbers::by_tally;
use super::says::away;
use super::wire::{CountView, text, time};
use crate::app::board::{Attention, BudgetState, EnvironmentState, LaneSetting, Overview, Waiting};
use crate::config::Mode;
use crate::domain::budget::Urgency;
use crate::domain::time::Timestamp;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// Everything on the first page.
#[derive(Serialize, ToSchema)]
pub(super) struct OverviewView {
    #[schema(format = DateTime)]
    at: String,
    attention: AttentionView,
    /// Inquiries by environment and status
    statuses: Vec<StatusCount>,
    /// Open inquiries by the time to their deadline
    deadlines: Vec<SpanCount>,
    /// Planned work by the time until it is due
    due: Vec<SpanCount>,
    /// What happened in the last 24 hours, by tally
    day: BTreeMap<&'static str, u64>,
    /// What happened in the last 30 days, by tally
    month: BTreeMap<&'static str, u64>,
}

/// What needs somebody first; all empty in a good hour.
#[derive(Serialize, ToSchema)]
struct AttentionView {
    /// Alerts that fire and that nobody silenced
    alerts: Vec<AlertView>,
    /// Actions that were given up, by reason
    dead_letters: Vec<DeadLetterView>,
    quarantined: Vec<EnvironmentCount>,
    unreadable: Vec<EnvironmentCount>,
    /// Lanes whose oldest due action waits for too long
    late: Vec<LateView>,
    paused: Vec<LaneView>,
    /// Notifiers that fail for everyone, as the answering process sees it
    broken_notifiers: Vec<BrokenView>,
    reconciliation: Vec<ReconciliationLateView>,
    budget: Vec<BudgetLowView>,
    /// Deliveries refused in this hour and the one before
    refused: u64,
}

#[derive(Serialize, ToSchema)]
struct BrokenView {
    notifier: String,
    since: String,
    /// When one notice is tried; the others wait for it
    next_try_at: String,
}

#[derive(Serialize, ToSchema)]
struct DeadLetterView {
    environment: String,
    kind: &'static str,
    reason: Option<String>,
    count: u32,
    /// Whether there may be more, behind the latest 1,000
    more: bool,
    #[schema(format = DateTime)]
    latest_at: String,
}

#[derive(Serialize, ToSchema)]
struct EnvironmentCount {
    environment: String,
    #[serde(flatten)]
    count: CountView,
}

#[derive(Serialize, ToSchema)]
struct LateView {
    environment: String,
    kind: &'static str,
    #[schema(format = DateTime)]
    oldest_due_at: String,
}

/// A lane as an operator left it.
#[derive(Serialize, ToSchema)]
pub(super) struct LaneView {
    environment: String,
    kind: &'static str,
    paused: bool,
    /// Lanes with a higher one are claimed first
    priority: i32,
    reason: String,
    changed_by: String,
    #[schema(format = DateTime)]
    changed_at: String,
}

#[derive(Serialize, ToSchema)]
struct ReconciliationLateView {
    environment: String,
    #[schema(format = DateTime)]
    until: Option<String>,
    error: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct BudgetLowView {
    environment: String,
    calls_left: u32,
    call_limit: Option<u32>,
    pace_percent: u32,
    #[schema(format = DateTime)]
    opens_at: String,
}

#[derive(Serialize, ToSchema)]
struct StatusCount {
    environment: String,
    status: String,
    #[serde(flatten)]
    count: CountView,
}

#[derive(Serialize, ToSchema)]
struct SpanCount {
    environment: String,
    /// The kind of work, where it is about work
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// From so many seconds from now; null: however long ago
    from_seconds: Option<i64>,
    /// To so many seconds from now; null: however long
    to_seconds: Option<i64>,
    #[serde(flatten)]
    count: CountView,
}

/// How an environment does.
#[derive(Serialize, ToSchema)]
pub(super) struct EnvironmentView {
    environment: String,
    /// `act` or `observe`
    mode: &'static str,
    has_api_key: bool,
    #[schema(format = DateTime)]
    last_delivery_at: Option<String>,
    /// What changed at Persona before this time is known
    #[schema(format = DateTime)]
    reconciled_until: Option<String>,
    /// Why the latest run of reconciliation stopped before it was done
    reconciliation_error: Option<String>,
    budget: Option<BudgetView>,
    lanes: Vec<LaneView>,
}

#[derive(Serialize, ToSchema)]
struct BudgetView {
    /// Calls a minute; null until an answer said so
    call_limit: Option<u32>,
    calls_left: u32,
    calls_under_way: u32,
    pace_percent: u32,
    #[schema(format = DateTime)]
    resets_at: Option<String>,
    #[schema(format = DateTime)]
    closed_until: Option<String>,
    /// Calls granted in this minute, by urgency
    granted: BTreeMap<&'static str, u32>,
}

/// Everything on the first page
#[utoipa::path(
    get, path = "/v1/overview", tag = "Overview", operation_id = "getOverview",
    responses((status = 200, description = "The overview", body = OverviewView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn overview(State(control): State<Control>, caller: Caller) -> Result<Json<OverviewView>, Problem> {
    Ok(Json(control.board(&caller).overview().await.map_err(away)?.into()))
}

/// How each environment does
#[utoipa::path(
    get, path = "/v1/environments", tag = "Overview", operation_id = "listEnvironments",
    responses((status = 200, description = "The environments", body = Vec<EnvironmentView>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn environments(
    State(control): State<Control>,
    caller: Caller,
) -> Result<Json<Vec<EnvironmentView>>, Problem> {
    let states = control.board(&caller).states().await.map_err(away)?;
    Ok(Json(states.into_iter().map(EnvironmentView::from).collect()))
}

impl From<Overview> for OverviewView {
    fn from(overview: Overview) -> Self {
        let seconds = |span: Option<SignedDuration>| span.map(|span| span.as_secs());
        let statuses = overview.statuses.into_iter().map(|one| StatusCount {
            environment: one.environment.to_string(),
            status: one.status.to_string(),
            count: one.count.into(),
        });
        let deadlines = overview.deadlines.into_iter().map(|one| SpanCount {
            environment: one.environment.to_string(),
            kind: None,
            from_seconds: seconds(one.from),
            to_seconds: seconds(one.to),
            count: one.count.into(),
        });
        let due = overview.due.into_iter().map(|one| SpanCount {
            environment: one.environment.to_string(),
            kind: Some(one.kind.as_str()),
            from_seconds: seconds(one.from),
            to_seconds: seconds(one.to),
            count: one.count.into(),
        });
        Self {
            at: overview.at.to_string(),
            statuses: statuses.collect(),
            deadlines: deadlines.collect(),
            due: due.collect(),
            day: by_tally(&overview.day),
            month: by_tally(&overview.month),
            attention: AttentionView::of(overview.attention, overview.at),
        }
    }
}

impl AttentionView {
    fn of(attention: Attention, at: Timestamp) -> Self {
        let waiting = |all: Vec<Waiting>| {
            let view =
                |one: Waiting| EnvironmentCount { environment: one.environment.to_string(), count: one.count.into() };
            all.into_iter().map(view).collect()
        };
        let dead_letters = attention.dead_letters.into_iter().map(|one| DeadLetterView {
            environment: one.environment.to_string(),
            kind: one.kind.as_str(),
            reason: one.reason,
            count: one.count,
            more: one.more,
            latest_at: one.latest.to_string(),
        });
        let late = attention.late.into_iter().map(|one| LateView {
            environment: one.environment.to_string(),
            kind: one.kind.as_str(),
            oldest_due_at: one.oldest_due.to_string(),
        });
        let reconciliation = attention.reconciliation.into_iter().map(|one| ReconciliationLateView {
            environment: one.environment.to_string(),
            until: time(one.until),
            error: one.error,
        });
        let broken = attention.broken.into_iter().map(|one| BrokenView {
            notifier: one.notifier.to_string(),
            since: one.since.to_string(),
            next_try_at: one.next_try.to_string(),
        });
        let budget = attention.budget.into_iter().map(|one| BudgetLowView {
            environment: one.environment.to_string(),
            calls_left: one.left,
            call_limit: one.limit,
            pace_percent: one.pace,
            opens_at: one.opens_at.to_string(),
        });
        Self {
            alerts: attention.alerts.into_iter().map(|alert| AlertView::of(alert, at)).collect(),
            dead_letters: dead_letters.collect(),
            quarantined: waiting(attention.quarantined),
            unreadable: waiting(attention.unreadable),
            late: late.collect(),
            paused: attention.paused.into_iter().map(LaneView::from).collect(),
            broken_notifiers: broken.collect(),
            reconciliation: reconciliation.collect(),
            budget: budget.collect(),
            refused: attention.refused,
        }
    }
}

impl From<LaneSetting> for LaneView {
    fn from(setting: LaneSetting) -> Self {
        Self {
            environment: setting.lane.0.to_string(),
            kind: setting.lane.1.as_str(),
            paused: setting.paused,
            priority: setting.priority,
            reason: setting.reason,
            changed_by: setting.changed_by,
            changed_at: setting.changed_at.to_string(),
        }
    }
}

impl From<EnvironmentState> for EnvironmentView {
    fn from(state: EnvironmentState) -> Self {
        let known = state.reconciliation;
        let error = known.as_ref().and_then(|known| known.run.as_ref()).and_then(|run| run.error.clone());
        Self {
            environment: state.environment.to_string(),
            mode: if state.mode == Mode::Act { "act" } else { "observe" },
            has_api_key: state.has_key,
            last_delivery_at: time(state.last_delivery),
            reconciled_until: text(known.map(|known| known.reconciled_until)),
            reconciliation_error: error,
            budget: state.budget.map(BudgetView::from),
            lanes: state.lanes.into_iter().filter_map(|(_, setting)| setting).map(LaneView::from).collect(),
        }
    }
}

impl From<BudgetState> for BudgetView {
    fn from(budget: BudgetState) -> Self {
        let granted = Urgency::ALL.into_iter().map(Urgency::as_str).zip(budget.granted);
        Self {
            call_limit: budget.limit,
            calls_left: budget.left,
            calls_under_way: budget.under_way,
            pace_percent: budget.pace,
            resets_at: time(budget.resets_at),
            closed_until: time(budget.closed_until),
            granted: granted.collect(),
        }
    }
}
