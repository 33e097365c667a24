//! What operators do from pages: a form with a reason goes to the [`Desk`], and its sender back to where they were.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::app::access::Renewal;
use crate::app::board::LinkId;
use crate::app::desk::{ActError, Desk};
use crate::app::lanes::LaneChange;
use crate::app::links::Minted;
use crate::domain::action::Kind;
use crate::domain::alert::AlertName;
use crate::domain::ids::{ActionId, EnvironmentName, EventId, InquiryId};
use crate::domain::rules::parse_duration;
use crate::domain::time::Timestamp;
use crate::http::board::page::{Trouble, trouble};
use crate::http::board::reader::Reader;
use crate::http::board::view::event::Event;
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{href, path};
use crate::http::board::view::minted;
use crate::http::board::view::when::length;
use crate::http::board::{Pages, event, inquiry};
use crate::http::operators::Posted;

/// What a form says.
#[derive(Deserialize)]
pub(super) struct Said {
    reason: Option<String>,
    due_at: Option<String>,
    link: Option<String>,
    long: Option<String>,
}

/// Something is done about an action.
pub(super) async fn on_action(
    State(pages): State<Pages>,
    Path((id, act)): Path<(String, String)>,
    headers: HeaderMap,
    posted: Posted<Said>,
) -> Response {
    let page = path(&["actions", &id]);
    let (reader, desk, said) = sat_down(&pages, posted, &headers, &page);
    let done = action_act(&desk, &id, &act, said.due_at.as_deref()).await;
    back(&reader, &page, done)
}

async fn action_act(desk: &Desk, id: &str, act: &str, due_at: Option<&str>) -> Result<&'static str, Trouble> {
    let id = ActionId::parse(id).map_err(|_| Trouble::Unknown)?;
    Ok(match act {
        "retry" => desk.retry(&id).await.map(|_| "retried")?,
        "cancel" => desk.cancel(&id).await.map(|_| "cancelled")?,
        "reschedule" => desk.reschedule(&id, time(due_at)?).await.map(|_| "rescheduled")?,
        _ => return Err(Trouble::Unknown),
    })
}

/// Something is done about an inquiry.
pub(super) async fn on_inquiry(
    State(pages): State<Pages>,
    Path((environment, id, act)): Path<(String, String, String)>,
    headers: HeaderMap,
    posted: Posted<Said>,
) -> Response {
    let page = path(&["inquiries", &environment, &id]);
    let (reader, desk, said) = sat_down(&pages, posted, &headers, &page);
    let (environment, id) = match inquiry::place(&environment, &id) {
        Ok(place) => place,
        Err(why) => return trouble(&reader, &why),
    };
    if act == "mint-link" {
        let made = desk.mint_link(&environment, &id).await.map_err(Trouble::from);
        return reader.answer(made.map(|made| link_page(&reader, &page, &made)));
    }
    let done = inquiry_act(&desk, &environment, &id, &act, said.link.as_deref()).await;
    back(&reader, &page, done)
}

async fn inquiry_act(
    desk: &Desk,
    environment: &EnvironmentName,
    id: &InquiryId,
    act: &str,
    link: Option<&str>,
) -> Result<&'static str, Trouble> {
    Ok(match act {
        "remind" => desk.remind_now(environment, id).await.map(|_| "reminded")?,
        "revive" => Box::pin(desk.renew(environment, id, Renewal::Revive)).await.map(|_| "revived")?,
        "replace" => Box::pin(desk.renew(environment, id, Renewal::Replace)).await.map(|_| "replaced")?,
        "reread" => desk.reread(environment, id).await.map(|_| "reread")?,
        "mute" => desk.mute(environment, id, true).await.map(|_| "muted")?,
        "unmute" => desk.mute(environment, id, false).await.map(|_| "unmuted")?,
        "revoke-link" => {
            let link = link.and_then(LinkId::parse).ok_or(Trouble::Unknown)?;
            desk.revoke_link(&link).await.map(|_| "revoked")?
        }
        _ => return Err(Trouble::Unknown),
    })
}

/// Something is done about an event; its payload is shown in the answer, and nowhere else.
pub(super) async fn on_event(
    State(pages): State<Pages>,
    Path((environment, id, act)): Path<(String, String, String)>,
    headers: HeaderMap,
    posted: Posted<Said>,
) -> Response {
    let page = path(&["events", &environment, &id]);
    let (reader, desk, _) = sat_down(&pages, posted, &headers, &page);
    let (environment, id) = match event::place(&environment, &id) {
        Ok(place) => place,
        Err(why) => return trouble(&reader, &why),
    };
    let done = match act.as_str() {
        "release" => desk.release_event(&environment, &id).await.map(|_| "released"),
        "discard" => desk.discard_event(&environment, &id).await.map(|_| "discarded"),
        "payload" => {
            let shown = revealed(&reader, &desk, &environment, &id).await;
            return reader.answer(shown);
        }
        _ => return trouble(&reader, &Trouble::Unknown),
    };
    back(&reader, &page, done.map_err(Trouble::from))
}

