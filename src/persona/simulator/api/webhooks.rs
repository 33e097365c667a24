//! `/webhooks` (<https://docs.withpersona.com/webhooks>): made disabled, and their secrets shown only when they are made
//! or rotated.

use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::Answered;
use super::call::{Call, text};
use super::paging::{Wanted, page};
use crate::persona::simulator::dialect::Inflection;
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::times::written;
use crate::persona::simulator::webhook::{Included, Webhook, WebhookSettings};
use crate::persona::simulator::world::World;

/// What a webhook can be made with or changed to.
const ATTRIBUTES: [&str; 12] = [
    "name",
    "description",
    "url",
    "enabled-events",
    "api-version",
    "api-key-inflection",
    "api-attributes-blocklist",
    "file-access-token-expires-in",
    "payload-filter",
    "included-allowlist",
    "relationship-allowlist",
    "custom-http-headers",
];

/// How long an old secret lives where nobody says; not documented.
const DEFAULT_OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// `GET /webhooks`
pub(super) fn list(world: &World, call: &Call) -> Result<Answered, Refusal> {
    let wanted = Wanted::read(call)?;
    let newest_first: Vec<&Webhook> = world.environment(call.environment).webhooks.iter().rev().collect();
    let place_of = |id: &str| newest_first.iter().position(|webhook| webhook.id == id);
    let place = |webhook: &Webhook| place_of(&webhook.id);
    let page = page(call, &wanted, &newest_first, place, |id| place_of(id).map(Some), |webhook| webhook.id.as_str())?;
    let data: Vec<Value> = page.items.into_iter().map(|webhook| resource(webhook, false)).collect();
    Ok(Answered::ok(json!({ "data": data, "links": page.links })))
}

/// `POST /webhooks`
pub(super) fn create(world: &mut World, call: &Call) -> Result<Answered, Refusal> {
    let attributes = call.object(&["data", "attributes"], &ATTRIBUTES)?;
    let required = |key: &str| text(call, &attributes, key)?.ok_or_else(|| call.bad(format!("{key} is missing")));
    let (name, url) = (required("name")?, required("url")?);
    if !attributes.contains_key("enabled-events") {
        return Err(call.bad("enabled-events is missing"));
    }
    let secret = new_secret(world);
    let mut settings = WebhookSettings::new(url, secret);
    settings.enabled = false;
    settings.api_version = call.dialect.version;
    apply(call, &mut settings, &attributes)?;
    let webhook = Webhook { id: world.random.id("wbh"), name, created_at: call.now, settings };
    let document = json!({ "data": resource(&webhook, true) });
    world.environment_mut(call.environment).webhooks.push(webhook);
    Ok(Answered { status: 201, document })
}

/// `GET /webhooks/{id}`
pub(super) fn retrieve(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    Ok(Answered::ok(json!({ "data": resource(find(world, call, id)?, false) })))
}

/// `PATCH /webhooks/{id}`
pub(super) fn update(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let attributes = call.object(&["data", "attributes"], &ATTRIBUTES)?;
    let webhook = find(world, call, id)?;
    if let Some(name) = text(call, &attributes, "name")? {
        webhook.name = name;
    }
    if let Some(url) = text(call, &attributes, "url")? {
        webhook.settings.url = url;
    }
    apply(call, &mut webhook.settings, &attributes)?;
    Ok(Answered::ok(json!({ "data": resource(webhook, false) })))
}

/// `POST /webhooks/{id}/{enable, disable, archive}`
pub(super) fn switch(world: &mut World, call: &Call, id: &str, verb: &str) -> Result<Answered, Refusal> {
    let webhook = find(world, call, id)?;
    webhook.settings.enabled = match verb {
        "enable" => true,
        "disable" | "archive" => false,
        _ => return Err(Refusal::not_found()),
    };
    let mut document = json!({ "data": resource(webhook, false) });
    if verb == "archive" {
        document["data"]["attributes"]["status"] = "archived".into();
        world.environment_mut(call.environment).webhooks.retain(|webhook| webhook.id != id);
    }
    if verb != "enable" {
        world.deliveries.give_up(call.environment, id);
    }
    Ok(Answered::ok(document))
}

/// `POST /webhooks/{id}/rotate-secret`
pub(super) fn rotate_secret(world: &mut World, call: &Call, id: &str) -> Result<Answered, Refusal> {
    let meta = call.object(&["meta"], &["expires-in-seconds"])?;
    let overlap = match meta.get("expires-in-seconds") {
        None | Some(Value::Null) => DEFAULT_OVERLAP,
        Some(seconds) => match seconds.as_i64().filter(|seconds| *seconds >= 0) {
            Some(seconds) => SignedDuration::from_secs(seconds),
            None => return Err(call.bad("meta.expires-in-seconds must be a number")),
        },
    };
    find(world, call, id)?;
    let secret = new_secret(world);
    let webhook = find(world, call, id)?;
    let now = call.now;
    webhook.settings.secrets.retain(|secret| secret.expires_at.is_none_or(|at| now < at));
    webhook.settings = webhook.settings.clone().with_rotated_secret(secret, now.plus(overlap));
    Ok(Answered::ok(json!({ "data": resource(webhook, true) })))
}

