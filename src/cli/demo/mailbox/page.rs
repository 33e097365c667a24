//! The mailbox as a page: everyone's letters, the newest first, and each as its reader would show it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::Kept;
use super::letter::Received;

/// A letter brings its own style and loads nothing; its links open elsewhere.
const LETTER_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox";
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'";

#[derive(Template)]
#[template(path = "demo/mailbox.html")]
struct Page {
    letters: Vec<Line>,
    open: Option<Shown>,
}

struct Line {
    number: usize,
    to: String,
    subject: String,
    time: String,
    is_open: bool,
}

struct Shown {
    number: usize,
    from: String,
    to: String,
    subject: String,
    text: String,
}

pub(super) fn routes(kept: Arc<Kept>) -> Router {
    Router::new()
        .route("/", get(newest))
        .route("/letters/{number}", get(letter))
        .route("/letters/{number}/html", get(html))
        .with_state(kept)
}

async fn newest(State(kept): State<Arc<Kept>>) -> Response {
    page(&kept, None)
}

async fn letter(State(kept): State<Arc<Kept>>, Path(number): Path<usize>) -> Response {
    page(&kept, Some(number))
}

/// The page, with a letter open where one is asked for.
fn page(kept: &Kept, number: Option<usize>) -> Response {
    let mail = kept.mail();
    let open = number.and_then(|number| mail.letters.get(number).map(|letter| shown(number, letter)));
    if number.is_some() && open.is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let numbered = mail.letters.iter().enumerate().rev();
    let letters = numbered.map(|(at, letter)| line(at, letter, number == Some(at))).collect();
    answer(PAGE_POLICY, Page { letters, open }.render().unwrap_or_default())
}

async fn html(State(kept): State<Arc<Kept>>, Path(number): Path<usize>) -> Response {
    let html = kept.mail().letters.get(number).map(|letter| letter.html.clone());
    match html {
        // As in a mail reader, where a link opens the browser.
        Some(html) => answer(LETTER_POLICY, html.replacen("<head>", "<head><base target=\"_blank\">", 1)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(policy: &'static str, html: String) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (headers, Html(html)).into_response()
}

fn line(number: usize, letter: &Received, is_open: bool) -> Line {
    let time = letter.at.to_string();
    let time = time.get(11..19).unwrap_or(&time).to_owned();
    Line { number, to: letter.to.clone(), subject: letter.subject.clone(), time, is_open }
}

fn shown(number: usize, letter: &Received) -> Shown {
    Shown {
        number,
        from: letter.from.clone(),
        to: letter.to.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
    }
}
