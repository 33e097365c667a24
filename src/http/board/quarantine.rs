//! What was kept aside until somebody decides, and what was refused at the door.

use axum::response::Response;

use crate::app::board::{EventFilter, Outcome, Refused as Read, StoredEvent};
use crate::http::board::event::acts;
use crate::http::board::page::Trouble;
use crate::http::board::query::{Asked, ROWS};
use crate::http::board::reader::Reader;
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{Nothing, path};
use crate::http::board::view::mark::Mark;
use crate::http::board::view::quarantine::{Held, Quarantine, Refused};

/// Refused deliveries on the page, the latest first.
const REFUSED: u32 = 50;

/// What was kept aside and refused.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    let page = quarantine(&reader, &asked).await;
    reader.answer(page)
}

async fn quarantine(reader: &Reader, asked: &Asked) -> Result<Quarantine, Trouble> {
    let board = reader.board();
    let filter =
        EventFilter { environment: asked.environment(), outcome: Some(Outcome::Quarantined), ..EventFilter::default() };
    let page = board.events(&filter, asked.cursor().as_ref(), ROWS).await?;
    let refused = board.refusals(None, REFUSED).await?;
    let held: Vec<Held> = page.items.iter().map(|event| row(reader, event)).collect();
    let text = "Deliveries whose signature is older than the tolerance would wait here.";
    Ok(Quarantine {
        // Forms are open here; the page stays as it is.
        frame: reader.frame("Quarantine", Place::Quarantine, 0),
        pages: asked.pages("/quarantine", held.len(), ("event", "events"), page.next.as_ref()),
        held,
        nothing: Nothing::yet("Nothing is kept aside", text),
        refused: refused.items.iter().map(|one| turned_away(reader, one)).collect(),
    })
}

fn row(reader: &Reader, event: &StoredEvent) -> Held {
    Held {
        id: event.id.to_string(),
        href: path(&["events", event.environment.as_str(), event.id.as_str()]),
        environment: event.environment.to_string(),
        name: event.name.clone().unwrap_or_else(|| "unreadable".to_owned()),
        mark: Mark::of_outcome(event.outcome.map(Outcome::as_str)),
        reason: event.reason.clone().unwrap_or_default(),
        received: reader.when(event.received_at),
        acts: acts(reader, event),
    }
}

fn turned_away(reader: &Reader, refused: &Read) -> Refused {
    Refused {
        at: reader.when(refused.at),
        environment: refused.environment.as_ref().map_or_else(|| "none of ours".to_owned(), ToString::to_string),
        reason: refused.reason.clone(),
        from: refused.address.clone().unwrap_or_default(),
    }
}
