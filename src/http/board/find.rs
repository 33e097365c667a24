//! The box at the top: an id of anything, or a person's reference id, leads to its page.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::domain::ids::{ActionId, EventId, InquiryId};
use crate::http::board::page::{Trouble, trouble};
use crate::http::board::query::Asked;
use crate::http::board::reader::Reader;
use crate::http::board::view::list::{href, path};

/// Leads to what is meant; to the inquiries that match, where several or none do.
pub(super) async fn find(reader: Reader, asked: Asked) -> Response {
    match place(&reader, asked.text("q").unwrap_or_default()).await {
        Ok(place) => (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response(),
        Err(why) => trouble(&reader, &why),
    }
}

async fn place(reader: &Reader, text: &str) -> Result<String, Trouble> {
    let board = reader.board();
    if text.is_empty() {
        return Ok("/inquiries".to_owned());
    }
    if text.starts_with("evt_")
        && let Ok(id) = EventId::parse(text)
    {
        for environment in board.environments() {
            if board.event(&environment, &id).await?.is_some() {
                return Ok(path(&["events", environment.as_str(), text]));
            }
        }
    }
    if let Ok(id) = ActionId::parse(text)
        && board.action(&id).await?.is_some()
    {
        return Ok(path(&["actions", text]));
    }
    let found = board.find(text).await?;
    Ok(match found.as_slice() {
        [(environment, id)] => path(&["inquiries", environment.as_str(), InquiryId::as_str(id)]),
        _ => href("/inquiries", &[("q", text)]),
    })
}
