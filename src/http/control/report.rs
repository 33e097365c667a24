//! `/v1/report`: does reminding help?

use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Control;
use super::ask::{self, Asked};
use super::says::away;
use super::wire::{CountView, text};
use crate::app::board::{Compared, Group, ReportFilter, StepReport, TemplateReport};
use crate::domain::effect::ENOUGH;
use crate::domain::ids::TemplateId;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// How far back a report goes, unless said.
const DAYS: i64 = 90;

/// What the report is to be about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    environment: Option<String>,
    /// One template, by its id
    template: Option<String>,
    /// Notices since the day this time lies in, by UTC; 90 days ago, unless said
    since: Option<String>,
}

/// What came of reminding, template by template.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportView {
    #[schema(format = DateTime)]
    since: String,
    /// From so many people in each group on, a difference is told
    enough: u64,
    templates: Vec<TemplateView>,
}

/// What came of reminding the people of one template.
#[derive(Serialize, ToSchema)]
#[schema(as = TemplateReport)]
struct TemplateView {
    environment: String,
    template_id: Option<String>,
    name: Option<String>,
    /// The share of people that the rules hold out now, in per cent
    holdout: u8,
    /// From the first step that came due on: the comparison
    whole: ComparedView,
    steps: Vec<StepView>,
    /// Verifications whose deadline is still to come: they are not counted yet
    waiting: CountView,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StepReport)]
struct StepView {
    /// As the rule writes it, such as `50%` or `3h`; `revived` and `replaced` are told to both groups
    step: String,
    /// `access`, `one-time` or `one-time-short`
    link_form: String,
    compared: ComparedView,
}

/// Those who were reminded against those who were held out.
#[derive(Serialize, ToSchema)]
#[schema(as = Compared)]
struct ComparedView {
    reminded: GroupView,
    held_out: GroupView,
    /// `no-holdout`, `too-little-data`, `unclear`, `helps` or `hurts`
    verdict: &'static str,
    /// Only where there is enough to tell one
    difference: Option<DifferenceView>,
}

/// So many people, one for each verification, and what they did before the deadline.
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
struct GroupView {
    people: u64,
    /// Opened a link
    opened: u64,
    /// Were seen
    came_back: u64,
    /// Were through, with whatever result
    finished: u64,
    /// The share of those who finished, 0 to 1
    share_finished: Option<f64>,
}

/// The share of those who finished among the reminded, less that among the held out; 0.05 is five points.
#[derive(Serialize, ToSchema)]
#[schema(as = Difference)]
struct DifferenceView {
    is: f64,
    /// The lower end of the 95 % confidence interval (Newcombe)
    at_least: f64,
    /// The upper end
    at_most: f64,
}

/// Does reminding help?
#[utoipa::path(
    get, path = "/v1/report", tag = "Overview", operation_id = "getReport", params(Wanted),
    responses((status = 200, description = "What came of reminding, template by template", body = ReportView),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn report(
    State(control): State<Control>,
    caller: Caller,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<ReportView>, Problem> {
    let since = ask::time("since", wanted.since.as_deref())?;
    let since = since.unwrap_or_else(|| control.gate.app().clock().now().minus(SignedDuration::from_hours(24 * DAYS)));
    let template = ask::id("template", wanted.template.as_deref(), TemplateId::parse)?;
    let board = control.gate.app().board(caller.narrowed(wanted.environment.as_deref())?);
    let filter = ReportFilter { environment: None, template, since };
    let reports = board.report(&filter).await.map_err(away)?;
    let templates = reports.into_iter().map(TemplateView::from).collect();
    Ok(Json(ReportView { since: since.to_string(), enough: ENOUGH, templates }))
}

impl From<TemplateReport> for TemplateView {
    fn from(report: TemplateReport) -> Self {
        Self {
            environment: report.environment.to_string(),
            template_id: text(report.template),
            name: report.name,
            holdout: report.holdout.percent(),
            whole: report.whole.into(),
            steps: report.steps.into_iter().map(StepView::from).collect(),
            waiting: report.waiting.into(),
        }
    }
}

impl From<StepReport> for StepView {
    fn from(report: StepReport) -> Self {
        Self { step: report.step, link_form: report.link_form, compared: report.compared.into() }
    }
}

impl From<Compared> for ComparedView {
    fn from(compared: Compared) -> Self {
        let difference = compared.verdict.difference();
        Self {
            reminded: compared.reminded.into(),
            held_out: compared.held_out.into(),
            verdict: compared.verdict.as_str(),
            difference: difference.map(|of| DifferenceView { is: of.is, at_least: of.at_least, at_most: of.at_most }),
        }
    }
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        let Group { people, opened, came_back, finished } = group;
        Self { people, opened, came_back, finished, share_finished: group.share_finished().value() }
    }
}
