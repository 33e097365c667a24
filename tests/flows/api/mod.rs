//! The API for applications, asked over HTTP: every request and answer is held against its own description.

mod access;
mod border;
mod create;
mod diagnosis;
mod handed_out;
mod links;
mod retention;
mod tokens;

use std::collections::BTreeSet;
use std::time::Duration;

use rekindle::app::tokens::NewToken;
use rekindle::domain::ids::{CustomerName, EnvironmentName};
use rekindle::domain::token::Scope;
use rekindle::http::api::document;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::world::{Setting, World};
use crate::support::{Scratch, operator};

/// Longer than anything here takes; only a defect lets it pass.
const BOUND: Duration = Duration::from_mins(1);

pub const TEMPLATE: &str = "itmpl_SimulatedIdentityCheck";

/// Two customers, one of them with a prefix of its own.
pub const CUSTOMERS: &str = r#"
    [customers.acme]
    reference_prefixes = ["acme-"]
    expires_after = "48h"
    [customers.bolt]
    tags = ["customer:bolt"]
"#;

/// Somebody who asks with a token.
#[derive(Clone)]
pub struct Caller {
    pub base: String,
    token: Option<String>,
    http: reqwest::Client,
    /// What requests and answers are held against.
    described: fn() -> utoipa::openapi::OpenApi,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl World {
    /// A world whose operator has customers.
    pub async fn with_customers(scratch: &Scratch) -> Self {
        Self::with(scratch, Setting { more: CUSTOMERS, ..Setting::default() }).await
    }

    /// A token that is good for everything, bound to a customer where one is named.
    pub async fn token(&self, customer: Option<&str>) -> String {
        self.token_for(&Scope::ALL, None, customer).await
    }

    pub async fn token_for(&self, scopes: &[Scope], environment: Option<&str>, customer: Option<&str>) -> String {
        let new = NewToken {
            note: "a test".to_owned(),
            scopes: scopes.iter().copied().collect::<BTreeSet<_>>(),
            environment: environment.map(|name| EnvironmentName::parse(name).unwrap()),
            customer: customer.map(|name| CustomerName::parse(name).unwrap()),
            expires_at: None,
        };
        self.app.create_token(new, &operator("olga")).await.unwrap().1.expose_secret().to_owned()
    }

    pub async fn caller(&self, customer: Option<&str>) -> Caller {
        Caller::new(self.public(), Some(self.token(customer).await))
    }
}

impl Caller {
    pub fn new(base: impl Into<String>, token: Option<String>) -> Self {
        let base = base.into();
        rekindle::tls::install();
        let http = reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap();
        Self { base, token, http, described: document }
    }

    /// Somebody who asks at another door, which has a description of its own.
    pub fn at(base: impl Into<String>, token: Option<String>, described: fn() -> utoipa::openapi::OpenApi) -> Self {
        Self { described, ..Self::new(base, token) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body), &[]).await
    }

    /// Asks, and holds request and answer against the description.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let said = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{method} {path}: {error} in {text}"));
        let answer = Answer { status, headers, body: said };
        held_against_the_description(self.described, &method, path, body.as_ref(), &answer);
        answer
    }

    /// Asks for an inquiry, which is made or found.
    pub async fn create(&self, reference_id: &str) -> Answer {
        self.post("/v1/inquiries", wanted(reference_id)).await
    }

    /// Asks for an inquiry that nobody has had: its id.
    pub async fn made(&self, reference_id: &str) -> String {
        let made = self.create(reference_id).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["inquiry"]["id"].as_str().unwrap().to_owned()
    }
}

pub fn wanted(reference_id: &str) -> Value {
    json!({ "reference_id": reference_id, "template_id": TEMPLATE })
}

/// Where in the description a path is.
fn described<'a>(document: &'a Value, method: &Method, path: &str) -> Option<&'a Value> {
    let path = path.split('?').next().unwrap();
    let asked: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == asked.len()
            && parts.iter().zip(&asked).all(|(part, asked)| part.starts_with('{') || part == asked)
    };
    let (_, methods) = document["paths"].as_object().unwrap().iter().find(|(template, _)| fits(template))?;
    methods.get(method.as_str().to_lowercase())
}

fn held_against_the_description(
    described_by: fn() -> utoipa::openapi::OpenApi,
    method: &Method,
    path: &str,
    body: Option<&Value>,
    answer: &Answer,
) {
    let document = serde_json::to_value(described_by()).unwrap();
    let operation = described(&document, method, path).unwrap_or_else(|| panic!("{method} {path} is not described"));
    let valid = |schema: &Value, value: &Value| {
        let mut whole = schema.clone();
        whole["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&whole).unwrap();
        let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
        errors
    };
    let request = &operation["requestBody"]["content"]["application/json"]["schema"];
    if answer.status < 400 && (body.is_some() || request.is_object()) {
        let errors = valid(request, body.unwrap_or(&Value::Null));
        assert!(errors.is_empty(), "{method} {path}: taken, and not as described: {errors:?}");
    }
    let responses = &operation["responses"];
    let class = format!("{}XX", answer.status / 100);
    let response = responses.get(answer.status.to_string()).or_else(|| responses.get(class));
    let response = response.unwrap_or_else(|| panic!("{method} {path}: {} is not described", answer.status));
    let kind = answer.headers["content-type"].to_str().unwrap();
    let schema = &response["content"][kind]["schema"];
    assert!(schema.is_object(), "{method} {path}: {kind} is not described for {}", answer.status);
    let errors = valid(schema, &answer.body);
    assert!(errors.is_empty(), "{method} {path}: answered, and not as described: {errors:?} in {}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
}
