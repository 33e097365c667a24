//! Signing in with a token or a one-time link, and signing out.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tracing::{info, warn};

use super::caller::away;
use super::cookie::Cookie;
use super::page::{self, SignInPage};
use super::posted::{Posted, unsigned};
use super::visitor::Refused;
use super::{Gate, return_to};
use crate::app::operators::SignInError;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    pub(super) return_to: Option<String>,
}

/// The form with a token.
#[derive(Deserialize)]
struct ByToken {
    token: SecretString,
}

/// A form with nothing to say.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `GET /sign-in`: the ways in.
pub(super) async fn show(State(gate): State<Gate>, wanted: Result<Query<Wanted>, QueryRejection>) -> Response {
    let wanted = wanted.map(|Query(wanted)| wanted).unwrap_or_default();
    ways(&gate, StatusCode::OK, &return_to::path(wanted.return_to.as_deref()), None)
}

/// `POST /sign-in`: an operator's token from the form.
pub(super) async fn by_token(State(gate): State<Gate>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let wanted = Query::<Wanted>::from_request_parts(&mut parts, &gate).await.ok();
    let to = return_to::path(wanted.and_then(|Query(wanted)| wanted.return_to).as_deref());
    let form = unsigned::<ByToken>(Request::from_parts(parts.clone(), body), &gate).await;
    let token = match form {
        Ok(ByToken { token }) => token,
        Err(refused) => return refused.into_response(),
    };
    let shown = token.expose_secret().trim();
    let before = Cookie::Session.read(&parts.headers, &gate);
    let attempt = match gate.attempt(shown, &parts) {
        Ok(attempt) => attempt,
        Err(problem) => return ways(&gate, problem.status(), &to, Some(problem.detail())),
    };
    match gate.app.sign_in_with_token(shown, Some(&attempt.address()), before).await {
        Ok(cookie) => {
            attempt.succeeded();
            signed_in(&gate, &cookie, &to)
        }
        Err(SignInError::Refused) => {
            attempt.failed();
            warn!(address = %gate.address(&parts), "a token that is none was tried at the sign-in page");
            let trouble = "This token does not sign you in. It may be mistyped, expired or revoked, or be one for \
                           applications.";
            ways(&gate, StatusCode::FORBIDDEN, &to, Some(trouble))
        }
        Err(why) => {
            let problem = away(&why);
            ways(&gate, problem.status(), &to, Some(problem.detail()))
        }
    }
}

/// `GET /sign-in/once/{token}`: one button. Looking uses nothing up: previews open links, too.
pub(super) async fn show_link(State(gate): State<Gate>, token: Result<Path<String>, PathRejection>) -> Response {
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match gate.app.sign_in_link_works(&token).await {
        Ok(true) => {
            let page = SignInPage { trouble: None, query: String::new(), provider: false, link: true };
            page::answer(StatusCode::OK, &page)
        }
        Ok(false) => link_gone(&gate),
        Err(why) => page::told(&away(&why)),
    }
}

/// `POST /sign-in/once/{token}`: the link is used.
pub(super) async fn by_link(
    State(gate): State<Gate>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let token = token.map(|Path(token)| token).unwrap_or_default();
    let (parts, body) = request.into_parts();
    if let Err(refused) = unsigned::<Nothing>(Request::from_parts(parts.clone(), body), &gate).await {
        return refused.into_response();
    }
    let before = Cookie::Session.read(&parts.headers, &gate);
    let attempt = match gate.attempt(&token, &parts) {
        Ok(attempt) => attempt,
        Err(problem) => return page::told(&problem),
    };
    match gate.app.sign_in_with_link(&token, Some(&attempt.address()), before).await {
        Ok(cookie) => signed_in(&gate, &cookie, "/"),
        Err(SignInError::Refused) => {
            attempt.failed();
            link_gone(&gate)
        }
        Err(why) => page::told(&away(&why)),
    }
}

/// `POST /sign-out`: the session ends, and with it its cookie.
pub(super) async fn sign_out(
    State(gate): State<Gate>,
    headers: HeaderMap,
    posted: Posted<Nothing>,
) -> Result<Response, Refused> {
    if let Some(cookie) = Cookie::Session.read(&headers, &gate) {
        gate.app.sign_out(cookie, &posted.caller.operator).await.map_err(|why| away(&why))?;
    }
    Ok(lead("/sign-in", &[Cookie::Session.unset(&gate)]))
}

/// Sends the browser on with its new session.
pub(super) fn signed_in(gate: &Gate, cookie: &SecretString, to: &str) -> Response {
    info!("an operator signed in");
    let life = gate.app.sign_in().lifetime;
    lead(to, &[Cookie::Session.set(cookie, life, gate), Cookie::Pending.unset(gate)])
}

fn lead(to: &str, cookies: &[Option<HeaderValue>]) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    for cookie in cookies.iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response
}

/// The page with the ways in.
pub(super) fn ways(gate: &Gate, status: StatusCode, to: &str, trouble: Option<&str>) -> Response {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = if to == "/" { String::new() } else { format!("?{}", query.append_pair("return_to", to).finish()) };
    let (trouble, provider) = (trouble.map(str::to_owned), gate.app.sign_in().oidc.is_some());
    page::answer(status, &SignInPage { trouble, query, provider, link: false })
}

fn link_gone(gate: &Gate) -> Response {
    let trouble = "This link was used before, or its 15 minutes are over. `rekindle sign-in` makes another.";
    ways(gate, StatusCode::GONE, "/", Some(trouble))
}