/// The page of an event with its payload as it was received.
async fn revealed(reader: &Reader, desk: &Desk, environment: &EnvironmentName, id: &EventId) -> Result<Event, Trouble> {
    let revealed = desk.reveal(environment, id).await?;
    let found = reader.board().event(environment, id).await?.ok_or(Trouble::Unknown)?;
    let payload = Some(revealed.expose().to_owned());
    Ok(Event { payload, revealed: true, reveal: None, ..event::shown(reader, found) })
}

/// A lane is paused or resumed.
pub(super) async fn on_lane(
    State(pages): State<Pages>,
    Path((environment, kind, act)): Path<(String, String, String)>,
    headers: HeaderMap,
    posted: Posted<Said>,
) -> Response {
    let (reader, desk, _) = sat_down(&pages, posted, &headers, "/lanes");
    let done = lane_act(&desk, &environment, &kind, &act).await;
    back(&reader, "/lanes", done)
}

async fn lane_act(desk: &Desk, environment: &str, kind: &str, act: &str) -> Result<&'static str, Trouble> {
    let environment = EnvironmentName::parse(environment).map_err(|_| Trouble::Unknown)?;
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or(Trouble::Unknown)?;
    let (change, word) = match act {
        "pause" => (LaneChange::Pause, "paused"),
        "resume" => (LaneChange::Resume, "resumed"),
        _ => return Err(Trouble::Unknown),
    };
    desk.change_lane(&environment, kind, change).await?;
    Ok(word)
}

/// An alert is silenced, or told of again.
pub(super) async fn on_alert(
    State(pages): State<Pages>,
    Path((environment, name, act)): Path<(String, String, String)>,
    headers: HeaderMap,
    posted: Posted<Said>,
) -> Response {
    let (reader, desk, said) = sat_down(&pages, posted, &headers, "/alerts");
    let done = alert_act(&desk, &environment, &name, &act, said.long.as_deref()).await;
    back(&reader, "/alerts", done)
}

async fn alert_act(
    desk: &Desk,
    environment: &str,
    name: &str,
    act: &str,
    long: Option<&str>,
) -> Result<&'static str, Trouble> {
    let environment = EnvironmentName::parse(environment).map_err(|_| Trouble::Unknown)?;
    let name = AlertName::parse(name).ok_or(Trouble::Unknown)?;
    let (long, word) = match act {
        // Whether they may comes first; no time is none that the desk takes.
        "silence" => (Some(parse_duration(long.unwrap_or_default().trim()).unwrap_or_default()), "silenced"),
        "unsilence" => (None, "unsilenced"),
        _ => return Err(Trouble::Unknown),
    };
    desk.silence_alert(&environment, name, long).await?;
    Ok(word)
}

/// Whoever comes to the address of an act, as by loading its answer again, is led to what it was about.
pub(super) async fn looked_at(uri: Uri) -> Response {
    let about = uri.path().rsplit_once('/').map_or("/", |(before, _)| before);
    let lists = [("/lanes/", "/lanes"), ("/alerts/", "/alerts")];
    let about = lists.iter().find(|(within, _)| about.starts_with(within)).map_or(about, |(_, list)| *list);
    (StatusCode::SEE_OTHER, [(header::LOCATION, about.to_owned())]).into_response()
}

fn sat_down(pages: &Pages, posted: Posted<Said>, headers: &HeaderMap, page: &str) -> (Reader, Desk, Said) {
    let Posted { caller, mut form } = posted;
    let desk = pages.app.desk(caller.operator.clone(), form.reason.take());
    (Reader::of(pages, caller, headers, page), desk, form)
}

fn back(reader: &Reader, page: &str, done: Result<&'static str, Trouble>) -> Response {
    match done {
        Ok(word) => (StatusCode::SEE_OTHER, [(header::LOCATION, href(page, &[("said", word)]))]).into_response(),
        Err(why) => trouble(reader, &why),
    }
}

fn link_page(reader: &Reader, page: &str, made: &Minted) -> minted::Minted {
    minted::Minted {
        frame: reader.frame("Access link", Place::Inquiries, 0),
        url: made.url.expose_secret().to_owned(),
        until: reader.when(made.link.expires_at),
        opens: made.link.max_opens,
        back: page.to_owned(),
    }
}

fn time(said: Option<&str>) -> Result<Timestamp, Trouble> {
    let said = said.unwrap_or_default().trim();
    Timestamp::parse(said).map_err(|_| Trouble::Refused("Write the time as 2026-11-23T08:00:00Z.".to_owned()))
}

impl From<ActError> for Trouble {
    fn from(why: ActError) -> Self {
        match why {
            ActError::NotAllowed(role) => Self::NotAllowed(role.as_str()),
            ActError::Unknown(_) => Self::Unknown,
            ActError::Storage(why) => Self::Storage(why),
            ActError::Busy { retry_after } => Self::Refused(format!("{why}. Try again in {}.", length(retry_after))),
            other => Self::Refused(other.to_string()),
        }
    }
}
