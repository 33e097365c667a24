//! Persona's own OpenAPI document, as a judge of requests, answers and webhooks.
//!
//! The document is third-party data that is not part of this repository
//! (<https://github.com/persona-id/persona-openapi>). Where a copy is found, the conformance tests use it; where not,
//! they say so.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::{Registry, Validator};
use serde_json::{Map, Value, json};
use wiremock::Request;

/// The API version the document describes, and the one the client pins.
pub const VERSION: &str = "2025-12-08";

const URI: &str = "https://spec.example.com/openapi";
const API: &str = "/api/v1";

static SPEC: LazyLock<Option<Spec>> = LazyLock::new(Spec::load);

pub struct Spec {
    folder: PathBuf,
    document: Value,
    registry: Registry<'static>,
    /// Schemas are compiled when first needed: the document has thousands.
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

/// The document, or a line on standard error that says what was not checked.
pub fn spec(test: &str) -> Option<&'static Spec> {
    let spec = SPEC.as_ref();
    if spec.is_none() {
        // Past the test harness, which would keep a passing test's output to itself.
        let remedy = "no copy of Persona's OpenAPI document; set REKINDLE_PERSONA_SPEC to its folder";
        let _ = writeln!(std::io::stderr(), "skipped: {test}: {remedy}");
    }
    spec
}

impl Spec {
    fn load() -> Option<Self> {
        let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join(super::USUAL_FOLDER);
        let folder = std::env::var_os("REKINDLE_PERSONA_SPEC").map_or(usual, PathBuf::from);
        let bytes = std::fs::read(folder.join(format!("openapi/{VERSION}/openapi-bundled.json"))).ok()?;
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let registry = Registry::new().add(URI, document.clone()).unwrap().prepare().unwrap();
        Some(Self { folder, document, registry, compiled: Mutex::default() })
    }

    /// The example bodies in a folder, by name.
    pub fn examples(&self, folder: &str) -> Vec<(String, Value)> {
        let files = std::fs::read_dir(self.folder.join("examples").join(folder)).unwrap();
        let mut examples: Vec<(String, Value)> = files
            .map(|file| {
                let path = file.unwrap().path();
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                (name, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())
            })
            .collect();
        examples.sort_by(|one, other| one.0.cmp(&other.0));
        examples
    }

    /// What is wrong with a webhook's body.
    pub(super) fn validate_webhook(&self, name: &str, body: &Value) -> Vec<String> {
        self.validate(&["webhooks", name, "post", "requestBody", "content", "application/json", "schema"], body)
    }

    /// What is wrong with an answer. `template` is the path as the document writes it, without `/api/v1`.
    pub(super) fn validate_response(&self, method: &str, template: &str, status: u16, body: &Value) -> Vec<String> {
        let status = status.to_string();
        let mut at = vec!["paths", template, method, "responses", status.as_str()];
        let Some(response) = self.at(&at) else { return vec![format!("{method} {template} never answers {status}")] };
        let elsewhere = response["$ref"].as_str().map(|to| to.trim_start_matches("#/").to_owned());
        if let Some(elsewhere) = &elsewhere {
            at = elsewhere.split('/').collect();
        }
        at.extend(["content", "application/json", "schema"]);
        self.validate(&at, body)
    }

