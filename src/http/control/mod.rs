//! The API for operators: `/v1` on the internal listener. What the dashboard shows and does, for programs.
//!
//! A caller sees what their role and environment let them see; what they do is done by [`crate::app::desk`], which
//! writes it down. Payloads are masked; to see one as it came is an act of its own.

mod actions;
mod alerts;
mod ask;
mod changes;
mod document;
mod events;
mod inquiries;
mod lanes;
mod numbers;
mod overview;
mod replays;
mod report;
mod says;
mod story;
mod suppressions;
mod templates;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::routing::get;
use tokio::sync::Semaphore;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Described;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::board::Board;
use crate::app::desk::Desk;
use crate::http::operators::{Caller, Gate};

/// How many may watch for changes at one time.
const WATCHERS: usize = 64;

/// What every request is answered with.
#[derive(Clone)]
struct Control {
    gate: Gate,
    watchers: Arc<Semaphore>,
}

impl FromRef<Control> for Gate {
    fn from_ref(control: &Control) -> Self {
        control.gate.clone()
    }
}

impl Control {
    /// What the caller may read.
    fn board(&self, caller: &Caller) -> Board {
        self.gate.app().board(caller.operator.environment.clone())
    }

    /// Where the caller acts, for this reason.
    fn desk(&self, caller: Caller, reason: Option<String>) -> Desk {
        self.gate.app().desk(caller.operator, reason)
    }
}

/// The routes of the API, with its description.
pub fn routes(gate: Gate) -> Router {
    let control = Control { gate, watchers: Arc::new(Semaphore::new(WATCHERS)) };
    let (router, described) = described().with_state(control).split_for_parts();
    let text = described.to_json().unwrap_or_default();
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    router
        .route("/v1/openapi.json", get(async move || (json, text)))
        .layer(middleware::from_fn(crate::http::operators::guarded))
}

/// The API as a document.
#[must_use]
pub fn document() -> Described {
    described().into_openapi()
}

fn described() -> OpenApiRouter<Control> {
    OpenApiRouter::with_openapi(document::Document::openapi())
        .routes(routes!(overview::overview))
        .routes(routes!(overview::environments))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::silence))
        .routes(routes!(alerts::unsilence))
        .routes(routes!(numbers::totals))
        .routes(routes!(numbers::series))
        .routes(routes!(report::report))
        .routes(routes!(inquiries::list))
        .routes(routes!(inquiries::show))
        .routes(routes!(inquiries::remind))
        .routes(routes!(inquiries::revive))
        .routes(routes!(inquiries::replace))
        .routes(routes!(inquiries::reread))
        .routes(routes!(inquiries::mute))
        .routes(routes!(inquiries::unmute))
        .routes(routes!(lanes::mint_link))
        .routes(routes!(lanes::revoke_links))
        .routes(routes!(lanes::revoke_link))
        .routes(routes!(events::list))
        .routes(routes!(events::show))
        .routes(routes!(events::reveal))
        .routes(routes!(events::release))
        .routes(routes!(events::discard))
        .routes(routes!(events::replay))
        .routes(routes!(events::refusals))
        .routes(routes!(actions::list))
        .routes(routes!(actions::show))
        .routes(routes!(actions::retry))
        .routes(routes!(actions::cancel))
        .routes(routes!(actions::reschedule))
        .routes(routes!(replays::preview))
        .routes(routes!(replays::list, replays::start))
        .routes(routes!(replays::show))
        .routes(routes!(replays::pause))
        .routes(routes!(replays::resume))
        .routes(routes!(replays::cancel))
        .routes(routes!(templates::list))
        .routes(routes!(suppressions::list, suppressions::add))
        .routes(routes!(suppressions::remove))
        .routes(routes!(lanes::pause))
        .routes(routes!(lanes::resume))
        .routes(routes!(changes::watch))
}
