//! Who calls: a bearer token, what it grants, and how often it may be shown.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};
use tracing::error;

use super::Api;
use crate::domain::ids::{CustomerName, EnvironmentName};
use crate::domain::token::{Grant, Scope};
use crate::http::address;
use crate::http::problem::{NO_TOKEN, Problem};

/// Whoever showed a token that is good.
pub(super) struct Caller {
    pub(super) grant: Grant,
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Some(token) = bearer(&parts.headers) else { return Err(unauthorized()) };
        let address = address::of(&parts.headers, &parts.extensions, &api.app.links().trusted_proxies);
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let (now, most) = (api.app.clock().now(), api.app.api());
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        api.throttle.may_try(address, &hash, most.failures_per_minute, now).map_err(too_many)?;
        let Some(grant) = api.app.authenticate(token).await.map_err(|error| away(&error))? else {
            api.throttle.failed(address, now);
            return Err(unauthorized());
        };
        api.throttle.succeeded(hash);
        api.throttle.call(&grant.token, most.calls_per_minute, now).map_err(too_many)?;
        if let Some(customer) = &grant.customer
            && let Some(most) = api.app.customers().get(customer).and_then(|rules| rules.calls_per_minute)
        {
            api.throttle.customer(customer, most, now).map_err(too_many)?;
        }
        Ok(Self { grant })
    }
}

impl Caller {
    /// Refuses what the token was not made for.
    pub(super) fn may(&self, scope: Scope) -> Result<(), Problem> {
        if self.grant.scopes.contains(&scope) {
            return Ok(());
        }
        let detail = format!("this token has not the scope {scope}; make one that has with `rekindle tokens create`");
        Err(Problem::new(StatusCode::FORBIDDEN, detail).code("no-scope"))
    }

    /// The environment that is meant: the token's, the one named, or the only one there is.
    pub(super) fn environment(&self, api: &Api, named: Option<&str>) -> Result<EnvironmentName, Problem> {
        let known = api.app.environments();
        let named = self.named(named)?;
        match (&self.grant.environment, named) {
            (Some(own), _) if known.contains_key(own) => Ok(own.clone()),
            (None, Some(named)) if known.contains_key(&named) => Ok(named),
            (None, None) if known.len() == 1 => known.keys().next().cloned().ok_or_else(no_environment),
            (None, None) => {
                let all: Vec<&str> = known.keys().map(EnvironmentName::as_str).collect();
                let detail = format!("environment is needed, as there are several: {}", all.join(", "));
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).code("no-environment"))
            }
            _ => Err(no_environment()),
        }
    }

    /// The environment that was named, where one was; another one than the token's does not exist for it.
    pub(super) fn named(&self, named: Option<&str>) -> Result<Option<EnvironmentName>, Problem> {
        let Some(named) = named else { return Ok(None) };
        let named = EnvironmentName::parse(named).map_err(|_| no_environment())?;
        match &self.grant.environment {
            Some(own) if *own != named => Err(no_environment()),
            _ => Ok(Some(named)),
        }
    }

    /// The customer that is meant: the token's, or the one named. Another one than the token's does not exist for it.
    pub(super) fn customer(&self, api: &Api, named: Option<&str>) -> Result<Option<CustomerName>, Problem> {
        let unknown = || Problem::new(StatusCode::NOT_FOUND, "there is no such customer").code("no-customer");
        let named = named.map(CustomerName::parse).transpose().map_err(|_| unknown())?;
        match (&self.grant.customer, named) {
            (Some(own), Some(named)) if *own != named => Err(unknown()),
            (Some(own), _) => Ok(Some(own.clone())),
            (None, Some(named)) if !api.app.customers().contains_key(&named) => Err(unknown()),
            (None, named) => Ok(named),
        }
    }
}

/// What nobody can answer now; the reason is for operators alone.
pub(super) fn away(why: &impl Display) -> Problem {
    error!(%why, "a request could not be answered");
    let detail = "it can't be answered right now; please ask again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).code("busy").retry_after(5)
}

/// What does not exist, or not for this token.
pub(super) fn not_found(what: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no such {what}")).code("not-found")
}

fn no_environment() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such environment").code("no-environment")
}

fn unauthorized() -> Problem {
    let detail = "show a token that is good: `Authorization: Bearer rekindle_…`; `rekindle tokens create` makes one";
    Problem::new(StatusCode::UNAUTHORIZED, detail).code(NO_TOKEN)
}

fn too_many(seconds: u32) -> Problem {
    let detail = format!("that is too much in one minute; wait {seconds} s");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).code("too-many").retry_after(seconds)
}

/// The token of an `Authorization` header. Two headers are none: which of them would count?
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let only = all.next().filter(|_| all.next().is_none())?;
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
