//! The API for applications and customers: `/v1` on the public listener, with bearer tokens.
//!
//! Requests are read within limits and handed to use cases; what comes back is put into words of this edge's own. No
//! person's data, link or token is written to a log: a request is known there by its route.

mod access;
mod body;
mod caller;
mod diagnosis;
mod document;
mod hosted_flow;
mod inquiries;
mod page;
mod people;
mod static_links;
mod suppressions;
pub(super) mod throttle;
mod webhooks;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use tracing::field::Empty;
use tracing::{Instrument as _, debug, trace_span};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Described;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::config::Limits;
use crate::http::api::throttle::Throttle;
use crate::traces;

/// The longest body of a request, in bytes.
const BODY_BYTES: usize = 64 * 1024;

/// What every request is answered with.
#[derive(Clone)]
struct Api {
    app: App,
    throttle: Arc<Throttle>,
    body_timeout: Duration,
}

/// The routes of the API, with its description and a page to read it on.
pub fn routes(app: &App, limits: Limits) -> Router {
    let api = Api { app: app.clone(), throttle: Arc::default(), body_timeout: limits.body_timeout };
    let (router, described) = described().with_state(api).split_for_parts();
    let text = described.to_json().unwrap_or_default();
    let page = page::render(&described);
    router
        .route("/v1/openapi.json", get(async move || ([(header::CONTENT_TYPE, "application/json")], text)))
        .route("/v1/docs", get(async move || page.clone()))
        .layer(middleware::from_fn(recorded))
}

/// The API as a document.
#[must_use]
pub fn document() -> Described {
    described().into_openapi()
}

fn described() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(document::Document::openapi())
        .routes(routes!(inquiries::create, inquiries::find))
        .routes(routes!(inquiries::show))
        .routes(routes!(access::by_inquiry))
        .routes(routes!(access::by_person))
        .routes(routes!(access::resume))
        .routes(routes!(diagnosis::of_inquiry))
        .routes(routes!(diagnosis::of_person))
        .routes(routes!(static_links::make))
        .routes(routes!(static_links::resolve))
        .routes(routes!(hosted_flow::build))
        .routes(routes!(people::set, people::forget))
        .routes(routes!(suppressions::add, suppressions::list))
        .routes(routes!(suppressions::remove))
}

/// Counts and logs a request by its route, and keeps its answer out of every cache.
async fn recorded(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().as_str().to_owned();
    let span =
        trace_span!(target: traces::TARGET, "http.api.request", otel.kind = "server", route, method, status = Empty);
    let began = tokio::time::Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("status", status);
    metrics::histogram!("rekindle_api_request_seconds", "route" => route.clone(), "method" => method.clone())
        .record(began.elapsed().as_secs_f64());
    debug!(%route, %method, status, "request answered");
    metrics::counter!("rekindle_api_requests_total",
        "route" => route, "method" => method, "status" => status.to_string())
    .increment(1);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
