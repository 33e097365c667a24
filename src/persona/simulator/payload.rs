//! What of an event a webhook is configured to see (<https://docs.withpersona.com/webhook-allowlists>).

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::dialect::{Dialect, kebab};
use super::events::Event;
use super::webhook::{Included, WebhookSettings};

/// Whether a webhook is to get this event.
pub(super) fn is_wanted(event: &Event, webhook: &WebhookSettings) -> bool {
    webhook.enabled && webhook.enabled_events.iter().any(|name| name == "*" || name == event.name)
}

/// The bytes that are posted; every attempt carries the same.
pub(super) fn body(event: &Event, webhook: &WebhookSettings) -> Bytes {
    let mut payload = event.payload();
    if let Some(included) = payload["included"].as_array_mut() {
        included.retain(|object| is_included(object, webhook));
        for object in included {
            shorten(object, webhook);
        }
    }
    shorten(&mut payload["data"], webhook);
    let document = json!({ "data": event.document(&payload) });
    let dialect = Dialect { version: webhook.api_version, inflection: webhook.key_inflection };
    Bytes::from(dialect.rewrite(document).to_string())
}

fn is_included(object: &Value, webhook: &WebhookSettings) -> bool {
    match &webhook.included {
        Included::None => false,
        Included::All => true,
        Included::Only(types) => types.iter().any(|wanted| object["type"] == wanted.as_str()),
    }
}

fn shorten(object: &mut Value, webhook: &WebhookSettings) {
    let Some(object) = object.as_object_mut() else { return };
    if !webhook.relationships {
        object.remove("relationships");
    }
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(attributes) = object.get_mut("attributes").and_then(Value::as_object_mut) else { return };
    for entry in &webhook.attribute_blocklist {
        block(attributes, entry, &kind);
    }
}

/// Removes what one entry of a blocklist names: an attribute, or by a full path a field of an object's type.
fn block(attributes: &mut Map<String, Value>, entry: &str, kind: &str) {
    let (path, only_of) = entry.split_once("?type=").map_or((entry, None), |(path, kind)| (path, Some(kind)));
    if only_of.is_some_and(|only| only != kind) {
        return;
    }
    let names: Vec<&str> = path.trim_start_matches("/data/attributes/").split('/').collect();
    match names.as_slice() {
        [name] => attributes.retain(|key, _| !fits(name, key)),
        [parent, name] => {
            if let Some(nested) = attributes.get_mut(*parent).and_then(Value::as_object_mut) {
                nested.retain(|key, _| !fits(name, key));
            }
        }
        _ => {}
    }
}

/// Whether a key fits a pattern in which `*` stands for any text, whatever the casing of either.
fn fits(pattern: &str, key: &str) -> bool {
    let (pattern, key) = (kebab(pattern), kebab(key));
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| key.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, key, expected) in [
            ("name-last", "name-last", true),
            ("name-last", "name-lasting", false),
            ("name_last", "nameLast", true),
            ("address-*", "address-street-1", true),
            ("*-number", "identification-number", true),
            ("*-number", "number-of-cats", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c", false),
            ("*", "anything", true),
        ] {
            assert_eq!(fits(pattern, key), expected, "{pattern} {key}");
        }
    }

    #[test]
    fn a_path_reaches_fields_of_one_type_only() {
        let mut attributes = json!({"note": "x", "fields": {"name-first": 1, "phone-number": 2}});
        let attributes = attributes.as_object_mut().unwrap();
        block(attributes, "/data/attributes/fields/name-*?type=account", "inquiry");
        assert_eq!(attributes["fields"].as_object().unwrap().len(), 2);
        block(attributes, "/data/attributes/fields/name-*?type=inquiry", "inquiry");
        assert_eq!(attributes["fields"], json!({"phone-number": 2}));
        block(attributes, "note", "inquiry");
        assert_eq!(attributes.len(), 1);
    }
}
