//! The REST API under `/api/v1` (<https://docs.withpersona.com/api-reference>), as a pure function: request, state and
//! time in, answer out.

mod call;
mod events;
mod gate;
mod inquiries;
mod moves;
mod paging;
mod search;
mod sessions;
mod simulate;
mod templates;
mod webhooks;

use serde_json::{Value, json};

pub(super) use self::gate::{Incoming, Reply, answer};

use self::call::Call;
use super::refusal::Refusal;
use super::world::World;

/// A successful answer, in the newest version with kebab keys.
struct Answered {
    status: u16,
    document: Value,
}

impl Answered {
    const fn ok(document: Value) -> Self {
        Self { status: 200, document }
    }
}

/// What a request with a valid key leads to.
fn route(world: &mut World, method: &str, path: &str, call: &Call) -> Result<Answered, Refusal> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, segments.as_slice()) {
        ("GET", ["inquiries"]) => inquiries::list(world, call),
        ("POST", ["inquiries"]) => inquiries::create(world, call),
        ("POST", ["inquiries", "search"]) => search::search(world, call),
        ("GET", ["inquiries", id]) => inquiries::retrieve(world, call, id),
        ("PATCH", ["inquiries", id]) => inquiries::update(world, call, id),
        ("DELETE", ["inquiries", id]) => moves::redact(world, call, id),
        ("POST", ["inquiries", id, "resume"]) => moves::resume(world, call, id),
        ("POST", ["inquiries", id, "generate-one-time-link"]) => moves::generate_link(world, call, id),
        ("POST", ["inquiries", id, "perform-simulate-actions"]) => simulate::perform(world, call, id),
        ("POST", ["inquiries", id, verb]) => moves::decide(world, call, id, verb),
        ("GET", ["inquiry-sessions"]) => sessions::list(world, call),
        ("POST", ["inquiry-sessions"]) => sessions::create(world, call),
        ("POST", ["inquiry-sessions", "expire-all"]) => sessions::expire_all(world, call),
        ("GET", ["inquiry-sessions", id]) => sessions::retrieve(world, call, id),
        ("POST", ["inquiry-sessions", id, "expire"]) => sessions::expire(world, call, id),
        ("POST", ["inquiry-sessions", id, "generate-one-time-link"]) => sessions::generate_link(world, call, id),
        ("GET", ["inquiry-templates"]) => templates::list(world, call),
        ("GET", ["inquiry-templates", id]) => templates::retrieve(world, call, id),
        ("GET", ["inquiry-template-versions"]) => templates::list_versions(world, call),
        ("GET", ["events"]) => events::list(world, call),
        ("GET", ["events", id]) => events::retrieve(world, call, id),
        ("GET", ["webhooks"]) => webhooks::list(world, call),
        ("POST", ["webhooks"]) => webhooks::create(world, call),
        ("GET", ["webhooks", id]) => webhooks::retrieve(world, call, id),
        ("PATCH", ["webhooks", id]) => webhooks::update(world, call, id),
        ("POST", ["webhooks", id, "rotate-secret"]) => webhooks::rotate_secret(world, call, id),
        ("POST", ["webhooks", id, verb]) => webhooks::switch(world, call, id, verb),
        ("GET", ["rate-limits"]) => Ok(rate_limits(world, call)),
        _ => Err(Refusal::not_found()),
    }
}

fn rate_limits(world: &mut World, call: &Call) -> Answered {
    let limit = world.settings.requests_per_minute;
    let allowance = world.environment_mut(call.environment).requests.look(limit, call.now);
    Answered::ok(json!({ "data": [{
        "type": "rate-limit/api",
        "attributes": {
            "limit": allowance.limit,
            "remaining": allowance.remaining,
            "seconds-to-reset": allowance.seconds_to_reset,
        },
    }]}))
}
