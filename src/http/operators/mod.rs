//! The door for operators: who they are is found out here, for the pages and for the API of the internal listener.
//!
//! [`Caller`] answers a request that may not with a problem, [`Visitor`] sends whoever is not signed in to the sign-in
//! page, and [`Posted`] is the only way to a form: it holds the token that our own pages put there.

mod attempt;
mod caller;
mod cookie;
mod origin;
mod page;
mod posted;
mod provider;
mod return_to;
mod sign_in;
mod visitor;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::{get, post};

pub use caller::Caller;
pub use page::guarded;
pub use posted::Posted;
pub use visitor::{Refused, Visitor};

use crate::app::App;
use crate::http::address;
use crate::http::api::throttle::Throttle;

/// What every question about an operator is asked of. Put it into a router's state, or make it a part of one with
/// `FromRef`.
#[derive(Clone)]
pub struct Gate {
    app: App,
    throttle: Arc<Throttle>,
}

impl Gate {
    /// The gate in front of these use cases; one for all routes of a listener, so that attempts are counted together.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self { app, throttle: Arc::default() }
    }

    /// The use cases behind it.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Whom a request is counted under, and where the audit says it came from.
    fn address(&self, parts: &Parts) -> IpAddr {
        let proxies = &self.app.links().trusted_proxies;
        address::of(&parts.headers, &parts.extensions, proxies).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// The routes of signing in and out.
pub fn routes(gate: Gate) -> Router {
    Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::by_token))
        .route("/sign-in/provider", get(provider::begin))
        .route("/sign-in/callback", get(provider::finish))
        .route("/sign-in/once/{token}", get(sign_in::show_link).post(sign_in::by_link))
        .route("/sign-in/style.css", get(page::style))
        .route("/sign-out", post(sign_in::sign_out))
        .layer(axum::middleware::from_fn(guarded))
        .route("/v1/me", get(caller::me))
        .with_state(gate)
}
