//! Who calls: an operator's token, or the session of a browser.

use axum::Json;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Serialize;
use tracing::error;

use super::{Gate, cookie, origin};
use crate::app::operators::SignedIn;
use crate::domain::act::Act;
use crate::domain::deed::Deed;
use crate::domain::ids::EnvironmentName;
use crate::domain::operator::Operator;
use crate::domain::time::Timestamp;
use crate::http::problem::{NO_TOKEN, Problem};

/// An operator who may at least look. A request that changes something and comes with a session carries its token in
/// the header `X-CSRF-Token`; forms come as [`super::Posted`].
pub struct Caller {
    /// Who it is.
    pub operator: Operator,
    signed_in: Option<SignedIn>,
}

/// What an operator is told of themselves.
#[derive(Serialize)]
struct Me {
    who: String,
    role: &'static str,
    environment: Option<String>,
    how: String,
}

impl<S> FromRequestParts<S> for Caller
where
    Gate: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let gate = Gate::from_ref(state);
        let caller = Self::known(parts, &gate).await?;
        if let Some(signed_in) = caller.signed_in.as_ref().filter(|_| changes(&parts.method)) {
            let shown = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
            if !shown.is_some_and(|shown| signed_in.is_ours(shown)) || !origin::is_ours(&parts.headers, &gate) {
                return Err(forged());
            }
        }
        Ok(caller)
    }
}

impl Caller {
    /// Who calls, whatever is asked for: whoever uses this looks after forgery.
    pub(super) async fn known(parts: &Parts, gate: &Gate) -> Result<Self, Problem> {
        // What a proxy in front asks browsers for is none of ours.
        if parts.headers.get_all(header::AUTHORIZATION).iter().any(is_bearer) {
            return Self::by_token(parts, gate).await;
        }
        let Some(cookie) = cookie::session(&parts.headers, gate) else { return Err(unauthorized()) };
        let address = gate.address(parts).to_string();
        let found = gate.app.operator_by_session(cookie, Some(&address)).await;
        let signed_in = found.map_err(|error| away(&error))?.ok_or_else(unauthorized)?;
        Ok(Self { operator: signed_in.operator.clone(), signed_in: Some(signed_in) })
    }

    async fn by_token(parts: &Parts, gate: &Gate) -> Result<Self, Problem> {
        let Some(token) = bearer(&parts.headers) else { return Err(unauthorized()) };
        let attempt = gate.attempt(token, parts)?;
        let found = gate.app.operator_by_token(token, Some(&attempt.address())).await;
        let Some(operator) = found.map_err(|error| away(&error))? else {
            attempt.failed();
            return Err(unauthorized());
        };
        attempt.succeeded();
        Ok(Self { operator, signed_in: None })
    }

    /// Whether a session stands behind it, and what its forms carry.
    #[must_use]
    pub fn csrf(&self) -> Option<&str> {
        self.signed_in.as_ref().map(|signed_in| signed_in.csrf.expose_secret())
    }

    pub(super) const fn signed_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_ref()
    }

    /// Refuses what the role does not allow.
    ///
    /// # Errors
    /// The answer: 403.
    pub fn may(&self, act: Act) -> Result<(), Problem> {
        if self.operator.role.may(act) {
            return Ok(());
        }
        let detail = format!("this needs the role {}; yours is {}", act.least(), self.operator.role);
        Err(Problem::new(StatusCode::FORBIDDEN, detail).code("role"))
    }

    /// Refuses what the role does not allow, or not in this environment: another one than theirs does not exist.
    ///
    /// # Errors
    /// The answer: 404 or 403.
    pub fn may_in(&self, act: Act, environment: &EnvironmentName) -> Result<(), Problem> {
        if !self.operator.sees(environment) {
            return Err(no_environment());
        }
        self.may(act)
    }

    /// Refuses what concerns every environment to whoever is bound to one.
    ///
    /// # Errors
    /// The answer: 403.
    pub fn may_everywhere(&self, act: Act) -> Result<(), Problem> {
        self.may(act)?;
        if self.operator.environment.is_none() {
            return Ok(());
        }
        let detail = "this concerns every environment, and you are bound to one";
        Err(Problem::new(StatusCode::FORBIDDEN, detail).code("environment"))
    }

    /// The environment that lists are narrowed to: theirs, where they have one of their own, or the one that is named.
    ///
    /// # Errors
    /// The answer: 404 for a name that is none, or not theirs.
    pub fn narrowed(&self, named: Option<&str>) -> Result<Option<EnvironmentName>, Problem> {
        let named = named.map(EnvironmentName::parse).transpose().map_err(|_| no_environment())?;
        match (&self.operator.environment, named) {
            (Some(own), Some(named)) if *own != named => Err(no_environment()),
            (own, named) => Ok(named.or_else(|| own.clone())),
        }
    }

    /// What is done now, for the audit.
    ///
    /// # Errors
    /// The answer: 422 where a reason is needed and there is none.
    pub fn deed(&self, act: Act, reason: Option<&str>, now: Timestamp) -> Result<Deed, Problem> {
        Deed::new(&self.operator, act, reason, now)
            .map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why.to_string()).code("no-reason"))
    }
}

/// `GET /v1/me`: who the caller is here.
pub(super) async fn me(caller: Caller) -> Response {
    let Operator { who, role, environment, how, .. } = caller.operator;
    let environment = environment.map(|name| name.to_string());
    let me = Me { who, role: role.as_str(), environment, how: how.to_string() };
    ([(header::CACHE_CONTROL, "no-store")], Json(me)).into_response()
}

/// What nobody can answer now; the reason is for operators' logs alone.
pub(super) fn away(why: &impl std::fmt::Display) -> Problem {
    error!(%why, "a request of an operator could not be answered");
    let detail = "it can't be answered right now; please ask again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).code("busy").retry_after(5)
}

/// Whether a method may change something.
pub(super) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A request that may have been made by another site in somebody's name.
pub(super) fn forged() -> Problem {
    let detail = "this did not come from a page of ours, or its page is too old; reload the page and try again";
    Problem::new(StatusCode::FORBIDDEN, detail).code("csrf")
}

fn unauthorized() -> Problem {
    let detail = "show an operator's token that is good: `Authorization: Bearer rekindle_operator_…`; \
                  `rekindle tokens create --role viewer` makes one";
    Problem::new(StatusCode::UNAUTHORIZED, detail).code(NO_TOKEN)
}

pub(super) fn too_many(seconds: u32) -> Problem {
    let detail = format!("that was tried too often in one minute; wait {seconds} s");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).code("too-many").retry_after(seconds)
}

fn no_environment() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such environment").code("no-environment")
}

fn is_bearer(value: &HeaderValue) -> bool {
    value.as_bytes().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
}

/// The token of an `Authorization` header. Two headers are none: which of them would count?
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let only = all.next().filter(|_| all.next().is_none())?;
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
