//! One event: what became of it, and its payload, masked until somebody who may asks for it.

use axum::extract::Path;
use axum::response::Response;

use crate::app::board::{EventView, Outcome, StoredEvent};
use crate::domain::act::Act as Deed;
use crate::domain::ids::{EnvironmentName, EventId};
use crate::http::board::page::Trouble;
use crate::http::board::reader::Reader;
use crate::http::board::view::event::Event;
use crate::http::board::view::frame::Place;
use crate::http::board::view::inquiry::Fact;
use crate::http::board::view::list::{Act, grouped, path};
use crate::http::board::view::mark::Mark;

/// One event.
pub(super) async fn page(reader: Reader, Path((environment, id)): Path<(String, String)>) -> Response {
    let page = event(&reader, &environment, &id).await;
    reader.answer(page)
}

async fn event(reader: &Reader, environment: &str, id: &str) -> Result<Event, Trouble> {
    let (environment, id) = place(environment, id)?;
    let found = reader.board().event(&environment, &id).await?;
    Ok(shown(reader, found.ok_or(Trouble::Unknown)?))
}

/// The event that an address means.
pub(super) fn place(environment: &str, id: &str) -> Result<(EnvironmentName, EventId), Trouble> {
    let environment = EnvironmentName::parse(environment).map_err(|_| Trouble::Unknown)?;
    Ok((environment, EventId::parse(id).map_err(|_| Trouble::Unknown)?))
}

/// What its page shows.
pub(super) fn shown(reader: &Reader, found: EventView) -> Event {
    let EventView { event, masked, bytes, can_be_revealed } = found;
    let name = event.name.clone().unwrap_or_else(|| "Unreadable body".to_owned());
    let here = path(&["events", event.environment.as_str(), event.id.as_str()]);
    let means =
        "You see what Persona sent, with the person’s data in it. That you looked, and why, stands in the audit.";
    let may_reveal = can_be_revealed && reader.may(Deed::Reveal, &event.environment);
    let reveal = may_reveal.then(|| Act::of("reveal", "Show the payload…", format!("{here}/payload"), means));
    let lacking = if bytes.is_some() {
        "The body is no JSON, so it can’t be masked."
    } else {
        "The body is gone: its time was over, or its person was erased. What it changed stays."
    };
    Event {
        frame: reader.frame(&name, Place::Events, 0),
        name,
        outcome: Mark::of_outcome(event.outcome.map(Outcome::as_str)),
        reason: event.reason.clone().unwrap_or_default(),
        facts: facts(reader, &event, bytes),
        payload: masked,
        revealed: false,
        lacking,
        reveal,
        acts: acts(reader, &event),
    }
}

/// What can be done about an event that was kept aside.
pub(super) fn acts(reader: &Reader, event: &StoredEvent) -> Vec<Act> {
    if event.outcome != Some(Outcome::Quarantined) {
        return Vec::new();
    }
    let (environment, id) = (&event.environment, event.id.as_str());
    let here = path(&["events", environment.as_str(), id]);
    let mut acts = Vec::new();
    if reader.may(Deed::ReleaseEvent, environment) {
        let means = "It is applied as it was received, as though it had just come. What it says that is older than what \
                     is known changes nothing.";
        acts.push(Act::of(format!("release-{id}"), "Release…", format!("{here}/release"), means));
    }
    if reader.may(Deed::DiscardEvent, environment) {
        let means = "It is never applied. What it says is lost, unless Persona says it again.";
        acts.push(Act::of(format!("discard-{id}"), "Discard…", format!("{here}/discard"), means).dangerous());
    }
    acts
}

fn facts(reader: &Reader, event: &StoredEvent, bytes: Option<usize>) -> Vec<Fact> {
    let environment = event.environment.as_str();
    let mut facts = vec![Fact::id("Id", event.id.as_str()), Fact::text("Environment", environment)];
    if let Some(inquiry) = &event.inquiry {
        let page = path(&["inquiries", environment, inquiry.as_str()]);
        facts.push(Fact::id("Inquiry", inquiry.as_str()).to(page));
    }
    if let Some(at) = event.occurred_at {
        facts.push(Fact::when("Happened, by Persona’s clock", reader.when(at)));
    }
    facts.push(Fact::when("First received", reader.when(event.received_at)));
    if event.deliveries > 1 {
        facts.push(Fact::when("Last received", reader.when(event.last_received_at)));
    }
    facts.push(Fact::text("Deliveries", event.deliveries.to_string()));
    facts.push(Fact::text("Came by", event.origin.as_str()));
    if let Some(bytes) = bytes {
        facts.push(Fact::text("Body", format!("{} bytes", grouped(bytes.try_into().unwrap_or(u64::MAX)))));
    }
    if let Some((who, at)) = &event.decided {
        facts.push(Fact::text("Decided by", who));
        facts.push(Fact::when("Decided", reader.when(*at)));
    }
    facts
}
