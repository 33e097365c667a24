//! The dashboard: pages on the internal listener, for whoever works with Rekindle.
//!
//! Pages are made by the server and work without a script; with it they stay up to date. They read
//! [`crate::app::board`] and decide nothing. Nothing is loaded from elsewhere, and no style or script stands in a page,
//! so that the strictest policy for browsers holds.

mod action;
mod actions;
mod acts;
mod alerts;
mod assets;
mod audit;
mod event;
mod events;
mod find;
mod inquiries;
mod inquiry;
mod lanes;
mod overview;
mod page;
mod quarantine;
mod query;
mod reader;
mod replay;
mod replays;
mod report;
mod settings;
mod templates;
mod theme;
mod view;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};

use crate::app::App;
use crate::http::operators::Gate;

/// What every page is made with.
#[derive(Clone)]
struct Pages {
    app: App,
    gate: Gate,
}

/// The routes of the dashboard, behind the gate.
pub fn routes(gate: Gate) -> Router {
    let pages = Pages { app: gate.app().clone(), gate };
    Router::new()
        .route("/", get(overview::page))
        .route("/find", get(find::find))
        .route("/inquiries", get(inquiries::page))
        .route("/inquiries/{environment}/{id}", get(inquiry::page))
        .route("/inquiries/{environment}/{id}/{act}", get(acts::looked_at).post(acts::on_inquiry))
        .route("/events", get(events::page))
        .route("/events/{environment}/{id}", get(event::page))
        .route("/events/{environment}/{id}/{act}", get(acts::looked_at).post(acts::on_event))
        .route("/actions", get(actions::page))
        .route("/actions/{id}", get(action::page))
        .route("/actions/{id}/{act}", get(acts::looked_at).post(acts::on_action))
        .route("/replays", get(replays::page))
        .route("/replays/preview", get(replays::choose).post(replays::preview))
        .route("/replays/{id}", get(replay::page))
        .route("/replays/{id}/{act}", get(acts::looked_at).post(replays::act))
        .route("/templates", get(templates::page))
        .route("/report", get(report::page))
        .route("/quarantine", get(quarantine::page))
        .route("/lanes", get(lanes::page))
        .route("/lanes/{environment}/{kind}/{act}", get(acts::looked_at).post(acts::on_lane))
        .route("/alerts", get(alerts::page))
        .route("/alerts/{environment}/{alert}/{act}", get(acts::looked_at).post(acts::on_alert))
        .route("/audit", get(audit::page))
        .route("/settings", get(settings::page))
        .route("/theme", post(theme::choose))
        .fallback(page::unknown)
        .with_state(pages)
        .layer(middleware::map_response(page::seal))
        .merge(assets::routes())
}
