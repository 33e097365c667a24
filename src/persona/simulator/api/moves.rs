//! `/inquiries/{id}/…`: resume, link, expire, decide, redact.

use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::json;

use super::Answered;
use super::call::{Call, text};
use super::inquiries::{document, find};
use crate::persona::simulator::lifecycle::Move;
use crate::persona::simulator::links::LinkPair;
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::world::World;

/// `POST /inquiries/{id}/resume`
pub(super) fn resume(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    let include = call.include()?;
    let session = world.resume(&id, call.now)?;
    let mut document = document(world, call, &id, &include)?;
    document["meta"] = json!({ "session-token": world.session(&session)?.token.expose_secret() });
    Ok(Answered::ok(document))
}

/// `POST /inquiries/{id}/generate-one-time-link`
pub(super) fn generate_link(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    let include = call.include()?;
    call.object(&[], &["meta"])?;
    let meta = call.object(&["meta"], &["expires-in-seconds"])?;
    let life = match meta.get("expires-in-seconds") {
        None => None,
        Some(seconds) => match seconds.as_i64().filter(|seconds| (1..=i64::from(i32::MAX)).contains(seconds)) {
            Some(seconds) => Some(SignedDuration::from_secs(seconds)),
            None => return Err(call.bad("meta.expires-in-seconds must be greater than 0")),
        },
    };
    let links = world.generate_link(&id, life, call.now)?;
    let mut document = document(world, call, &id, &include)?;
    document["meta"] = link_meta(&links);
    Ok(Answered::ok(document))
}

/// `POST /inquiries/{id}/{expire, approve, decline, mark-for-review}`
pub(super) fn decide(world: &mut World, call: &Call, id: &str, verb: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    let include = call.include()?;
    let step = match verb {
        "expire" => Move::Expire,
        "approve" => Move::Approve,
        "decline" => Move::Decline,
        "mark-for-review" => Move::MarkForReview,
        _ => return Err(Refusal::not_found()),
    };
    let meta = call.object(&["meta"], &["comment"])?;
    let comment = text(call, &meta, "comment")?;
    world.make_commented(&id, &step, comment, call.now)?;
    Ok(Answered::ok(document(world, call, &id, &include)?))
}

/// `DELETE /inquiries/{id}`
pub(super) fn redact(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let id = find(world, call, id)?;
    let include = call.include()?;
    world.make(&id, &Move::Redact, call.now)?;
    Ok(Answered::ok(document(world, call, &id, &include)?))
}

/// A link as the answer's `meta`.
pub(super) fn link_meta(links: &LinkPair) -> serde_json::Value {
    json!({ "one-time-link": links.long.expose_secret(), "one-time-link-short": links.short.expose_secret() })
}
