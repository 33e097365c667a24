//! The public listener: Persona's webhooks, the API for applications, and the pages behind access links.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::field::Empty;
use tracing::{Instrument as _, debug, error, trace_span, warn};

use crate::app::App;
use crate::app::ingest::{self, Delivery, Receipt, Refusal};
use crate::config::Limits;
use crate::domain::signature::check_form;
use crate::http::address;
use crate::http::api;
use crate::http::go;
use crate::http::problem::Problem;
use crate::traces;

/// Longest a delivery may take once it is read: Persona waits 5 seconds (<https://docs.withpersona.com/webhooks>),
/// and an answer that says "again, please" is better than none.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

#[derive(Clone)]
struct Public {
    app: App,
    limits: Limits,
    /// Room for bodies that are being read or wait to be stored, in bytes.
    room: Arc<Semaphore>,
}

/// All bodies under way at one time, in bytes, on all connections: whoever is not verified yet gets no more of us.
const ROOM: usize = 64 << 20;

/// The routes of the public listener.
pub fn routes(app: App, limits: Limits) -> Router {
    let (api, links) = (api::routes(&app, limits), go::routes(app.clone()));
    let room = Arc::new(Semaphore::new(ROOM.max(4 * limits.body_bytes)));
    let webhooks = Router::new().route("/webhooks/persona/{environment}", post(take_webhook));
    webhooks.with_state(Public { app, limits, room }).merge(api).merge(links)
}

/// What we answer to a delivery that is on disk.
#[derive(Serialize)]
struct Taken {
    outcome: &'static str,
}

async fn take_webhook(
    State(public): State<Public>,
    environment: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> Response {
    let began = tokio::time::Instant::now();
    // A name that is no text is the name of nothing.
    let environment = environment.map(|Path(name)| name).unwrap_or_default();
    let span = trace_span!(target: traces::TARGET, "http.webhook.receive", otel.kind = "server",
        environment, event = Empty, outcome = Empty);
    let answer = match receive(&public, &environment, &headers, body).instrument(span.clone()).await {
        Ok(receipt) => {
            count(&environment, receipt.as_str());
            span.record("outcome", receipt.as_str());
            debug!(%environment, outcome = receipt.as_str(), "delivery taken");
            axum::Json(Taken { outcome: receipt.as_str() }).into_response()
        }
        Err(not_taken) => {
            let address = address::of(&headers, &extensions, &public.app.links().trusted_proxies);
            not_taken.answer(&public.app, &environment, address.map(|address| address.to_string()))
        }
    };
    metrics::histogram!("rekindle_delivery_seconds").record(began.elapsed().as_secs_f64());
    answer
}

/// Why a delivery was not taken.
enum NotTaken {
    TooLarge(usize),
    TooSlow,
    Broken,
    Refused(Refusal),
    Overloaded,
}

async fn receive(public: &Public, environment: &str, headers: &HeaderMap, body: Body) -> Result<Receipt, NotTaken> {
    let signature = signature(headers);
    if !public.app.environments().keys().any(|name| name.as_str() == environment) {
        return Err(NotTaken::Refused(Refusal::UnknownEnvironment));
    }
    check_form(signature.as_deref()).map_err(|why| NotTaken::Refused(Refusal::Signature(why)))?;
    // Held until it is stored.
    let (body, _room) = read(body, public.limits, &public.room).await?;
    if ingest::answers_first() {
        let (app, environment) = (public.app.clone(), environment.to_owned());
        ingest::answer_first(async move {
            let delivery = Delivery { environment: &environment, signature: signature.as_deref(), body: &body };
            let _ = app.receive(delivery).await;
        });
        return Ok(Receipt::Applied(None));
    }
    let delivery = Delivery { environment, signature: signature.as_deref(), body: &body };
    match tokio::time::timeout(ANSWER_WITHIN, public.app.receive(delivery)).await {
        Ok(received) => received.map_err(NotTaken::Refused),
        Err(_) => Err(NotTaken::Overloaded),
    }
}

/// The signature header; several are read as one, the way several groups stand in one.
fn signature(headers: &HeaderMap) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers.get_all("persona-signature").iter().map(header::HeaderValue::as_bytes).collect();
    (!values.is_empty()).then(|| values.join(&b' '))
}

async fn read(body: Body, limits: Limits, room: &Semaphore) -> Result<(Bytes, SemaphorePermit<'_>), NotTaken> {
    // What says beforehand that it is too long need not come first.
    if body.size_hint().lower() > limits.body_bytes as u64 {
        return Err(NotTaken::TooLarge(limits.body_bytes));
    }
    let gathered = gather(Limited::new(body, limits.body_bytes), limits.body_bytes, room);
    tokio::time::timeout(limits.body_timeout, gathered).await.unwrap_or(Err(NotTaken::TooSlow))
}

/// Gathers a body. The room it takes is what came of it so far: who announces much and sends little keeps nobody out.
async fn gather(
    mut body: Limited<Body>,
    most: usize,
    room: &Semaphore,
) -> Result<(Bytes, SemaphorePermit<'_>), NotTaken> {
    let mut taken = room.try_acquire_many(0).map_err(|_| NotTaken::Overloaded)?;
    // Copied together, because a frame of one byte keeps the whole buffer alive that it came in.
    let mut gathered = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|why| if why.is::<LengthLimitError>() { NotTaken::TooLarge(most) } else { NotTaken::Broken })?;
        let Ok(came) = frame.into_data() else { continue };
        let length = u32::try_from(came.len()).unwrap_or(u32::MAX);
        taken.merge(room.try_acquire_many(length).map_err(|_| NotTaken::Overloaded)?);
        gathered.extend_from_slice(&came);
    }
    Ok((gathered.freeze(), taken))
}

impl NotTaken {
    /// The answer, logged and counted here and nowhere else.
    fn answer(self, app: &App, environment: &str, address: Option<String>) -> Response {
        let (outcome, problem) = match self {
            Self::TooLarge(most) => (
                "too_large",
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {most} bytes")),
            ),
            Self::TooSlow => ("too_slow", Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
            Self::Broken => ("broken", Problem::new(StatusCode::BAD_REQUEST, "the body did not come whole")),
            Self::Refused(Refusal::UnknownEnvironment) => {
                ("unknown_environment", Problem::new(StatusCode::NOT_FOUND, Refusal::UnknownEnvironment.to_string()))
            }
            Self::Refused(Refusal::Signature(why)) => {
                ("signature", Problem::new(StatusCode::UNAUTHORIZED, why.to_string()))
            }
            Self::Refused(Refusal::Storage(why)) => {
                error!(%environment, error = %why, "delivery not taken: it could not be stored");
                ("unavailable", Problem::unavailable())
            }
            Self::Refused(Refusal::Overloaded) | Self::Overloaded => ("overloaded", Problem::unavailable()),
        };
        // What could not be stored is no refusal, and the database has no time for it now.
        if !matches!(outcome, "unavailable" | "overloaded") {
            app.remember_refusal(environment, outcome, problem.detail(), address);
        }
        // A name that is not ours can be anything, so it stays out of logs and labels.
        let known = outcome != "unknown_environment";
        let environment = if known { environment } else { "unknown" };
        warn!(%environment, outcome, reason = problem.detail(), "delivery not taken");
        count(environment, outcome);
        problem.into_response()
    }
}

fn count(environment: &str, outcome: &'static str) {
    let environment = environment.to_owned();
    metrics::counter!("rekindle_deliveries_total", "environment" => environment, "outcome" => outcome).increment(1);
}
