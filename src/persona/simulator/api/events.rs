//! `/events`: what has happened, for those who missed a webhook (<https://docs.withpersona.com/events>).

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::Answered;
use super::call::Call;
use super::paging::{Wanted, page};
use crate::domain::ids::EventId;
use crate::persona::simulator::events::Event;
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::world::World;

/// `GET /events`
pub(super) fn list(world: &World, call: &Call) -> Result<Answered, Refusal> {
    let filters = call.filters(&["name", "object-id", "id"])?;
    let wanted = Wanted::read(call)?;
    let fits = |name: &str, value: &str| {
        filters.get(name).is_none_or(|wanted| wanted.split(',').any(|one| one.trim() == value))
    };
    let newest_first = |event: &Event| Reverse((event.created_at, event.sequence));
    let mut found: Vec<&Event> = world
        .events
        .iter()
        .filter(|event| event.environment == call.environment)
        .filter(|event| fits("name", event.name) && fits("object-id", &event.object) && fits("id", event.id.as_str()))
        .collect();
    found.sort_by_key(|event| newest_first(event));
    let place = |cursor: &str| find(world, call, cursor).ok().map(newest_first);
    let page = page(call, &wanted, &found, newest_first, place, |event| event.id.as_str())?;
    let in_full = world.unknowns.events_listed_in_full;
    let data: Vec<Value> =
        page.items.into_iter().map(|event| if in_full { full(event) } else { brief(event) }).collect();
    Ok(Answered::ok(json!({ "data": data, "links": page.links })))
}

/// `GET /events/{id}`
pub(super) fn retrieve(world: &World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    Ok(Answered::ok(json!({ "data": full(find(world, call, id)?) })))
}

fn find<'a>(world: &'a World, call: &Call, id: &str) -> Result<&'a Event, Refusal> {
    let id = EventId::parse(id).map_err(|_| Refusal::not_found())?;
    let event = world.events.get(&id).filter(|event| event.environment == call.environment);
    event.ok_or_else(Refusal::not_found)
}

fn full(event: &Event) -> Value {
    event.document(&json!({ "data": event.object_as_it_was() }))
}

fn brief(event: &Event) -> Value {
    let kind = &event.object_as_it_was()["type"];
    event.document(&json!({ "data": { "type": kind, "id": event.object, "attributes": {} } }))
}
