//! `/go/{token}`: the page behind an access link.
//!
//! Scanners and previews open every link they see, so looking changes nothing; only the button lets somebody in. No page
//! says anything of the person, and no log line holds a token.

mod language;
mod look;
mod page;
mod scanner;
mod unsubscribe;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use tracing::{debug, error, warn};

use crate::app::App;
use crate::app::links::Doorway;
use crate::http::address;
use crate::http::go::look::Look;
use crate::http::go::page::Page;
use crate::http::limiter::Limiter;
use crate::http::qr;

/// Requests of one address, and of one link, in a minute: far more than people make, and too few to be a burden.
const PER_ADDRESS: u32 = 120;
const PER_LINK: u32 = 40;

/// The most addresses, and the most links, that are counted at one time.
const MOST_COUNTED: usize = 100_000;

/// When to come back while the database is away.
const SHORTLY: SignedDuration = SignedDuration::from_secs(10);

#[derive(Clone)]
struct Go {
    app: App,
    look: Arc<Look>,
    addresses: Arc<Limiter>,
    links: Arc<Limiter>,
}

/// What a request is for, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    View,
    Scan,
    Open,
    Renew,
    Qr,
}

/// A token, or what is none: that is nobody's.
type Token = Result<Path<String>, PathRejection>;

/// The routes of access links, and of what ends notices; none where nothing says where people reach us.
pub(super) fn routes(app: App) -> Router {
    if app.links().public_url.is_none() {
        return Router::new();
    }
    let look = Arc::new(Look::of(app.links()));
    let limiter = || Arc::new(Limiter::new(MOST_COUNTED));
    let go = Go { app, look, addresses: limiter(), links: limiter() };
    Router::new()
        .route("/go/{token}", get(show).post(open))
        .route("/go/{token}/renew", post(renew))
        .route("/go/{token}/qr.svg", get(qr_svg))
        .route("/go/{token}/qr.png", get(qr_png))
        .route("/unsubscribe/{token}", get(unsubscribe::show).post(unsubscribe::end))
        .layer(middleware::from_fn_with_state(go.clone(), guard))
        .with_state(go)
}

/// Keeps crowds out, and gives every answer the headers that keep a link to itself.
async fn guard(State(go): State<Go>, request: Request, next: Next) -> Response {
    let address = address::of(request.headers(), request.extensions(), &go.app.links().trusted_proxies);
    let mut answer =
        match address.map_or(Ok(()), |address| go.addresses.pass(&address, PER_ADDRESS, go.app.clock().now())) {
            Ok(()) => next.run(request).await,
            Err(wait) => {
                count(Purpose::View, "slow");
                go.page(request.headers(), "", &Page::slow(wait))
            }
        };
    go.look.seal(answer.headers_mut());
    answer
}

async fn show(State(go): State<Go>, method: Method, token: Token, headers: HeaderMap) -> Response {
    let purpose = if method == Method::HEAD || scanner::is_scanner(&headers) { Purpose::Scan } else { Purpose::View };
    let token = text(token);
    if let Err(wait) = go.slow_down(&token) {
        count(purpose, "slow");
        return go.page(&headers, &token, &Page::slow(wait));
    }
    let looked = go.app.look_at_link(&token).await;
    go.answer(purpose, &headers, &token, looked.map_err(|why| why.to_string()))
}

async fn open(State(go): State<Go>, token: Token, headers: HeaderMap) -> Response {
    let token = text(token);
    if let Err(wait) = go.slow_down(&token) {
        count(Purpose::Open, "slow");
        return go.page(&headers, &token, &Page::slow(wait));
    }
    // Whoever goes away must not leave what was begun for them half done.
    let (app, of) = (go.app.clone(), token.clone());
    let opened = tokio::spawn(async move { app.open_link(&of).await }).await;
    let opened = opened.map_err(|why| why.to_string()).and_then(|opened| opened.map_err(|why| why.to_string()));
    go.answer(Purpose::Open, &headers, &token, opened)
}