fn find<'a>(world: &'a mut World, call: &Call, id: &str) -> Result<&'a mut Webhook, Refusal> {
    let webhooks = &mut world.environment_mut(call.environment).webhooks;
    webhooks.iter_mut().find(|webhook| webhook.id == id).ok_or_else(Refusal::not_found)
}

fn new_secret(world: &mut World) -> String {
    let parts = [8, 4, 4, 4, 12].map(|length| world.random.word(length).to_lowercase());
    format!("wbhsec_{}", parts.join("-"))
}

fn apply(call: &Call, settings: &mut WebhookSettings, attributes: &Map<String, Value>) -> Result<(), Refusal> {
    let list = |key: &str| -> Result<Option<Vec<String>>, Refusal> {
        let Some(value) = attributes.get(key) else { return Ok(None) };
        serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|_| call.bad(format!("{key} must be a list of strings")))
    };
    if let Some(events) = list("enabled-events")? {
        settings.enabled_events = events;
    }
    if let Some(blocked) = list("api-attributes-blocklist")? {
        settings.attribute_blocklist = blocked;
    }
    if let Some(inflection) = text(call, attributes, "api-key-inflection")? {
        settings.key_inflection =
            Inflection::parse(&inflection).ok_or_else(|| call.bad("api-key-inflection is unknown"))?;
    }
    if let Some(version) = attributes.get("api-version") {
        settings.api_version =
            serde_json::from_value(version.clone()).map_err(|_| call.bad("api-version is unknown"))?;
    }
    if let Some(allowlist) = attributes.get("included-allowlist") {
        settings.included = included(call, allowlist)?;
    }
    if let Some(allowlist) = attributes.get("relationship-allowlist") {
        settings.relationships = match allowlist["state"].as_str() {
            Some("include_all") => true,
            Some("include_none") => false,
            _ => return Err(call.bad("relationship-allowlist.state is unknown")),
        };
    }
    Ok(())
}

/// Kept by type of object, whatever the type of the event.
fn included(call: &Call, allowlist: &Value) -> Result<Included, Refusal> {
    match allowlist["state"].as_str() {
        Some("include_all") => Ok(Included::All),
        Some("include_none") => Ok(Included::None),
        Some("custom") => {
            let entries = allowlist["event-types"].as_array().filter(|entries| !entries.is_empty());
            let entries = entries.ok_or_else(|| call.bad("included-allowlist.event-types is missing"))?;
            let names = entries.iter().flat_map(|entry| entry["relationships"].as_array().into_iter().flatten());
            Ok(Included::Only(names.filter_map(Value::as_str).map(str::to_owned).collect()))
        }
        _ => Err(call.bad("included-allowlist.state is unknown")),
    }
}

fn resource(webhook: &Webhook, with_secrets: bool) -> Value {
    let settings = &webhook.settings;
    let included = match &settings.included {
        Included::None => json!({ "state": "include_none" }),
        Included::All => json!({ "state": "include_all" }),
        Included::Only(types) => json!({
            "state": "custom",
            "event-types": [{ "event-type": "inquiry", "relationships": types }],
        }),
    };
    let relationships = if settings.relationships { "include_all" } else { "include_none" };
    let mut resource = json!({ "type": "webhook", "id": webhook.id, "attributes": {
        "status": if settings.enabled { "enabled" } else { "disabled" },
        "url": settings.url,
        "name": webhook.name,
        "description": null,
        "api-version": settings.api_version,
        "api-key-inflection": settings.key_inflection,
        "api-attributes-blocklist": settings.attribute_blocklist,
        "file-access-token-expires-in": 21_600,
        "enabled-events": settings.enabled_events,
        "payload-filter": null,
        "included-allowlist": included,
        "relationship-allowlist": { "state": relationships },
        "created-at": written(webhook.created_at),
    }});
    if with_secrets {
        let secrets: Vec<Value> = settings
            .secrets
            .iter()
            .map(
                |secret| json!({ "value": secret.value.expose_secret(), "expires-at": secret.expires_at.map(written) }),
            )
            .collect();
        resource["attributes"]["secret"] = secrets[0]["value"].clone();
        resource["attributes"]["secrets"] = secrets.into();
    }
    resource
}
