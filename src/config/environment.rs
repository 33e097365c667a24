//! Persona environments: their secrets, their API and their rules.

use std::fmt;

use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;

use super::reader::Section;
use super::template::{self, TemplateRules};
use super::{address, secret};
use crate::domain::alert::ExpectDeliveries;
use crate::domain::budget::CAREFUL_PACE;
use crate::domain::ids::{EnvironmentName, NotifierName};
use crate::domain::rules::LinkForm;

/// Where Persona's API is, unless configured otherwise.
pub const PERSONA_API_URL: &str = "https://api.withpersona.com/api/v1";

/// How old a signature may be. Persona's last retry comes after about 51 hours
/// (<https://docs.withpersona.com/webhooks>), and whether it is signed anew isn't documented.
pub const SIGNATURE_TOLERANCE: SignedDuration = SignedDuration::from_hours(72);

/// One Persona environment, as configured.
#[derive(Debug, Clone)]
pub struct Environment {
    /// What it is called here, and in the webhook's route.
    pub name: EnvironmentName,
    /// Whether to do anything about what is planned.
    pub mode: Mode,
    /// `wbhsec_…`; several while Persona rotates them, none where `rekindle persona setup` keeps them.
    pub webhook_secrets: Vec<SecretString>,
    /// Always there in [`Mode::Act`].
    pub api_key: Option<SecretString>,
    /// Where Persona's API is; its path has no slash at the end.
    pub api_url: Url,
    /// How many calls a minute are made while Persona has not said its limit.
    pub careful_calls_per_minute: u32,
    /// How old a delivery's signature may be before the event is set aside.
    pub signature_tolerance: SignedDuration,
    /// When the absence of deliveries is worth an alert, if this one differs from the others.
    pub silence: Option<ExpectDeliveries>,
    /// What is to be done for whom.
    pub rules: TemplateRules,
}

/// Whether an environment's actions are performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Plan and perform.
    Act,
    /// Plan and show everything, perform nothing.
    Observe,
}

impl Mode {
    /// As it stands in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Observe => "observe",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `link` is what reminders carry unless a rule says otherwise: an access link where there can be one.
///
/// `None` where something that has no default is missing or wrong; the mistakes are noted.
pub(super) fn environment(
    name: &str,
    mut section: Section<'_>,
    notifiers: &[NotifierName],
    link: LinkForm,
) -> Option<Environment> {
    let name = super::plain_name(&section, name).and_then(|name| EnvironmentName::parse(name).ok());
    let mode = section.parsed("mode", Mode::Act, |text| {
        let known = [Mode::Act, Mode::Observe].into_iter().find(|mode| mode.as_str() == text);
        known.ok_or("is no mode; use \"act\" or \"observe\"")
    });
    let webhook_secrets = webhook_secrets(&mut section);
    let api_key = api_key(&mut section, mode);
    let api_url = api_url(&mut section);
    let careful = section.number("careful_calls_per_minute", CAREFUL_PACE, 1..=10_000);
    let signature_tolerance = section.duration("signature_tolerance", SIGNATURE_TOLERANCE);
    let silence = super::alerts::expected(&mut section, "alert_silence");
    let rules = template::templates(&mut section, notifiers, link);
    section.finish();
    Some(Environment {
        name: name?,
        mode,
        webhook_secrets,
        api_key,
        api_url: api_url?,
        careful_calls_per_minute: careful,
        signature_tolerance,
        silence,
        rules,
    })
}

fn webhook_secrets(section: &mut Section<'_>) -> Vec<SecretString> {
    let before = section.reading.mistakes();
    let given = secret::several(section, "webhook_secrets", "webhook_secrets_file");
    let none_meant = given.as_ref().is_some_and(Vec::is_empty);
    let entries = given.unwrap_or_default();
    let reading = section.reading;
    let mut secrets = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if entries.iter().take(index).any(|earlier| earlier.text == entry.text) {
            secret::refuse(reading, entry, "is there twice; leave one of them out");
        } else {
            secrets.extend(secret::webhook_secret(reading, entry));
        }
    }
    if secrets.is_empty() && !none_meant && reading.mistakes() == before {
        let trouble = "is needed, as no delivery can be verified without; \
                       copy the secret (wbhsec_…) from the webhook's page in Persona's dashboard, \
                       or write webhook_secrets = [] and let `rekindle persona setup` keep it";
        section.refuse("webhook_secrets", None, trouble);
    }
    secrets
}

fn api_key(section: &mut Section<'_>, mode: Mode) -> Option<SecretString> {
    let before = section.reading.mistakes();
    let key =
        secret::one(section, "api_key", "api_key_file").and_then(|entry| secret::api_key(section.reading, &entry));
    if key.is_none() && mode == Mode::Act && section.reading.mistakes() == before {
        let trouble = "is needed in mode \"act\", as one-time links are minted at Persona; \
                       add it, or set mode = \"observe\" to plan and show without acting";
        section.refuse("api_key", None, trouble);
    }
    key
}

fn api_url(section: &mut Section<'_>) -> Option<Url> {
    let Some(entry) = section.text("api_url") else { return address::web(PERSONA_API_URL).ok() };
    let without_slash = entry.text.trim_end_matches('/');
    let checked = address::web(without_slash).and_then(|url| match url.query() {
        None => Ok(url),
        Some(_) => Err("holds a ? part; leave it out"),
    });
    checked.map_err(|trouble| section.reading.refuse(&entry.place, Some(address::shown(&entry.text)), trouble)).ok()
}
