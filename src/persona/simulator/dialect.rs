//! API versions and key casings: one document, written the way the caller asked for.
//!
//! See <https://docs.withpersona.com/versioning> and <https://docs.withpersona.com/api-key-inflection>.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How attribute keys are cased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inflection {
    /// `reference-id`
    #[default]
    Kebab,
    /// `referenceId`
    Camel,
    /// `reference_id`
    Snake,
}

/// A dated version of Persona's API; later ones compare as greater.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ApiVersion {
    /// The first public one.
    #[serde(rename = "2020-05-18")]
    V20200518,
    /// `2021-02-21`
    #[serde(rename = "2021-02-21")]
    V20210221,
    /// `2021-07-05`
    #[serde(rename = "2021-07-05")]
    V20210705,
    /// `2021-08-18`
    #[serde(rename = "2021-08-18")]
    V20210818,
    /// `2022-09-01`
    #[serde(rename = "2022-09-01")]
    V20220901,
    /// The last with people's attributes on the inquiry itself.
    #[serde(rename = "2023-01-05")]
    V20230105,
    /// `2025-10-27`
    #[serde(rename = "2025-10-27")]
    V20251027,
    /// What the simulator speaks unless asked otherwise.
    #[default]
    #[serde(rename = "2025-12-08")]
    V20251208,
}

/// The attributes that versions before 2025-10-27 had on the inquiry itself, besides in `fields`.
const TOP_LEVEL_FIELDS: [&str; 16] = [
    "name-first",
    "name-middle",
    "name-last",
    "birthdate",
    "address-street-1",
    "address-street-2",
    "address-city",
    "address-subdivision",
    "address-subdivision-abbr",
    "address-postal-code",
    "address-postal-code-abbr",
    "social-security-number",
    "identification-number",
    "email-address",
    "phone-number",
    "address-country-code",
];

/// An API version with a casing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) version: ApiVersion,
    pub(super) inflection: Inflection,
}

impl ApiVersion {
    /// Reads a version's date.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_value(Value::String(text.to_owned())).ok()
    }

    /// Whether people's attributes stand on the inquiry, related objects come unasked and field keys are inflected.
    pub(super) fn is_before_2025_10_27(self) -> bool {
        self < Self::V20251027
    }
}

impl Inflection {
    /// Reads the value of a `Key-Inflection` header.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_value(Value::String(text.to_owned())).ok()
    }

    fn apply(self, key: &str) -> String {
        match self {
            Self::Kebab => key.to_owned(),
            Self::Snake => key.replace('-', "_"),
            Self::Camel => {
                let mut parts = key.split('-');
                let first = parts.next().unwrap_or_default().to_owned();
                parts.fold(first, |mut camel, part| {
                    let mut letters = part.chars();
                    camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
                    camel.push_str(letters.as_str());
                    camel
                })
            }
        }
    }
}

impl Dialect {
    /// Rewrites a document written in the newest version with kebab keys.
    pub(super) fn rewrite(self, mut document: Value) -> Value {
        if self.version.is_before_2025_10_27() {
            lift_fields(&mut document);
        }
        self.inflect(document)
    }

    fn inflect(self, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.inflect(item)).collect(),
            Value::Object(entries) => entries.into_iter().map(|(key, value)| self.inflect_entry(&key, value)).collect(),
            scalar => scalar,
        }
    }

    fn inflect_entry(self, key: &str, value: Value) -> (String, Value) {
        let keeps_its_keys = key == "fields" && !self.version.is_before_2025_10_27();
        (self.inflection.apply(key), if keeps_its_keys { value } else { self.inflect(value) })
    }
}

/// Any casing of a key as kebab; what callers send may be in any.
pub(super) fn kebab(key: &str) -> String {
    key.chars().fold(String::with_capacity(key.len()), |mut kebab, letter| {
        if letter.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
        kebab
    })
}

/// A request's document with kebab keys; the keys inside `fields` belong to the template and stay.
pub(super) fn kebab_keys(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(kebab_keys).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| {
                let value = if key == "fields" { value } else { kebab_keys(value) };
                (kebab(&key), value)
            })
            .collect(),
        scalar => scalar,
    }
}

fn lift_fields(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(lift_fields),
        Value::Object(entries) => {
            if entries.get("type").and_then(Value::as_str) == Some("inquiry")
                && let Some(attributes) = entries.get_mut("attributes").and_then(Value::as_object_mut)
            {
                lift_fields_of_inquiry(attributes);
            }
            entries.values_mut().for_each(lift_fields);
        }
        _ => {}
    }
}

fn lift_fields_of_inquiry(attributes: &mut Map<String, Value>) {
    for name in TOP_LEVEL_FIELDS {
        let value = attributes.get("fields").map_or(Value::Null, |fields| fields[name]["value"].clone());
        attributes.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_take_every_casing_and_come_back() {
        for key in ["reference-id", "inquiry-template-version", "status", "address-street-1"] {
            for inflection in [Inflection::Kebab, Inflection::Snake] {
                assert_eq!(kebab(&inflection.apply(key)), key);
            }
        }
        assert_eq!(Inflection::Camel.apply("inquiry-template-version"), "inquiryTemplateVersion");
        assert_eq!(kebab("inquiryTemplateVersion"), "inquiry-template-version");
    }

    #[test]
    fn field_keys_are_the_templates_own_since_2025_10_27() {
        let document = json!({"attributes": {"reference-id": "u-1", "fields": {"name-first": {"value": "Ada"}}}});
        let camel = Dialect { inflection: Inflection::Camel, ..Dialect::default() };
        assert_eq!(
            camel.rewrite(document.clone()),
            json!({"attributes": {"referenceId": "u-1", "fields": {"name-first": {"value": "Ada"}}}})
        );
        let old = Dialect { version: ApiVersion::V20230105, inflection: Inflection::Camel };
        assert_eq!(
            old.rewrite(document),
            json!({"attributes": {"referenceId": "u-1", "fields": {"nameFirst": {"value": "Ada"}}}})
        );
    }

    #[test]
    fn old_versions_have_people_on_the_inquiry_itself() {
        let document = json!({"data": {"type": "inquiry", "attributes": {"fields": {"name-first": {"value": "Ada"}}}}});
        let old = Dialect { version: ApiVersion::V20230105, ..Dialect::default() }.rewrite(document);
        assert_eq!(old["data"]["attributes"]["name-first"], "Ada");
        assert_eq!(old["data"]["attributes"]["phone-number"], Value::Null);
    }

    #[test]
    fn versions_are_known_by_their_dates() {
        assert_eq!(ApiVersion::parse("2023-01-05"), Some(ApiVersion::V20230105));
        assert_eq!(ApiVersion::parse("2030-01-01"), None);
        assert!(ApiVersion::V20230105 < ApiVersion::V20251208);
    }
}