    /// What is wrong with an answer to a request to this path.
    pub(super) fn validate_answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let method = method.to_lowercase();
        match self.template_of(path, &method) {
            Some(template) => self.validate_response(&method, &template, status, body),
            None => vec![format!("no operation {method} {path}")],
        }
    }

    /// What is wrong with a request; the operation it is, where there is one.
    pub(super) fn validate_request(&self, request: &Request) -> (Option<String>, Vec<String>) {
        let method = request.method.as_str().to_lowercase();
        let Some(template) = self.template_of(request.url.path(), &method) else {
            return (None, vec![format!("no operation {method} {}", request.url.path())]);
        };
        let operation = self.at(&["paths", &template, &method]).unwrap();
        let mut wrong = Vec::new();
        let mut query = query_of(request);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = self.resolved(parameter);
            let name = parameter["name"].as_str().unwrap();
            let given = match parameter["in"].as_str().unwrap() {
                "query" => query.remove(name).map(|given| coerced(given, &parameter["schema"])),
                "header" => request.headers.get(name).map(|value| json!(value.to_str().unwrap())),
                _ => continue,
            };
            match given {
                Some(given) => wrong.extend(self.check(&parameter["schema"], &given, name)),
                None if parameter["required"] == json!(true) => wrong.push(format!("{name} is required")),
                None => {}
            }
        }
        wrong.extend(query.keys().map(|name| format!("no query parameter {name}")));
        wrong.extend(self.body(request, &template, &method));
        (operation["operationId"].as_str().map(str::to_owned), wrong)
    }

    fn body(&self, request: &Request, template: &str, method: &str) -> Vec<String> {
        let at = ["paths", template, method, "requestBody", "content", "application/json", "schema"];
        let required = self.at(&at[..4]).is_some_and(|body| body["required"] == json!(true));
        if request.body.is_empty() {
            return required.then(|| "the body is required".to_owned()).into_iter().collect();
        }
        if request.headers.get("content-type").is_none_or(|kind| kind != "application/json") {
            return vec!["the body is not declared as JSON".to_owned()];
        }
        if self.at(&at).is_none() {
            return vec!["the operation takes no body".to_owned()];
        }
        self.validate(&at, &serde_json::from_slice(&request.body).unwrap())
    }

    /// The path template an address matches; one without variables wins over one with.
    fn template_of(&self, path: &str, method: &str) -> Option<String> {
        let path: Vec<&str> = path.strip_prefix(API)?.split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            let same = |(part, given): (&&str, &&str)| part == given || (part.starts_with('{') && !given.is_empty());
            parts.len() == path.len() && parts.iter().zip(&path).all(same)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let mut fitting: Vec<&String> = paths
            .iter()
            .filter(|(template, item)| item.get(method).is_some() && fits(template))
            .map(|(t, _)| t)
            .collect();
        fitting.sort_by_key(|template| template.matches('{').count());
        fitting.first().map(|template| (*template).clone())
    }

    fn at(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(&self.document, |at, key| at.get(key))
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"].as_str().map_or(value, |to| self.document.pointer(to.trim_start_matches('#')).unwrap())
    }

    fn validate(&self, keys: &[&str], instance: &Value) -> Vec<String> {
        assert!(self.at(keys).is_some(), "the document has no {keys:?}");
        let escaped: Vec<String> = keys.iter().map(|key| key.replace('~', "~0").replace('/', "~1")).collect();
        self.check(&json!({ "$ref": format!("#/{}", escaped.join("/")) }), instance, "body")
    }

    /// Checks against a schema whose `$ref`s mean the document.
    fn check(&self, schema: &Value, instance: &Value, what: &str) -> Vec<String> {
        let mut schema = schema.clone();
        anchor(&mut schema);
        let mut compiled = self.compiled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let validator = compiled.entry(schema.to_string()).or_insert_with(|| {
            let options = jsonschema::options().with_registry(&self.registry).should_validate_formats(true);
            Arc::new(options.build(&schema).unwrap())
        });
        validator.iter_errors(instance).map(|error| format!("{what}{}: {error}", error.instance_path())).collect()
    }
}

/// Turns local references into references to the document.
fn anchor(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().filter(|_| key == "$ref").and_then(|to| to.strip_prefix('#')) {
                    Some(pointer) => {
                        *value = json!(format!("{URI}#{}", pointer.replace('{', "%7B").replace('}', "%7D")));
                    }
                    None => anchor(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(anchor),
        _ => {}
    }
}

/// The query as an object; `name[key]=value` becomes a member of `name`, which is what `deepObject` means.
fn query_of(request: &Request) -> Map<String, Value> {
    let mut query = Map::new();
    for (name, value) in request.url.query_pairs() {
        match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((object, key)) => {
                query.entry(object).or_insert_with(|| json!({}))[key] = json!(value);
            }
            None => {
                query.insert(name.into_owned(), json!(value));
            }
        }
    }
    query
}

/// A query has texts only; those of numeric properties are read as numbers.
fn coerced(mut given: Value, schema: &Value) -> Value {
    for (key, value) in given.as_object_mut().into_iter().flatten() {
        let kind = schema["properties"][key.as_str()]["type"].as_str();
        let number = value.as_str().filter(|_| matches!(kind, Some("number" | "integer")));
        if let Some(number) = number.and_then(|text| text.parse::<i64>().ok()) {
            *value = json!(number);
        }
    }
    given
}
