//! `/inquiry-sessions`.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::Answered;
use super::call::{Call, text};
use super::paging::{Wanted, page};
use super::{inquiries, moves};
use crate::domain::ids::SessionId;
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::render;
use crate::persona::simulator::sessions::{Session, SessionStatus};
use crate::persona::simulator::world::World;

/// `GET /inquiry-sessions`
pub(super) fn list(world: &World, call: &Call) -> Result<Answered, Refusal> {
    let filters = call.filters(&["inquiry-id"])?;
    let wanted = Wanted::read(call)?;
    let of = filters.get("inquiry-id").copied();
    let newest_first = |session: &Session| Reverse(session.sequence);
    let mut found: Vec<&Session> = world
        .sessions
        .values()
        .filter(|session| session.environment == call.environment)
        .filter(|session| of.is_none_or(|id| session.inquiry.as_str() == id))
        .collect();
    found.sort_by_key(|session| newest_first(session));
    let place = |cursor: &str| find(world, call, cursor).ok().and_then(|id| world.session(&id).ok()).map(newest_first);
    let page = page(call, &wanted, &found, newest_first, place, |session| session.id.as_str())?;
    let data: Vec<Value> = page.items.into_iter().map(render::session).collect();
    Ok(Answered::ok(json!({ "data": data, "links": page.links })))
}

/// `POST /inquiry-sessions`
pub(super) fn create(world: &mut World, call: &Call) -> Result<Answered, Refusal> {
    let attributes = call.object(&["data", "attributes"], &["inquiry-id"])?;
    let inquiry = text(call, &attributes, "inquiry-id")?;
    let inquiry = inquiry.ok_or_else(|| call.bad("data.attributes.inquiry-id is missing"))?;
    let inquiry = inquiries::find(world, call, &inquiry)?;
    let session = world.new_session(&inquiry, call.now)?;
    Ok(Answered { status: 201, document: json!({ "data": render::session(world.session(&session)?) }) })
}

/// `GET /inquiry-sessions/{id}`
pub(super) fn retrieve(world: &World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    Ok(Answered::ok(json!({ "data": render::session(world.session(&id)?) })))
}

/// `POST /inquiry-sessions/{id}/expire`
pub(super) fn expire(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    world.expire_session(&id, call.now);
    Ok(Answered::ok(json!({ "data": render::session(world.session(&id)?) })))
}

/// `POST /inquiry-sessions/expire-all`
pub(super) fn expire_all(world: &mut World, call: &Call) -> Result<Answered, Refusal> {
    let meta = call.object(&["meta"], &["inquiry-ids"])?;
    let ids: Vec<String> = meta
        .get("inquiry-ids")
        .and_then(|ids| serde_json::from_value(ids.clone()).ok())
        .ok_or_else(|| call.bad("meta.inquiry-ids must be an array of strings"))?;
    let mut expired = Vec::new();
    for id in ids {
        let inquiry = inquiries::find(world, call, &id)?;
        for session in world.inquiry(&inquiry)?.sessions.clone() {
            if world.session(&session)?.status == SessionStatus::Active {
                world.expire_session(&session, call.now);
                expired.push(render::session(world.session(&session)?));
            }
        }
    }
    Ok(Answered::ok(json!({ "data": expired })))
}

/// `POST /inquiry-sessions/{id}/generate-one-time-link`
pub(super) fn generate_link(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    let links = world.generate_link_to_session(&id, call.now)?;
    let mut document = json!({ "data": render::session(world.session(&id)?) });
    document["meta"] = moves::link_meta(&links);
    Ok(Answered::ok(document))
}

fn find(world: &World, call: &Call, id: &str) -> Result<SessionId, Refusal> {
    let id = SessionId::parse(id).map_err(|_| Refusal::not_found())?;
    let session = world.session(&id)?;
    if session.environment == call.environment { Ok(id) } else { Err(Refusal::not_found()) }
}
