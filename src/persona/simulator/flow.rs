//! The hosted flow's routes (<https://docs.withpersona.com/hosted-flow>).

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::door::{Door, Opened, RefusedReason, Visit, Visited};
use super::handle::Simulator;
use super::lifecycle::Move;
use super::pages;
use super::world::World;
use crate::domain::ids::{InquiryId, SessionId};
use crate::domain::time::Timestamp;

pub(super) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/verify", get(verify).post(verify))
        .route("/verify/step", post(step))
        .route("/v/{code}", get(short_link))
}

/// A page with its status.
struct Page(StatusCode, String);

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
        (self.0, headers, self.1).into_response()
    }
}

async fn verify(State(simulator): State<Simulator>, method: Method, RawQuery(query): RawQuery) -> Page {
    let query = query.unwrap_or_default();
    let door = Door::of_query(&query);
    simulator.change(|world, now| visit(world, door, &query, &method, now))
}

async fn short_link(State(simulator): State<Simulator>, method: Method, Path(code): Path<String>) -> Page {
    let query = format!("code={code}");
    simulator.change(|world, now| visit(world, Door::Code(code), &query, &method, now))
}

fn visit(world: &mut World, door: Door, query: &str, method: &Method, now: Timestamp) -> Page {
    if method == Method::HEAD {
        // Asking what is there is no visit.
        return Page(StatusCode::OK, String::new());
    }
    let visit = if method == Method::POST { Visit::Continuing } else { Visit::Loading };
    match world.visit(door, visit, now) {
        Visited::Opened(Opened::Inside { inquiry, session }) => inside(world, &inquiry, &session),
        Visited::Opened(Opened::Refused(reason)) => refused(reason),
        Visited::AtTheDoor(inquiry) => match world.inquiry(&inquiry) {
            Ok(inquiry) => Page(StatusCode::OK, pages::at_the_door(inquiry, query)),
            Err(_) => refused(RefusedReason::Unknown),
        },
    }
}

/// What the person does inside the flow: `action` is `start`, `step`, `complete` or `fail`.
async fn step(State(simulator): State<Simulator>, body: String) -> Page {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let get = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let step = Some(get("action")).filter(|action| ["start", "step", "complete", "fail"].contains(action));
    let Some(step) = step.and_then(|name| Move::named(name, None)) else {
        return Page(StatusCode::BAD_REQUEST, pages::refused(RefusedReason::Unknown));
    };
    simulator.change(|world, now| take_step(world, get("inquiry-id"), get("session-token"), &step, now))
}

fn take_step(world: &mut World, inquiry: &str, token: &str, step: &Move, now: Timestamp) -> Page {
    let Ok(inquiry) = InquiryId::parse(inquiry) else { return refused(RefusedReason::Unknown) };
    let session = match world.inquiry(&inquiry) {
        Ok(inquiry) => world.session_of_token(inquiry, token).map(|session| session.id.clone()),
        Err(_) => Err(RefusedReason::Unknown),
    };
    let session = match session {
        Ok(session) => session,
        Err(reason) => return refused(reason),
    };
    // A step that is no longer possible leaves the person where things stand.
    let _ = world.make(&inquiry, step, now);
    inside(world, &inquiry, &session)
}

fn inside(world: &World, inquiry: &InquiryId, session: &SessionId) -> Page {
    match (world.inquiry(inquiry), world.session(session)) {
        (Ok(inquiry), Ok(session)) if inquiry.status.is_open() => Page(StatusCode::OK, pages::inside(inquiry, session)),
        (Ok(inquiry), Ok(_)) => Page(StatusCode::OK, pages::done(inquiry)),
        _ => refused(RefusedReason::Unknown),
    }
}

fn refused(reason: RefusedReason) -> Page {
    let status = match reason {
        RefusedReason::Unknown | RefusedReason::SessionLimit => StatusCode::FORBIDDEN,
        _ => StatusCode::GONE,
    };
    Page(status, pages::refused(reason))
}
