//! `/v1/templates`: templates, and how many open inquiries there are of each version.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::Control;
use super::ask;
use super::says::away;
use super::wire::{CountView, text, time};
use crate::app::board::TemplateLine;
use crate::domain::act::Act;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// A template with its versions.
#[derive(Serialize, ToSchema)]
pub(super) struct TemplateView {
    id: String,
    name: Option<String>,
    latest_version_id: Option<String>,
    /// For when the latest version was last told, by Persona's clock
    #[schema(format = DateTime)]
    told_for: Option<String>,
    /// Open inquiries of another version than the latest
    outdated: CountView,
    /// Open inquiries of which the version is not known
    of_unknown: CountView,
    versions: Vec<VersionView>,
}

#[derive(Serialize, ToSchema)]
struct VersionView {
    id: String,
    latest: bool,
    /// Open inquiries of it
    open: CountView,
    /// `running`, `paused`, `cancelled` or `done`: how far its open inquiries were planned anew for it
    run: Option<String>,
}

/// The templates of an environment
#[utoipa::path(
    get, path = "/v1/templates/{environment}", tag = "Overview", operation_id = "listTemplates",
    params(("environment" = String, Path)),
    responses((status = 200, description = "The templates", body = Vec<TemplateView>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn list(
    State(control): State<Control>,
    caller: Caller,
    Path(environment): Path<String>,
) -> Result<Json<Vec<TemplateView>>, Problem> {
    let environment = ask::environment(&environment)?;
    caller.may_in(Act::Look, &environment)?;
    let board = control.board(&caller);
    if !board.environments().contains(&environment) {
        return Err(ask::missing("environment"));
    }
    let (lines, _) = board.templates(&environment).await.map_err(away)?;
    Ok(Json(lines.into_iter().map(TemplateView::from).collect()))
}

impl From<TemplateLine> for TemplateView {
    fn from(line: TemplateLine) -> Self {
        let versions = line.versions.into_iter().map(|version| VersionView {
            id: version.id.to_string(),
            latest: version.latest,
            open: version.open.into(),
            run: text(version.run.map(|run| run.state)),
        });
        Self {
            id: line.known.template.id.to_string(),
            name: line.known.template.name,
            latest_version_id: text(line.known.template.latest_version),
            told_for: time(line.known.version_told_for),
            outdated: line.outdated.into(),
            of_unknown: line.of_unknown.into(),
            versions: versions.collect(),
        }
    }
}
