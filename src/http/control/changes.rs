//! `/v1/changes`: what kinds of things changed, as server-sent events without any of it: a hint to look again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use tokio::time::Instant;

use super::Control;
use super::says::away;

use crate::app::board::{Board, Pulse, Tally};
use crate::http::described::Refused;
use crate::http::operators::Caller;
use crate::http::problem::Problem;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(2);

/// How long somebody watches before they have to come again, and show once more who they are.
const LONGEST: Duration = Duration::from_mins(10);

/// Watch for changes
///
/// An event `changed` with the tallies of what happened, with spaces between. It ends after ten minutes; come again.
#[utoipa::path(
    get, path = "/v1/changes", tag = "Overview", operation_id = "watchChanges",
    responses((status = 200, description = "The changes", content_type = "text/event-stream", body = String),
              Refused),
    security(("token" = [])),
)]
pub(super) async fn watch(State(control): State<Control>, caller: Caller) -> Result<Response, Problem> {
    let full = || {
        let detail = "too many watch for changes at once; ask again later, or ask for what you need every so often";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).code("busy").retry_after(30)
    };
    let room = control.watchers.clone().try_acquire_owned().map_err(|_| full())?;
    let board = control.board(&caller);
    let pulse = board.pulse().await.map_err(away)?;
    let end = Instant::now() + LONGEST;
    // Whoever goes away drops the stream, and the room with it.
    let changes = stream::unfold((board, pulse, room), move |(board, pulse, room)| async move {
        let (event, pulse) = next(&board, pulse, end).await?;
        Some((Ok::<_, Infallible>(event), (board, pulse, room)))
    });
    Ok(sse(changes).into_response())
}

fn sse<S: Stream<Item = Result<Event, Infallible>> + Send + 'static>(changes: S) -> impl IntoResponse {
    Sse::new(changes).keep_alive(KeepAlive::default())
}

/// Waits for the next change; `None` when the time is over, or the database can't be asked.
async fn next(board: &Board, mut pulse: Pulse, end: Instant) -> Option<(Event, Pulse)> {
    loop {
        if Instant::now() >= end {
            return None;
        }
        tokio::time::sleep(LOOK).await;
        let (tallies, now) = board.since(pulse).await.ok()?;
        pulse = now;
        if !tallies.is_empty() {
            let words: Vec<&str> = tallies.into_iter().map(Tally::as_str).collect();
            return Some((Event::default().event("changed").data(words.join(" ")), pulse));
        }
    }
}
