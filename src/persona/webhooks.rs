//! The client's calls about webhooks (<https://docs.withpersona.com/webhooks>).

use std::fmt;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::{Value, json};
use tracing::field::Empty;

use crate::domain::ids::WebhookId;
use crate::domain::resource::{get, id_of, is, path};
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::persona::answer::Page;
use crate::persona::client::{PersonaClient, page_of};
use crate::persona::error::PersonaError;
use crate::persona::exchange::Answer;
use crate::persona::request::IdempotencyKey;
use crate::persona::wire;

/// A secret of a webhook.
#[derive(Clone)]
pub struct WebhookSecret {
    /// `wbhsec_…`
    pub value: SecretString,
    /// When it ends, where it is being rotated out.
    pub ends_at: Option<Timestamp>,
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecret").field("ends_at", &self.ends_at).finish_non_exhaustive()
    }
}

/// What a webhook is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookWish {
    /// What it is called in Persona's dashboard; as it is where there is none.
    pub name: Option<String>,
    /// Where it posts to.
    pub url: String,
    /// The names of the events it sends.
    pub events: Vec<String>,
    /// The attributes it leaves out.
    pub blocklist: Vec<String>,
}

impl PersonaClient {
    /// One page of the environment's webhooks, newest first; `size` is held to 1 to 100.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.list_webhooks", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn list_webhooks(
        &self,
        after: Option<&WebhookId>,
        size: u8,
    ) -> Result<Page<Webhook, WebhookId>, PersonaError> {
        let mut query = Vec::new();
        wire::page_query(&mut query, after.map(WebhookId::as_str), size);
        let answer = self.0.get(&["webhooks"], &query).await?;
        let page = wire::page(&answer.body, webhook, WebhookId::parse);
        page_of(&answer, page, after)
    }

    /// Makes a webhook, disabled, and gives its secrets: Persona shows them this once.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call; an answer without a secret is [`PersonaError::Malformed`].
    #[tracing::instrument(name = "persona.client.create_webhook", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn create_webhook(
        &self,
        wish: &WebhookWish,
        key: &IdempotencyKey,
    ) -> Result<(Webhook, Vec<WebhookSecret>), PersonaError> {
        let answer = self.0.post(&["webhooks"], Some(&body(wish)), key).await?;
        Ok((webhook_of(&answer)?, secrets_of(&answer)?))
    }

    /// Changes a webhook.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.update_webhook", skip_all,
        fields(method = "PATCH", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn update_webhook(&self, id: &WebhookId, wish: &WebhookWish) -> Result<Webhook, PersonaError> {
        let answer = self.0.patch(&["webhooks", id.as_str()], &body(wish)).await?;
        webhook_of(&answer)
    }

    /// Enables a webhook.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.enable_webhook", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn enable_webhook(&self, id: &WebhookId, key: &IdempotencyKey) -> Result<Webhook, PersonaError> {
        let answer = self.0.post(&["webhooks", id.as_str(), "enable"], None, key).await?;
        webhook_of(&answer)
    }

    /// Gives a webhook a new secret, beside which the old ones live on for so long, whole seconds; all that live.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call; an answer without a secret is [`PersonaError::Malformed`].
    #[tracing::instrument(name = "persona.client.rotate_webhook_secret", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn rotate_webhook_secret(
        &self,
        id: &WebhookId,
        overlap: SignedDuration,
        key: &IdempotencyKey,
    ) -> Result<Vec<WebhookSecret>, PersonaError> {
        let body = json!({ "meta": { "expires-in-seconds": overlap.as_secs().max(0) } });
        let answer = self.0.post(&["webhooks", id.as_str(), "rotate-secret"], Some(&body), key).await?;
        secrets_of(&answer)
    }
}

/// Templates are included with inquiries and nothing else is: nobody's documents come along.
fn body(wish: &WebhookWish) -> Value {
    let mut attributes = json!({
        "url": wish.url,
        "enabled-events": wish.events,
        "api-attributes-blocklist": wish.blocklist,
        "included-allowlist": {
            "state": "custom",
            "event-types": [{ "event-type": "inquiry", "relationships": ["inquiry-template"] }],
        },
        "relationship-allowlist": { "state": "include_all" },
    });
    if let Some(name) = &wish.name {
        attributes["name"] = name.as_str().into();
    }
    json!({ "data": { "attributes": attributes } })
}

fn webhook_of(answer: &Answer) -> Result<Webhook, PersonaError> {
    let webhook = get(&answer.body, "data").and_then(webhook);
    webhook.ok_or_else(|| answer.malformed("it carries no webhook"))
}

/// A webhook resource.
fn webhook(resource: &Value) -> Option<Webhook> {
    let id = id_of(resource, WebhookId::parse).filter(|_| is(resource, "webhook"))?;
    let attribute = |name: &str| path(resource, &["attributes", name]);
    let text = |name: &str| attribute(name).and_then(Value::as_str);
    let texts = |name: &str| -> Vec<String> {
        let items = attribute(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let state = |name: &str| path(resource, &["attributes", name, "state"]).and_then(Value::as_str);
    Some(Webhook {
        id,
        url: text("url")?.to_owned(),
        enabled: text("status") == Some("enabled"),
        events: texts("enabled-events"),
        blocklist: texts("api-attributes-blocklist"),
        relationships: state("relationship-allowlist") != Some("include_none"),
        templates: match state("included-allowlist") {
            None => None,
            Some("include_all") => Some(true),
            Some("custom") => Some(includes_templates(resource)),
            Some(_) => Some(false),
        },
        filtered: attribute("payload-filter").and_then(Value::as_object).is_some_and(|filter| !filter.is_empty()),
    })
}

fn includes_templates(resource: &Value) -> bool {
    let types = path(resource, &["attributes", "included-allowlist", "event-types"]).and_then(Value::as_array);
    let of_inquiries = types
        .into_iter()
        .flatten()
        .filter(|entry| get(entry, "event-type").and_then(Value::as_str).is_some_and(|kind| kind == "inquiry"));
    let mut names = of_inquiries.filter_map(|entry| get(entry, "relationships")).filter_map(Value::as_array).flatten();
    names.any(|name| matches!(name.as_str(), Some("inquiry-template" | "*")))
}

/// `secret` is deprecated in favour of `secrets`.
fn secrets_of(answer: &Answer) -> Result<Vec<WebhookSecret>, PersonaError> {
    let attribute = |name: &str| path(&answer.body, &["data", "attributes", name]);
    let listed = attribute("secrets").and_then(Value::as_array).into_iter().flatten().filter_map(|secret| {
        let ends_at = get(secret, "expires-at").and_then(Value::as_str);
        Some(WebhookSecret {
            value: SecretString::from(get(secret, "value")?.as_str()?),
            ends_at: ends_at.and_then(|at| Timestamp::parse(at).ok()),
        })
    });
    let mut secrets: Vec<WebhookSecret> = listed.collect();
    if secrets.is_empty() {
        let only = attribute("secret").and_then(Value::as_str);
        secrets.extend(only.map(|value| WebhookSecret { value: SecretString::from(value), ends_at: None }));
    }
    if secrets.is_empty() { Err(answer.malformed("it carries no secret")) } else { Ok(secrets) }
}
