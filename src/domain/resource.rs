//! Reading Persona's JSON:API resources in any casing.
//!
//! A webhook can be set to kebab, camel or snake keys (<https://docs.withpersona.com/api-key-inflection>), any
//! attribute can be blocklisted, relationships can be left out as a whole, and new keys come without notice.
//! So every look-up is by meaning rather than by spelling, and what is absent or of another type is "not spoken of".

#![expect(clippy::option_option, reason = "absent, null and a value are three different things here")]

use serde_json::{Map, Value};

use crate::domain::ids::{AccountId, InquiryId, InvalidId, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::observation::{Attributes, Snapshot};
use crate::domain::status::Status;
use crate::domain::tags::Tags;
use crate::domain::template::{Template, TemplateSource};
use crate::domain::time::Timestamp;

/// A value by its kebab-case key, however the key is spelled.
#[must_use]
pub fn get<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    let map: &Map<String, Value> = object.as_object()?;
    map.get(key).or_else(|| map.iter().find(|(spelled, _)| same_key(spelled, key)).map(|(_, value)| value))
}

/// Follows a path of kebab-case keys.
#[must_use]
pub fn path<'a>(object: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(object, |at, key| get(at, key))
}

fn same_key(spelled: &str, key: &str) -> bool {
    letters(spelled).eq(letters(key))
}

/// What casings have in common.
fn letters(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().filter(|byte| *byte != b'-' && *byte != b'_').map(|byte| byte.to_ascii_lowercase())
}

/// Whether a resource is of a type, in any casing.
#[must_use]
pub fn is(resource: &Value, kind: &str) -> bool {
    get(resource, "type").and_then(Value::as_str).is_some_and(|spelled| same_key(spelled, kind))
}

/// A resource's `id`, when it is a usable one.
#[must_use]
pub fn id_of<T>(resource: &Value, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Option<T> {
    parse(get(resource, "id")?.as_str()?).ok()
}

/// A to-one relationship: `None` when not spoken of, `Some(None)` when empty (`null` and `{}` are both seen).
#[must_use]
pub fn related<T>(resource: &Value, name: &str, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Option<Option<T>> {
    let linked = path(resource, &["relationships", name, "data"])?;
    match linked {
        Value::Null => Some(None),
        Value::Object(map) if map.is_empty() => Some(None),
        other => id_of(other, parse).map(Some),
    }
}

fn attribute<'a>(resource: &'a Value, key: &str) -> Option<&'a Value> {
    path(resource, &["attributes", key])
}

fn said<T>(resource: &Value, key: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match attribute(resource, key)? {
        Value::Null => Some(None),
        Value::String(text) => read(text).map(Some),
        _ => None,
    }
}

fn time(resource: &Value, key: &str) -> Option<Option<Timestamp>> {
    said(resource, key, |text| Timestamp::parse(text).ok())
}

fn step_name(resource: &Value, key: &str) -> Option<Option<String>> {
    said(resource, key, |text| (text.len() <= 255).then(|| text.to_owned()))
}

/// No tags are `null`: most inquiries have none, and what is stored of each is small.
fn tags(resource: &Value) -> Option<Option<Tags>> {
    match attribute(resource, "tags")? {
        Value::Null => Some(None),
        Value::Array(tags) => {
            let tags = Tags::new(tags.iter().filter_map(Value::as_str));
            Some(Some(tags).filter(|tags| !tags.is_empty()))
        }
        _ => None,
    }
}

/// What an inquiry resource says, whether from a webhook's payload or from the API.
///
/// `None` when it has no usable id. `updated_at` is Persona's, for API answers.
#[must_use]
pub fn snapshot(resource: &Value) -> Option<Snapshot> {
    let id = id_of(resource, InquiryId::parse)?;
    let status =
        said(resource, "status", |text| (!text.trim().is_empty() && text.len() <= 64).then(|| Status::parse(text)));
    // Inquiries of the legacy product have a `template` and no `inquiry-template`.
    let template = match related(resource, "inquiry-template", TemplateId::parse) {
        Some(Some(id)) => Some(Some(id)),
        modern => related(resource, "template", TemplateId::parse).flatten().map(Some).or(modern),
    };
    let attributes = Attributes {
        reference_id: said(resource, "reference-id", |text| ReferenceId::parse(text).ok()),
        account_id: related(resource, "account", AccountId::parse),
        template_id: template,
        template_version_id: related(resource, "inquiry-template-version", TemplateVersionId::parse),
        created_at: time(resource, "created-at"),
        started_at: time(resource, "started-at"),
        expires_at: time(resource, "expires-at"),
        completed_at: time(resource, "completed-at"),
        failed_at: time(resource, "failed-at"),
        marked_for_review_at: time(resource, "marked-for-review-at"),
        decisioned_at: time(resource, "decisioned-at"),
        expired_at: time(resource, "expired-at"),
        redacted_at: time(resource, "redacted-at"),
        tags: tags(resource),
        previous_step: step_name(resource, "previous-step-name"),
        next_step: step_name(resource, "next-step-name"),
    };
    Some(Snapshot { id, status: status.flatten(), updated_at: time(resource, "updated-at").flatten(), attributes })
}

/// What an `inquiry-template` resource says of its latest published version.
///
/// `None` when it has no usable id, or says neither a name nor a version.
#[must_use]
pub fn template(resource: &Value, source: TemplateSource, observed_at: Timestamp) -> Option<Template> {
    let id = id_of(resource, TemplateId::parse)?;
    let name = attribute(resource, "name").and_then(Value::as_str).map(str::to_owned);
    let latest_version = related(resource, "latest-published-version", TemplateVersionId::parse).flatten();
    (name.is_some() || latest_version.is_some()).then_some(Template { id, name, latest_version, observed_at, source })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_found_in_every_casing() {
        for key in ["expires-at", "expiresAt", "expires_at"] {
            assert_eq!(get(&json!({ key: 1 }), "expires-at"), Some(&json!(1)), "{key}");
        }
        assert_eq!(get(&json!({ "expires": 1 }), "expires-at"), None);
    }

    #[test]
    fn absent_null_and_empty_are_told_apart() {
        let resource = json!({ "relationships": { "account": { "data": {} }, "template": { "data": null } } });
        assert_eq!(related(&resource, "account", InquiryId::parse), Some(None));
        assert_eq!(related(&resource, "template", InquiryId::parse), Some(None));
        assert_eq!(related(&resource, "inquiry-template", InquiryId::parse), None);
        let resource = json!({ "id": "inq_1", "attributes": { "expires-at": null, "started-at": 7 } });
        let attributes = snapshot(&resource).unwrap().attributes;
        assert_eq!(attributes.expires_at, Some(None), "said to be null");
        assert_eq!(attributes.created_at, None, "not spoken of");
        assert_eq!(attributes.started_at, None, "of another type is not spoken of");
    }

    #[test]
    fn a_legacy_template_stands_in_for_a_missing_one() {
        let resource = json!({ "id": "inq_1", "relationships": {
            "inquiry-template": { "data": null }, "template": { "data": { "type": "template", "id": "tmpl_1" } } } });
        assert_eq!(snapshot(&resource).unwrap().attributes.template_id, Some(TemplateId::parse("tmpl_1").ok()));
    }
}
