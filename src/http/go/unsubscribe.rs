//! `/unsubscribe/{token}`: where whoever got a notice asks for no more.
//!
//! Mail programs ask by one `POST` (RFC 8058), people by the one button of a page. Looking changes nothing: scanners
//! open every link they see. No page says anything of the person.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tracing::{debug, error};

use super::page::Page;
use super::{Go, Token, text};
use crate::app::suppressions::Subscription;

pub(super) async fn show(State(go): State<Go>, token: Token, headers: HeaderMap) -> Response {
    let token = text(token);
    if let Err(wait) = go.slow_down(&token) {
        return go.page(&headers, &token, &Page::slow(wait));
    }
    let found = go.app.look_at_subscription(&token).await;
    answer(&go, &headers, "look", &found.map_err(|why| why.to_string()))
}

pub(super) async fn end(State(go): State<Go>, token: Token, headers: HeaderMap) -> Response {
    let token = text(token);
    if let Err(wait) = go.slow_down(&token) {
        return go.page(&headers, &token, &Page::slow(wait));
    }
    // Whoever goes away must not leave it half done.
    let app = go.app.clone();
    let ended = tokio::spawn(async move { app.unsubscribe(&token).await }).await;
    let ended = ended.map_err(|why| why.to_string()).and_then(|ended| ended.map_err(|why| why.to_string()));
    answer(&go, &headers, "unsubscribe", &ended)
}

fn answer(go: &Go, headers: &HeaderMap, purpose: &'static str, found: &Result<Subscription, String>) -> Response {
    let route = "/unsubscribe/{token}";
    let page = match found {
        Ok(subscription) => Page::of_subscription(*subscription),
        Err(why) => {
            error!(route, error = why, "somebody waits, and the database can't be asked");
            Page::busy(super::SHORTLY)
        }
    };
    let outcome = match found {
        Ok(Subscription::Open) => "open",
        Ok(Subscription::Ended) => "ended",
        Ok(Subscription::Unknown) => "unknown",
        Err(_) => "busy",
    };
    debug!(route, purpose, outcome, "answered");
    metrics::counter!("rekindle_unsubscribe_requests_total", "purpose" => purpose, "outcome" => outcome).increment(1);
    go.page(headers, "", &page)
}
