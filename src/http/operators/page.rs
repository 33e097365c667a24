//! Pages of signing in, and what every page of the internal listener carries.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use tracing::error;

use crate::http::problem::Problem;

/// What browsers may do with a page: show it, with our stylesheet, and send its forms to us.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The sign-in page.
#[derive(Template)]
#[template(path = "operators/sign_in.html")]
pub(super) struct SignInPage {
    /// What went wrong before.
    pub(super) trouble: Option<String>,
    /// Where to go afterwards, as a query; empty for the start page.
    pub(super) query: String,
    /// Whether there is a provider.
    pub(super) provider: bool,
    /// It is the page of a one-time link: one button, no field.
    pub(super) link: bool,
}

#[derive(Template)]
#[template(path = "operators/refused.html")]
struct RefusedPage<'a> {
    heading: &'a str,
    detail: &'a str,
}

/// Keeps an answer out of caches, frames and other sites. A policy that is there already stands.
pub async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let all = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With no referrer at all browsers would send no origin either, by which we know forms of ours.
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in all {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The stylesheet of these pages.
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../../templates/operators/sign_in.css"))
        .into_response()
}

/// The page that says that something may not be.
pub(super) fn told(problem: &Problem) -> Response {
    let heading = match problem.status() {
        StatusCode::FORBIDDEN => "You may not do that",
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::TOO_MANY_REQUESTS => "Too many tries",
        StatusCode::SERVICE_UNAVAILABLE => "Please try again in a moment",
        _ => "That did not work",
    };
    answer(problem.status(), &RefusedPage { heading, detail: problem.detail() })
}

/// A page as an answer.
pub(super) fn answer(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(why) => {
            error!(%why, "a page could not be written");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be written").into_response()
        }
    }
}
