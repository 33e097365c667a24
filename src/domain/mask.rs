//! Payloads that can be looked at: the shape stays, and of what is in it only what can't be a person's.

use serde_json::Value;

use crate::domain::time::Timestamp;

/// What stands in the place of a value.
pub const MASK: &str = "•••";

/// Attributes whose words are Persona's own.
const WORDS: [&str; 3] = ["type", "status", "reviewerresult"];

/// A payload with everything masked that may be a person's: texts and numbers, but for ids by Persona's form, times,
/// Persona's own words, and the name of the event itself.
#[must_use]
pub fn masked(payload: &Value) -> Value {
    let mut masked = mask("", payload);
    // The one name that is no person's: data.attributes.name of an event is what kind of event it is.
    let name = payload.pointer("/data/attributes/name").and_then(Value::as_str).filter(|name| is_event_name(name));
    let is_event = payload.pointer("/data/type").and_then(Value::as_str) == Some("event");
    if let (true, Some(name), Some(place)) = (is_event, name, masked.pointer_mut("/data/attributes/name")) {
        *place = Value::from(name);
    }
    masked
}

fn mask(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(all) => all.iter().map(|(key, value)| (key.clone(), mask(&plain(key), value))).collect(),
        Value::Array(all) => all.iter().map(|value| mask(key, value)).collect(),
        Value::Null | Value::Bool(_) => value.clone(),
        Value::String(text) if is_harmless(key, text) => value.clone(),
        Value::String(_) | Value::Number(_) => Value::from(MASK),
    }
}

/// A key, whatever its casing.
fn plain(key: &str) -> String {
    key.chars().filter(|character| !matches!(character, '-' | '_')).map(|one| one.to_ascii_lowercase()).collect()
}

fn is_harmless(key: &str, text: &str) -> bool {
    let word = || text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/.".contains(&byte));
    match key {
        "id" => is_persona_id(text),
        _ if key.ends_with("at") => Timestamp::parse(text).is_ok(),
        _ => WORDS.contains(&key) && word(),
    }
}

/// `inq_…`, `evt_…`: a short word, and letters and digits.
fn is_persona_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(kind, rest)| {
        (2..=8).contains(&kind.len())
            && kind.bytes().all(|byte| byte.is_ascii_lowercase())
            && (1..=64).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn is_event_name(name: &str) -> bool {
    name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_./".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shape_stays_and_nothing_of_a_person_does() {
        let payload = json!({"data": {"type": "event", "id": "evt_1a", "attributes": {
            "name": "inquiry.completed", "created-at": "2026-01-02T03:04:05.000Z",
            "payload": {"data": {"type": "inquiry", "id": "inq_1", "attributes": {
                "status": "completed", "referenceId": "ada@example.com", "name-first": "Ada", "birthdate": "1815-12-10",
                "name": "Ada Example", "fields": {"id": {"type": "string", "value": "P123"}, "height": 172},
                "tags": ["vip", "Ada"], "redacted-at": null, "note_at": "Ada was here", "behaviors": {"seen": true}
            }}}
        }}});
        let inquiry = json!({"type": "inquiry", "id": "inq_1", "attributes": {
            "status": "completed", "referenceId": MASK, "name-first": MASK, "birthdate": MASK, "name": MASK,
            "fields": {"id": {"type": "string", "value": MASK}, "height": MASK}, "tags": [MASK, MASK],
            "redacted-at": null, "note_at": MASK, "behaviors": {"seen": true}
        }});
        assert_eq!(
            masked(&payload),
            json!({"data": {"type": "event", "id": "evt_1a", "attributes": {
                "name": "inquiry.completed", "created-at": "2026-01-02T03:04:05.000Z", "payload": {"data": inquiry}
            }}})
        );
    }

    #[test]
    fn what_only_looks_harmless_is_masked() {
        for (key, text) in
            [("id", "Ada"), ("id", "ada_example.com"), ("status", "see Ada Example"), ("created-at", "now")]
        {
            assert_eq!(masked(&json!({ key: text })), json!({ key: MASK }), "{key}: {text}");
        }
        // Any object has a name; only an event's is no person's.
        let account = json!({"data": {"type": "account", "attributes": {"name": "ada.example"}}});
        assert_eq!(masked(&account)["data"]["attributes"]["name"], MASK);
    }
}
