//! How a webhook is configured (<https://docs.withpersona.com/webhooks>).

use secrecy::SecretString;
use serde::Deserialize;

use super::dialect::{ApiVersion, Inflection};
use crate::domain::time::Timestamp;

/// A webhook's configuration (<https://docs.withpersona.com/webhooks>).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WebhookSettings {
    /// Where events are posted to.
    pub url: String,
    /// The secrets, the newest first; more than one while one is being rotated out.
    pub secrets: Vec<WebhookSecret>,
    /// Whether it is enabled; disabling it gives up its pending deliveries.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The shape of its payloads.
    #[serde(default)]
    pub api_version: ApiVersion,
    /// The casing of its payloads.
    #[serde(default)]
    pub key_inflection: Inflection,
    /// What stands in `included`.
    #[serde(default)]
    pub included: Included,
    /// Whether payloads carry `relationships`.
    #[serde(default = "yes")]
    pub relationships: bool,
    /// Names of attributes left out; `*` stands for any text (<https://docs.withpersona.com/webhook-attribute-blocklists>).
    #[serde(default)]
    pub attribute_blocklist: Vec<String>,
    /// Names of the events sent; `*` is all of them.
    #[serde(default = "all_events")]
    pub enabled_events: Vec<String>,
}

/// One webhook secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WebhookSecret {
    /// The whole secret, `wbhsec_` included: all of it is the key.
    pub value: SecretString,
    /// From when on deliveries are no longer signed with it.
    #[serde(default, deserialize_with = "optional_time")]
    pub expires_at: Option<Timestamp>,
}

/// What stands in a payload's `included` (<https://docs.withpersona.com/webhook-allowlists>).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Included {
    /// Nothing: Persona's default since 2026-01-28.
    #[default]
    None,
    /// Every related object.
    All,
    /// Objects of these types, such as `inquiry-template`.
    Only(Vec<String>),
}

/// A webhook as Persona keeps it.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    /// `wbh_…`
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created_at: Timestamp,
    pub(super) settings: WebhookSettings,
}

/// The id of the webhook that was made by hand, of which an environment has one.
const BY_HAND: &str = "wbh_MadeByHand";

impl Webhook {
    /// One that somebody made in the Dashboard.
    pub(super) fn by_hand(settings: WebhookSettings, now: Timestamp) -> Self {
        Self { id: BY_HAND.to_owned(), name: "Made by hand".to_owned(), created_at: now, settings }
    }
}

impl WebhookSettings {
    /// A webhook for every event, with Persona's defaults for all else.
    pub fn new(url: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            secrets: vec![WebhookSecret { value: secret.into(), expires_at: None }],
            enabled: true,
            api_version: ApiVersion::default(),
            key_inflection: Inflection::default(),
            included: Included::default(),
            relationships: true,
            attribute_blocklist: Vec::new(),
            enabled_events: all_events(),
        }
    }

    /// Puts a new secret in front and lets the others end at `expires_at`, as rotating does.
    #[must_use]
    pub fn with_rotated_secret(mut self, secret: impl Into<SecretString>, expires_at: Timestamp) -> Self {
        for old in &mut self.secrets {
            old.expires_at = Some(old.expires_at.map_or(expires_at, |earlier| earlier.min(expires_at)));
        }
        self.secrets.insert(0, WebhookSecret { value: secret.into(), expires_at: None });
        self
    }
}

const fn yes() -> bool {
    true
}

fn all_events() -> Vec<String> {
    vec!["*".to_owned()]
}

fn optional_time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| Timestamp::parse(&text)).transpose().map_err(serde::de::Error::custom)
}
