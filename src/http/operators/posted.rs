//! A form that somebody sent from a page of ours.

use std::time::Duration;

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use super::caller::{Caller, forged};
use super::visitor::{Refused, Visitor};
use super::{Gate, origin};
use crate::http::problem::Problem;

/// The longest form, in bytes, and how long it may take to come.
const BODY_BYTES: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// A form, and who sent it. It was sent by a page of ours: a field `csrf` holds the token of the session, which is
/// [`Caller::csrf`], and the browser says that it comes from the same origin.
pub struct Posted<T> {
    /// Who sent it.
    pub caller: Caller,
    /// What it says.
    pub form: T,
}

impl<S, T> FromRequest<S> for Posted<T>
where
    Gate: FromRef<S>,
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let gate = Gate::from_ref(state);
        let (parts, body) = request.into_parts();
        let Visitor(caller) = Visitor::known(&parts, &gate).await?;
        let body = read(body).await?;
        let sent = url::form_urlencoded::parse(&body).find(|(name, _)| name == "csrf");
        let ours = sent.is_some_and(|(_, sent)| caller.signed_in().is_some_and(|session| session.is_ours(&sent)));
        if !ours || !origin::is_ours(&parts.headers, &gate) {
            return Err(Refused::Told(forged()));
        }
        let form = form(Request::from_parts(parts, Body::from(body)), state).await?;
        Ok(Self { caller, form })
    }
}

/// A form of somebody who is not signed in yet, from a page of ours.
pub(super) async fn unsigned<T: DeserializeOwned>(request: Request, gate: &Gate) -> Result<T, Refused> {
    let (parts, body) = request.into_parts();
    if !origin::is_ours(&parts.headers, gate) {
        return Err(Refused::Told(forged()));
    }
    let body = read(body).await?;
    form(Request::from_parts(parts, Body::from(body)), gate).await
}

async fn form<S: Send + Sync, T: DeserializeOwned>(request: Request, state: &S) -> Result<T, Refused> {
    let Form(form) = Form::from_request(request, state).await.map_err(|_| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the form is not as it should be; go back and try again")
    })?;
    Ok(form)
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    match tokio::time::timeout(PATIENCE, Limited::new(body, BODY_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(_)) => {
            let detail = format!("the form did not come whole, or is longer than {BODY_BYTES} bytes");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
        }
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the form did not come in time")),
    }
}
