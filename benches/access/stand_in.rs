//! What stands in for Persona: it gives a link at once, and says that there is plenty left of the limit.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

/// Starts it; what API requests begin with.
pub async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v1", listener.local_addr().unwrap());
    let router = Router::new().route("/api/v1/inquiries/{id}/generate-one-time-link", post(link));
    let limits = rekindle::http::server::ServerLimits {
        header_bytes: 32_768,
        header_timeout: std::time::Duration::from_secs(30),
        connections: 64,
        grace: std::time::Duration::ZERO,
    };
    tokio::spawn(rekindle::http::server::serve(listener, router, limits, std::future::pending()));
    url
}

async fn link(Path(id): Path<String>) -> Response {
    let headers = [("ratelimit-limit", "1000000"), ("ratelimit-remaining", "999000"), ("ratelimit-reset", "60")];
    let answer = json!({
        "data": { "type": "inquiry", "id": id },
        "meta": {
            "one-time-link": format!("http://127.0.0.1/verify?code=us1-{id}"),
            "one-time-link-short": format!("http://127.0.0.1/v/{id}"),
        },
    });
    (headers, Json(answer)).into_response()
}
