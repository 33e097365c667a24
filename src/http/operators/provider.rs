//! Signing in by the OpenID provider: the way there, and the way back.

use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::Deserialize;
use tracing::warn;

use super::cookie::Cookie;
use super::sign_in::{Wanted, signed_in, ways};
use super::{Gate, return_to};
use crate::app::operators::{ProviderSignInError, Returned};

/// What comes back with the browser.
#[derive(Deserialize)]
struct Back {
    state: Option<String>,
    code: Option<SecretString>,
    iss: Option<String>,
}

/// `GET /sign-in/provider`: sends the browser to the provider.
pub(super) async fn begin(State(gate): State<Gate>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let wanted = Query::<Wanted>::from_request_parts(&mut parts, &gate).await.ok();
    let to = return_to::path(wanted.and_then(|Query(wanted)| wanted.return_to).as_deref());
    if let Err(problem) = gate.begins(&parts) {
        return ways(&gate, problem.status(), &to, Some(problem.detail()));
    }
    match gate.app.begin_provider_sign_in(&to).await {
        Ok(begun) => {
            let Ok(address) = HeaderValue::from_str(&begun.address) else {
                return StatusCode::BAD_GATEWAY.into_response();
            };
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response();
            if let Some(cookie) = Cookie::Pending.set(&begun.cookie, begun.patience, &gate) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(why) => refused(&gate, &to, &why),
    }
}

/// `GET /sign-in/callback`: the browser comes back.
pub(super) async fn finish(State(gate): State<Gate>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let back = Query::<Back>::from_request_parts(&mut parts, &gate).await.ok().map(|Query(back)| back);
    let Some(Back { state: Some(state), code, iss }) = back else {
        return refused(&gate, "/", &ProviderSignInError::Over);
    };
    let returned = code.map(|code| Returned { code, issuer: iss });
    let cookies = (Cookie::Pending.read(&parts.headers, &gate), Cookie::Session.read(&parts.headers, &gate));
    let address = gate.address(&parts).to_string();
    match gate.app.finish_provider_sign_in(&state, returned.as_ref(), cookies, Some(&address)).await {
        Ok((cookie, to)) => signed_in(&gate, &cookie, &to),
        Err(why) => {
            let mut response = refused(&gate, "/", &why);
            if let Some(cookie) = Cookie::Pending.unset(&gate) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
    }
}

fn refused(gate: &Gate, to: &str, why: &ProviderSignInError) -> Response {
    let reason = std::error::Error::source(why).map(ToString::to_string);
    warn!(error = %why, reason, "nobody was signed in by the provider");
    let status = match why {
        ProviderSignInError::NoProvider => StatusCode::NOT_FOUND,
        ProviderSignInError::NoRole => StatusCode::FORBIDDEN,
        ProviderSignInError::Over => StatusCode::BAD_REQUEST,
        ProviderSignInError::Provider(_) => StatusCode::BAD_GATEWAY,
        ProviderSignInError::TooMany | ProviderSignInError::SignIn(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    ways(gate, status, to, Some(&why.to_string()))
}
