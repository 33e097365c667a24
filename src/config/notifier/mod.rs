//! Notifiers: how people, or the operator's application for them, learn of a reminder.

mod email;

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;
use url::Url;

pub use self::email::{EmailConfig, EmailSecurity};
use super::reader::{Entry, Section};
use super::{address, secret};
use crate::domain::ids::NotifierName;

/// One notifier, as configured.
#[derive(Clone)]
pub enum NotifierConfig {
    /// Posts signed notices in the form of Standard Webhooks.
    Webhook {
        /// Where to.
        url: Url,
        /// `whsec_…`, at least one. Notices are signed with each, so that a receiver can change over.
        secrets: Vec<SecretString>,
        /// Whether the address may be inside a network.
        allow_private: bool,
    },
    /// Writes to people by e-mail.
    Email(Box<EmailConfig>),
    /// Writes to the log that a notice would have gone out; for trying things out.
    Log,
}

impl NotifierConfig {
    /// The kind, as it stands in the configuration.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Email(_) => "email",
            Self::Log => "log",
        }
    }

    /// Whether it reaches people only, and no application.
    pub const fn is_for_people(&self) -> bool {
        matches!(self, Self::Email(_))
    }
}

impl fmt::Debug for NotifierConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook { url, secrets, .. } => {
                f.debug_struct("Webhook").field("url", &address::origin(url)).field("secrets", &secrets.len()).finish()
            }
            Self::Email(email) => email.fmt(f),
            Self::Log => f.write_str("Log"),
        }
    }
}

/// The notifiers, and the names of all that were meant, so that a broken one isn't also reported where it is used.
pub(super) fn notifiers(top: &mut Section<'_>) -> (BTreeMap<NotifierName, NotifierConfig>, Vec<NotifierName>) {
    let (mut all, mut names) = (BTreeMap::new(), Vec::new());
    for (name, mut section) in top.sections("notifiers") {
        let Some(name) = super::plain_name(&section, &name).and_then(|name| NotifierName::parse(name).ok()) else {
            continue;
        };
        names.push(name.clone());
        match section.text("type") {
            None => section.refuse("type", None, "is needed; use \"email\", \"webhook\" or \"log\""),
            Some(entry) => match entry.text.as_str() {
                "webhook" => {
                    if let Some(webhook) = webhook(&mut section) {
                        all.insert(name, webhook);
                    }
                    section.finish();
                }
                "email" => {
                    if let Some(email) = email::email(&mut section) {
                        all.insert(name, NotifierConfig::Email(Box::new(email)));
                    }
                    section.finish();
                }
                "log" => {
                    all.insert(name, NotifierConfig::Log);
                    section.finish();
                }
                _ => entry.refuse(section.reading, "is no type of notifier; use \"email\", \"webhook\" or \"log\""),
            },
        }
    }
    (all, names)
}

fn webhook(section: &mut Section<'_>) -> Option<NotifierConfig> {
    let reading = section.reading;
    let url = section.text("url");
    if url.is_none() {
        section.refuse("url", None, "is needed; it is where notices are posted to");
    }
    let url = url.and_then(|entry| {
        let refuse = |trouble| reading.refuse(&entry.place, Some(address::shown(&entry.text)), trouble);
        address::web(&entry.text).map_err(refuse).ok()
    });
    let allow_private = section.flag("allow_private", false);
    let entries = signing_secrets(section)?;
    let secrets = entries.iter().filter_map(|entry| secret::signing_secret(reading, entry)).collect();
    Some(NotifierConfig::Webhook { url: url?, secrets, allow_private })
}

pub(super) fn signing_secrets(section: &mut Section<'_>) -> Option<Vec<Entry>> {
    let single = section.text("secret");
    let several = secret::several(section, "secrets", "secret_file");
    match (single, several) {
        (Some(_), Some(_)) => {
            section.refuse("secret", None, "is given more than once; keep one of secret, secrets and secret_file");
            None
        }
        (Some(one), None) => Some(vec![one]),
        (None, Some(several)) if !several.is_empty() => Some(several),
        (None, _) => {
            section.refuse(
                "secret",
                None,
                "is needed; what is sent is signed with it. Make one by: echo whsec_$(openssl rand -base64 32)",
            );
            None
        }
    }
}
