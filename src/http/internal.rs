//! The internal listener: is it alive, is it ready, and what does it count; and the door for operators.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tracing::warn;

use crate::app::App;
use crate::http::board;
use crate::http::control;
use crate::http::operators::{self, Gate};
use crate::http::problem::Problem;

#[derive(Clone)]
struct Internal {
    app: App,
    metrics: PrometheusHandle,
}

/// The routes of the internal listener. Health and metrics are open to whoever reaches it; all else asks who it is.
pub fn routes(app: App, metrics: PrometheusHandle) -> Router {
    let gate = Gate::new(app.clone());
    let (operators, control) = (operators::routes(gate.clone()), control::routes(gate.clone()));
    let board = board::routes(gate);
    let open = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Internal { app, metrics });
    open.merge(operators).merge(control).merge(board)
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    database: &'static str,
}

/// Ready when the database answers and has the schema this binary knows.
async fn readyz(State(internal): State<Internal>) -> Response {
    let database = internal.app.database();
    match database.check_schema().await {
        Ok(()) => axum::Json(Ready { status: "ready", database: "ok" }).into_response(),
        Err(why) => {
            warn!(error = %why, "not ready");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the database can't be used").into_response()
        }
    }
}

/// Prometheus' text format. What waits is looked up now; everything else was counted as it happened.
async fn scrape(State(internal): State<Internal>) -> Response {
    if let Err(why) = internal.app.measure().await {
        warn!(error = %why, "what is could not be measured");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], internal.metrics.render()).into_response()
}