async fn renew(State(go): State<Go>, token: Token, headers: HeaderMap) -> Response {
    let token = text(token);
    if let Err(wait) = go.slow_down(&token) {
        count(Purpose::Renew, "slow");
        return go.page(&headers, &token, &Page::slow(wait));
    }
    match go.app.ask_for_new_link(&token).await {
        Ok(()) => {
            count(Purpose::Renew, "asked");
            go.page(&headers, &token, &Page::sent())
        }
        Err(why) => go.answer(Purpose::Renew, &headers, &token, Err(why.to_string())),
    }
}

async fn qr_svg(State(go): State<Go>, token: Token, headers: HeaderMap) -> Response {
    go.picture(token, &headers, "image/svg+xml", |address| qr::svg(address).map(String::into_bytes)).await
}

async fn qr_png(State(go): State<Go>, token: Token, headers: HeaderMap) -> Response {
    go.picture(token, &headers, "image/png", qr::png).await
}

impl Go {
    /// Counts a request for a link; how many seconds to wait when there were too many.
    fn slow_down(&self, token: &str) -> Result<(), u32> {
        self.links.pass(&token, PER_LINK, self.app.clock().now())
    }

    fn page(&self, headers: &HeaderMap, token: &str, page: &Page) -> Response {
        self.look.answer(language::of(headers, &self.app.links().brand.languages), page, token)
    }

    fn answer(&self, purpose: Purpose, headers: &HeaderMap, token: &str, found: Result<Doorway, String>) -> Response {
        let doorway = found.unwrap_or_else(|why| {
            error!(route = "/go/{token}", error = why, "somebody waits, and the database can't be asked");
            Doorway::Busy { retry_after: SHORTLY }
        });
        let outcome = page::outcome(&doorway);
        count(purpose, outcome);
        debug!(route = "/go/{token}", purpose = purpose.as_str(), outcome, "answered");
        match &doorway {
            Doorway::Inside { link } => self.lead(link.expose_secret()),
            other => self.page(headers, token, &Page::of(other)),
        }
    }

    /// Sends the browser on, by GET, to Persona.
    fn lead(&self, link: &str) -> Response {
        let Ok(url) = link.parse::<url::Url>() else {
            error!(route = "/go/{token}", "Persona's link is no address");
            return self.page(&HeaderMap::new(), "", &Page::of(&Doorway::Busy { retry_after: SHORTLY }));
        };
        if !self.app.links().lead_to(&url) {
            let host = url.host_str().unwrap_or_default();
            warn!(host, "this host is not in link_hosts, so browsers refuse to go there; add it");
        }
        (StatusCode::SEE_OTHER, [(header::LOCATION, url.as_str().to_owned())]).into_response()
    }

    async fn picture(
        &self,
        token: Token,
        headers: &HeaderMap,
        media: &'static str,
        draw: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Response {
        let token = text(token);
        let found = match self.app.look_at_link(&token).await {
            Ok(Doorway::Unknown | Doorway::Dead(_)) => None,
            Ok(_) => self.app.link_address(&token).await.ok().flatten(),
            Err(why) => return self.answer(Purpose::Qr, headers, &token, Err(why.to_string())),
        };
        match found.and_then(|address| draw(address.expose_secret())) {
            Some(picture) => {
                count(Purpose::Qr, "ready");
                ([(header::CONTENT_TYPE, media)], picture).into_response()
            }
            None => self.answer(Purpose::Qr, headers, &token, Ok(Doorway::Unknown)),
        }
    }
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Scan => "scan",
            Self::Open => "open",
            Self::Renew => "renew",
            Self::Qr => "qr",
        }
    }
}

fn text(token: Token) -> String {
    token.map(|Path(token)| token).unwrap_or_default()
}

fn count(purpose: Purpose, outcome: &'static str) {
    metrics::counter!("rekindle_link_requests_total", "purpose" => purpose.as_str(), "outcome" => outcome).increment(1);
}
