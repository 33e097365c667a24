//! The plain baseline: a handler that checks, parses, and does one transaction per request.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::SignedDuration;
use rekindle::app::App;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::event::Event;
use rekindle::domain::ids::EnvironmentName;
use rekindle::domain::signature;
use rekindle::http::server::{self, ServerLimits};
use rekindle::storage::Database;
use rekindle::storage::events::Origin;
use rekindle::vault::Vault;
use tokio::net::TcpListener;

use crate::payload::{ENVIRONMENT, SECRET};

/// What this program is called with to be the plain handler.
pub const WORD: &str = "plain-handler";

pub async fn serve(config: &str) {
    let config = Config::load(Some(config.as_ref())).unwrap();
    let vault = Vault::with(config.master_keys.given().unwrap());
    let database = Database::open(config.database_url.expose()).await.unwrap().with_vault(vault);
    let app = App::new(&config, database, Clock::System).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("{{\"public\":\"{}\"}}", listener.local_addr().unwrap());
    let routes = Router::new().route(&format!("/webhooks/persona/{ENVIRONMENT}"), post(take)).with_state(Arc::new(app));
    let limits = ServerLimits::new(&config.limits, Duration::ZERO);
    server::serve(listener, routes, limits, std::future::pending()).await;
}

async fn take(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let now = app.clock().now();
    let header = headers.get("persona-signature").map(axum::http::HeaderValue::as_bytes);
    let tolerance = SignedDuration::from_hours(72);
    let Ok(verified) = signature::verify(header, &body, &[SECRET.as_bytes()], now, tolerance) else {
        return (StatusCode::UNAUTHORIZED, "{}");
    };
    let Ok(event) = Event::parse(&body, now) else { return (StatusCode::BAD_REQUEST, "{}") };
    let environment = &app.environments()[&EnvironmentName::parse(ENVIRONMENT).unwrap()];
    match app.record(environment, &event, &body, verified.age, Origin::Webhook, now).await {
        Ok(_) => (StatusCode::OK, "{}"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "{}"),
    }
}
