//! A request, read: what it asks for in kebab keys, whatever casing it came in.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::gate::Incoming;
use crate::domain::time::Timestamp;
use crate::persona::simulator::dialect::{ApiVersion, Dialect, Inflection, kebab, kebab_keys};
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::unknowns::RefusalStatus;
use crate::persona::simulator::world::EnvironmentHandle;

/// The relationships that `include` may name; those that nothing is simulated of bring nothing.
const INCLUDABLE: [&str; 13] = [
    "account",
    "template",
    "inquiry",
    "inquiry-template",
    "inquiry-template-version",
    "latest-published-version",
    "transaction",
    "reviewer",
    "reports",
    "verifications",
    "sessions",
    "documents",
    "selfies",
];

/// One request with a valid key.
pub(super) struct Call {
    pub(super) environment: EnvironmentHandle,
    pub(super) now: Timestamp,
    pub(super) dialect: Dialect,
    /// The path, for links.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// With kebab keys; null when there is none.
    pub(super) body: Value,
    bad_parameters: RefusalStatus,
}

impl Call {
    pub(super) fn read(
        request: &Incoming,
        environment: EnvironmentHandle,
        bad_parameters: RefusalStatus,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let bad = |details: &str| bad_parameters.because(details);
        let version = request
            .version
            .as_deref()
            .map(|text| ApiVersion::parse(text).ok_or_else(|| bad("Unknown Persona-Version")));
        let inflection = request
            .inflection
            .as_deref()
            .map(|text| Inflection::parse(text).ok_or_else(|| bad("Unknown Key-Inflection")));
        let body = if request.body.is_empty() {
            Value::Null
        } else {
            kebab_keys(serde_json::from_slice(&request.body).map_err(|_| Refusal::bad_request("The body is not JSON"))?)
        };
        Ok(Self {
            environment,
            now,
            dialect: Dialect {
                version: version.transpose()?.unwrap_or_default(),
                inflection: inflection.transpose()?.unwrap_or_default(),
            },
            path: request.path.clone(),
            query: url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect(),
            body,
            bad_parameters,
        })
    }

    /// A refusal of what was sent.
    pub(super) fn bad(&self, details: impl Into<String>) -> Refusal {
        self.bad_parameters.because(details)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The relationships to include; before 2025-10-27 some came unasked.
    pub(super) fn include(&self) -> Result<Vec<String>, Refusal> {
        let Some(asked) = self.parameter("include") else {
            let unasked = self.dialect.version.is_before_2025_10_27();
            return Ok(if unasked { vec!["sessions".to_owned(), "inquiry-template".to_owned()] } else { Vec::new() });
        };
        let paths = asked.split(',').flat_map(|path| path.split('.')).map(|name| kebab(name.trim()));
        paths
            .filter(|name| !name.is_empty())
            .map(|name| {
                let known = INCLUDABLE.contains(&name.as_str());
                if known { Ok(name) } else { Err(self.bad(format!("{name} can't be included"))) }
            })
            .collect()
    }

    /// The filters, by their kebab names; each must be one of these.
    pub(super) fn filters(&self, allowed: &[&str]) -> Result<BTreeMap<String, &str>, Refusal> {
        let mut filters = BTreeMap::new();
        for (key, value) in &self.query {
            let Some(name) = key.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')) else { continue };
            let name = kebab(name);
            if !allowed.contains(&name.as_str()) {
                return Err(self.bad(format!("filter[{name}] is not permitted")));
            }
            filters.insert(name, value.as_str());
        }
        Ok(filters)
    }

    /// The object at a path of the body, which may hold only these keys; empty when it is not there.
    pub(super) fn object(&self, path: &[&str], allowed: &[&str]) -> Result<Map<String, Value>, Refusal> {
        let value = path.iter().fold(&self.body, |value, key| &value[*key]);
        let place = path.join(".");
        let entries = match value {
            Value::Null => return Ok(Map::new()),
            Value::Object(entries) => entries.clone(),
            _ => return Err(self.bad(format!("{place} must be an object"))),
        };
        match entries.keys().find(|key| !allowed.contains(&key.as_str())) {
            Some(unknown) => Err(self.bad(format!("{place}.{unknown} is not permitted"))),
            None => Ok(entries),
        }
    }

    /// Leaves only the attributes that `fields[type]` names, and writes the document in the caller's dialect.
    pub(super) fn finish(&self, mut document: Value) -> Value {
        for (key, value) in &self.query {
            let Some(kind) = key.strip_prefix("fields[").and_then(|rest| rest.strip_suffix(']')) else { continue };
            let wanted: Vec<String> = value.split(',').map(|name| kebab(name.trim())).collect();
            for part in ["data", "included"] {
                thin(&mut document[part], &kebab(kind), &wanted);
            }
        }
        if let Some(object) = document.as_object_mut() {
            object.retain(|key, value| key != "included" || !value.is_null());
        }
        self.dialect.rewrite(document)
    }
}

/// Text in an object; null and absence are the same.
pub(super) fn text(call: &Call, object: &Map<String, Value>, key: &str) -> Result<Option<String>, Refusal> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(call.bad(format!("{key} must be a string"))),
    }
}

fn thin(resource: &mut Value, kind: &str, wanted: &[String]) {
    match resource {
        Value::Array(items) => items.iter_mut().for_each(|item| thin(item, kind, wanted)),
        Value::Object(_) if resource["type"] == kind => {
            if let Some(attributes) = resource["attributes"].as_object_mut() {
                attributes.retain(|key, _| wanted.contains(key));
            }
        }
        _ => {}
    }
}
