//! Events, page by page.

use axum::response::Response;

use crate::app::board::{EventFilter, Outcome, StoredEvent};
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::http::board::page::Trouble;
use crate::http::board::query::{Asked, ROWS};
use crate::http::board::reader::Reader;
use crate::http::board::view::events::{Events, Row};
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{Choice, Filter, Nothing, path};
use crate::http::board::view::mark::Mark;

const PATH: &str = "/events";

/// How often the page looks again, in seconds.
const LIVE: u32 = 10;

const OUTCOMES: [&str; 5] = ["applied", "ignored", "quarantined", "unreadable", "discarded"];

/// A page of events.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    let page = events(&reader, &asked).await;
    reader.answer(page)
}

async fn events(reader: &Reader, asked: &Asked) -> Result<Events, Trouble> {
    let board = reader.board();
    let all = board.environments();
    let filter = EventFilter {
        environment: asked.environment(),
        name: asked.text("name").map(str::to_owned),
        inquiry: asked.read("inquiry", |text| InquiryId::parse(text).ok()),
        outcome: asked.read("outcome", Outcome::parse),
        ..EventFilter::default()
    };
    let page = board.events(&filter, asked.cursor().as_ref(), ROWS).await?;
    let rows: Vec<Row> = page.items.iter().map(|event| row(reader, event)).collect();
    let nothing = if asked.narrows_beside(&[]) {
        Nothing::passes("events", PATH)
    } else {
        Nothing::yet(
            "No event came yet",
            "They come with Persona’s webhooks. “rekindle doctor” tells whether the webhook there points here.",
        )
    };
    Ok(Events {
        frame: reader.frame("Events", Place::Events, if asked.is("after") { 0 } else { LIVE }),
        filter: shown(asked, &all),
        pages: asked.pages(PATH, rows.len(), ("event", "events"), page.next.as_ref()),
        rows,
        nothing,
        several: all.len() > 1,
    })
}

fn shown(asked: &Asked, all: &[EnvironmentName]) -> Filter {
    let mut choices: Vec<Choice> = asked.environments(all).into_iter().collect();
    choices.push(asked.words("outcome", "What became of it", &OUTCOMES));
    Filter {
        searches: vec![asked.search("name", "Name, such as inquiry.expired"), asked.search("inquiry", "Inquiry")],
        choices,
        ticks: Vec::new(),
        clear: asked.narrows_beside(&[]).then_some(PATH),
    }
}

fn row(reader: &Reader, event: &StoredEvent) -> Row {
    let environment = event.environment.as_str();
    let place = |id: &InquiryId| (id.to_string(), path(&["inquiries", environment, id.as_str()]));
    Row {
        id: event.id.to_string(),
        href: path(&["events", environment, event.id.as_str()]),
        environment: environment.to_owned(),
        name: event.name.clone().unwrap_or_else(|| "unreadable".to_owned()),
        inquiry: event.inquiry.as_ref().map(place),
        outcome: Mark::of_outcome(event.outcome.map(Outcome::as_str)),
        reason: event.reason.clone().unwrap_or_default(),
        received: reader.when(event.received_at),
    }
}
