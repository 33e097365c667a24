//! Who visits a page: as [`Caller`], with answers for people.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::caller::Caller;
use super::{Gate, page};
use crate::domain::act::Act;
use crate::domain::ids::EnvironmentName;
use crate::http::problem::Problem;

/// An operator who looks at a page. Whoever is not signed in is sent to sign in, and comes back afterwards. It is for
/// requests that change nothing; forms come as [`super::Posted`].
pub struct Visitor(pub Caller);

/// Why somebody does not see a page: they have to sign in, or may not.
#[derive(Debug)]
pub enum Refused {
    /// They are sent to this address of ours.
    SignIn(String),
    /// They are told.
    Told(Problem),
}

impl<S> FromRequestParts<S> for Visitor
where
    Gate: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let gate = Gate::from_ref(state);
        if super::caller::changes(&parts.method) {
            return Err(Refused::Told(super::caller::forged()));
        }
        Self::known(parts, &gate).await
    }
}

impl Visitor {
    pub(super) async fn known(parts: &Parts, gate: &Gate) -> Result<Self, Refused> {
        match Caller::known(parts, gate).await {
            Ok(caller) => Ok(Self(caller)),
            Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => Err(Refused::sign_in(parts)),
            Err(problem) => Err(Refused::Told(problem)),
        }
    }

    /// As [`Caller::may`], for a page.
    ///
    /// # Errors
    /// The page that says so.
    pub fn may(&self, act: Act) -> Result<(), Refused> {
        self.0.may(act).map_err(Refused::Told)
    }

    /// As [`Caller::may_in`], for a page.
    ///
    /// # Errors
    /// The page that says so.
    pub fn may_in(&self, act: Act, environment: &EnvironmentName) -> Result<(), Refused> {
        self.0.may_in(act, environment).map_err(Refused::Told)
    }

    /// As [`Caller::may_everywhere`], for a page.
    ///
    /// # Errors
    /// The page that says so.
    pub fn may_everywhere(&self, act: Act) -> Result<(), Refused> {
        self.0.may_everywhere(act).map_err(Refused::Told)
    }
}

impl Refused {
    fn sign_in(parts: &Parts) -> Self {
        // Only what is looked at can be come back to.
        let wanted = (parts.method == Method::GET).then(|| parts.uri.path_and_query()).flatten();
        let path = super::return_to::path(wanted.map(axum::http::uri::PathAndQuery::as_str));
        if path == "/" {
            return Self::SignIn("/sign-in".to_owned());
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        Self::SignIn(format!("/sign-in?{}", query.append_pair("return_to", &path).finish()))
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Told(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(address) => {
                let address = HeaderValue::from_str(&address).unwrap_or(HeaderValue::from_static("/sign-in"));
                (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
            }
            Self::Told(problem) => page::told(&problem),
        }
    }
}
