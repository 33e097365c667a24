//! Bodies: JSON, read within limits, with mistakes told to the caller and nobody else.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::{Api, BODY_BYTES};
use crate::http::problem::Problem;

/// A body and what it says.
pub(super) struct Body<T> {
    /// What it says.
    pub(super) said: T,
    /// As it came.
    pub(super) raw: Bytes,
}

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "the body must be JSON; send `Content-Type: application/json`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let limited = Limited::new(request.into_body(), BODY_BYTES);
        let raw = match tokio::time::timeout(api.body_timeout, limited.collect()).await {
            Ok(Ok(collected)) => collected.to_bytes(),
            Ok(Err(why)) if why.is::<LengthLimitError>() => {
                let detail = format!("the body is longer than {BODY_BYTES} bytes");
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            Ok(Err(_)) => return Err(Problem::new(StatusCode::BAD_REQUEST, "the body did not come whole")),
            Err(_) => return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
        };
        // The error names keys, which are ours; where it quotes a value, it is the caller's own.
        let said = serde_json::from_slice(&raw).map_err(|error| {
            let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
            Problem::new(status, format!("the body is not what is expected: {error}")).code("body")
        })?;
        Ok(Self { said, raw })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
