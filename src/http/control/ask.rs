//! Reading what requests ask for.

use std::fmt::Display;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Json, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::app::board::Cursor;
use crate::domain::ids::{EnvironmentName, InvalidId};
use crate::domain::time::Timestamp;
use crate::http::problem::Problem;

/// Rows of a page, unless it is said how many; and the most.
const PAGE: u32 = 50;
const MOST: u32 = 500;

/// A query; what it can't mean is a problem.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let asked: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        asked.map(|Query(asked)| Self(asked)).map_err(|why| wrong("query", &why.body_text()))
    }
}

/// A JSON body of a few words.
pub(super) struct Said<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Said<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let said: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        said.map(|Json(said)| Self(said)).map_err(|why| wrong("body", &why.body_text()))
    }
}

/// What a request says and can't be.
pub(super) fn wrong(code: &'static str, why: &impl Display) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why.to_string()).code(code)
}

/// An id or name under a key of a query, where there is one.
pub(super) fn id<T>(
    key: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<Option<T>, Problem> {
    text.map(parse).transpose().map_err(|why| wrong("query", &format!("{key} {why}")))
}

/// A word under a key of a query, where there is one.
pub(super) fn word<T>(key: &str, text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    let unknown = |text: &str| wrong("query", &format!("{key}: there is no {text}"));
    text.map(|text| parse(text).ok_or_else(|| unknown(text))).transpose()
}

/// A time under a key of a query, where there is one.
pub(super) fn time(key: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(Timestamp::parse).transpose().map_err(|why| wrong("query", &format!("{key} {why}")))
}

/// Where a list goes on.
pub(super) fn after(text: Option<&str>) -> Result<Option<Cursor>, Problem> {
    text.map(str::parse).transpose().map_err(|_| wrong("query", &"after is no `next` of an answer"))
}

/// How many rows a page has.
pub(super) fn limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(PAGE).clamp(1, MOST)
}

/// An environment in a path; a name that is none does not exist.
pub(super) fn environment(text: &str) -> Result<EnvironmentName, Problem> {
    EnvironmentName::parse(text).map_err(|_| missing("environment"))
}

/// An id in a path; what is none does not exist.
pub(super) fn in_path<T>(what: &str, text: &str, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Result<T, Problem> {
    parse(text).map_err(|_| missing(what))
}

/// What does not exist, or not for them.
pub(super) fn missing(what: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no such {what}")).code("not-found")
}
