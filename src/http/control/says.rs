//! What became of an act, as an answer.

use axum::http::StatusCode;
use tracing::error;

use crate::app::board::StorageError;
use crate::app::desk::ActError;
use crate::http::problem::Problem;

/// What an act's error means to a caller.
pub(super) fn refused(error: ActError) -> Problem {
    let detail = error.to_string();
    match error {
        ActError::NotAllowed(_) => Problem::new(StatusCode::FORBIDDEN, detail).code("role"),
        ActError::Unknown(_) => Problem::new(StatusCode::NOT_FOUND, detail).code("not-found"),
        ActError::NoReason(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).code("no-reason"),
        ActError::NotNow(_) => Problem::new(StatusCode::CONFLICT, detail).code("not-now"),
        ActError::NotActing => Problem::new(StatusCode::CONFLICT, detail).code("not-acting"),
        ActError::Unreadable(_) => Problem::new(StatusCode::CONFLICT, detail).code("unreadable"),
        ActError::Persona(_) => Problem::new(StatusCode::BAD_GATEWAY, detail).code("persona"),
        ActError::Busy { retry_after } => {
            let seconds = u32::try_from(retry_after.as_secs().max(1)).unwrap_or(u32::MAX);
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).code("busy").retry_after(seconds)
        }
        ActError::Storage(error) => away(error),
    }
}

/// What nobody can answer now; the reason is for the log alone.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(super) fn away(why: StorageError) -> Problem {
    error!(%why, "a request of an operator could not be answered");
    let detail = "it can't be answered right now; please ask again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).code("busy").retry_after(5)
}
