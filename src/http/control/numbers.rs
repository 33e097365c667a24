//! `/v1/totals` and `/v1/series`: what happened, in numbers that were kept as it happened.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Control;
use super::ask::{self, Asked};
use super::says::away;

use crate::app::board::{Period, Series, Tally, Totals};
use crate::domain::time::Timestamp;
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// From when to when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    environment: Option<String>,
    /// 24 hours ago, unless said
    from: Option<String>,
    /// Now, unless said
    to: Option<String>,
    /// Series only: these tallies, with commas between; all without
    tallies: Option<String>,
    /// Series only: `hour`, or `day` by UTC
    period: Option<String>,
}

/// How often something happened, period by period.
#[derive(Serialize, ToSchema)]
pub(super) struct SeriesView {
    tally: &'static str,
    points: Vec<PointView>,
}

#[derive(Serialize, ToSchema)]
struct PointView {
    #[schema(format = DateTime)]
    at: String,
    count: u64,
}

/// How often things happened
#[utoipa::path(
    get, path = "/v1/totals", tag = "Overview", operation_id = "getTotals", params(Span),
    responses((status = 200, description = "By tally", body = BTreeMap<String, u64>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn totals(
    State(control): State<Control>,
    caller: Caller,
    Asked(span): Asked<Span>,
) -> Result<Json<BTreeMap<&'static str, u64>>, Problem> {
    let (from, to) = span.read(&control)?;
    let board = control.gate.app().board(caller.narrowed(span.environment.as_deref())?);
    Ok(Json(by_tally(&board.totals(from, to).await.map_err(away)?)))
}

/// How often things happened, period by period
#[utoipa::path(
    get, path = "/v1/series", tag = "Overview", operation_id = "getSeries", params(Span),
    responses((status = 200, description = "The series", body = Vec<SeriesView>),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn series(
    State(control): State<Control>,
    caller: Caller,
    Asked(span): Asked<Span>,
) -> Result<Json<Vec<SeriesView>>, Problem> {
    let (from, to) = span.read(&control)?;
    let period = match span.period.as_deref() {
        None | Some("hour") => Period::Hour,
        Some("day") => Period::Day,
        Some(_) => return Err(ask::wrong("query", &"period is `hour` or `day`")),
    };
    let tallies = match span.tallies.as_deref() {
        None => Tally::ALL.to_vec(),
        Some(words) => {
            let words = words.split(',').map(|word| ask::word("tallies", Some(word), Tally::parse));
            words.filter_map(Result::transpose).collect::<Result<Vec<Tally>, Problem>>()?
        }
    };
    let board = control.gate.app().board(caller.narrowed(span.environment.as_deref())?);
    let series = board.series(&tallies, from, to, period).await.map_err(away)?;
    let view = |one: Series| SeriesView {
        tally: one.tally.as_str(),
        points: one.points.iter().map(|point| PointView { at: point.at.to_string(), count: point.count }).collect(),
    };
    Ok(Json(series.into_iter().map(view).collect()))
}

impl Span {
    fn read(&self, control: &Control) -> Result<(Timestamp, Timestamp), Problem> {
        let now = control.gate.app().clock().now();
        let from = ask::time("from", self.from.as_deref())?;
        let from = from.unwrap_or_else(|| now.minus(SignedDuration::from_hours(24)));
        let to = ask::time("to", self.to.as_deref())?.unwrap_or_else(|| now.plus(SignedDuration::from_secs(1)));
        if from < to { Ok((from, to)) } else { Err(ask::wrong("query", &"from has to come before to")) }
    }
}

/// Every tally by its word.
pub(super) fn by_tally(totals: &Totals) -> BTreeMap<&'static str, u64> {
    Tally::ALL.iter().map(|tally| (tally.as_str(), totals.of(*tally))).collect()
}
