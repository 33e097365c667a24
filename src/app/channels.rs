//! The ways that notices go: put together from the configuration, and spared while one fails for everyone.
//!
//! Whether a channel fails is what this process sees of it. Processes that share a database find out each for itself,
//! by a handful of tries.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{info, warn};

use crate::app::step::{Step, give_up};
use crate::app::{App, SetUpError};
use crate::clock::Clock;
use crate::config::{self, Brand, Config, EmailConfig, EmailSecurity, NotifierConfig};
use crate::domain::action::{Action, Outcome};
use crate::domain::ids::NotifierName;
use crate::domain::rules::Rules;
use crate::domain::time::Timestamp;
use crate::notify::circuit::{Circuit, Turn};
use crate::notify::email::{Email, EmailSettings, InvalidEmail, Security};
use crate::notify::error::NotifyError;
use crate::notify::letter::{LetterBrand, LetterError, Letters, OwnTemplate, Support};
use crate::notify::webhook::{InvalidWebhook, Webhook, WebhookSettings};
use crate::notify::{Delivered, Notifier};

/// How long a notifier may take to answer.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(10);

/// The channels, by name.
pub(super) type Channels = BTreeMap<NotifierName, Channel>;

/// One way that notices go.
pub(super) struct Channel {
    notifier: Notifier,
    circuit: Mutex<Circuit>,
}

/// A channel that fails for everyone, as this process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its name in the configuration.
    pub notifier: NotifierName,
    /// Since when.
    pub since: Timestamp,
    /// When one notice is tried next; the others wait for it.
    pub next_try: Timestamp,
}

/// Why a notifier can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNotifier {
    /// A webhook.
    #[error(transparent)]
    Webhook(#[from] InvalidWebhook),
    /// A mail server.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
}

/// Writes letters as configured: with the operator's own templates, each of which is tried out here.
///
/// # Errors
/// [`LetterError`] names the template that can't be used.
pub fn letters(config: &Config) -> Result<Letters, LetterError> {
    let own = config.notices.templates.iter().cloned();
    let own =
        own.map(|config::NoticeTemplate { file, kind, language, text }| OwnTemplate { file, kind, language, text });
    Letters::new(brand(&config.links.brand, config), &own.collect::<Vec<_>>())
}

/// A notifier as configured.
///
/// # Errors
/// [`InvalidNotifier`] says what is wrong and what to do.
pub fn notifier(settings: &NotifierConfig, letters: &Letters, clock: &Clock) -> Result<Notifier, InvalidNotifier> {
    let (letters, clock) = (letters.clone(), clock.clone());
    Ok(match settings {
        NotifierConfig::Log => Notifier::Log,
        NotifierConfig::Email(email) => Notifier::Email(Email::new(&email_settings(email), letters, clock)?),
        NotifierConfig::Webhook { url, secrets, allow_private } => {
            let (url, secrets, timeout, allow_private) = (url.clone(), secrets.clone(), NOTIFY_TIMEOUT, *allow_private);
            let settings = WebhookSettings { url, secrets, timeout, allow_private, letters };
            Notifier::Webhook(Webhook::new(&settings, clock)?)
        }
    })
}

pub(super) fn of(config: &Config, clock: &Clock) -> Result<Channels, SetUpError> {
    let letters = letters(config).map_err(SetUpError::Letters)?;
    let mut channels = Channels::new();
    for (name, settings) in &config.notifiers {
        let notifier = notifier(settings, &letters, clock);
        let notifier = notifier.map_err(|source| SetUpError::Notifier { name: name.clone(), source })?;
        channels.insert(name.clone(), Channel { notifier, circuit: Mutex::default() });
    }
    Ok(channels)
}

impl App {
    /// The notifier of that name, unless it fails for everyone and this is not the one to try it: then the action is
    /// put off, and no attempt counted.
    pub(super) fn channel(&self, name: &NotifierName, action: &Action) -> Step<&Notifier> {
        let channel = self.named(name)?;
        let admitted = channel.circuit().admit(&action.planned.id, self.clock().now());
        admitted.map_err(|until| Outcome::Postpone { reason: waits(name), until })?;
        Ok(&channel.notifier)
    }

    /// The notifier of that name, whether it works or not.
    pub(super) fn notifier(&self, name: &NotifierName) -> Step<&Notifier> {
        Ok(&self.named(name)?.notifier)
    }

    fn named(&self, name: &NotifierName) -> Step<&Channel> {
        let channel = self.shared.channels.get(name);
        channel.ok_or_else(|| give_up("no notifier of that name is configured"))
    }

    /// What follows from a delivery, for the action and for its channel.
    pub(super) fn handed_over(
        &self,
        action: &Action,
        name: &NotifierName,
        rules: &Rules,
        delivered: Result<Delivered, NotifyError>,
    ) -> Step<()> {
        let now = self.clock().now();
        let Some(channel) = self.shared.channels.get(name) else { return Ok(()) };
        let Err(error) = delivered else {
            tell(name, channel.circuit().worked(now));
            return Ok(());
        };
        if error.was_answered() {
            tell(name, channel.circuit().worked(now));
        }
        if !error.may_retry() {
            return Err(final_end(&error, name, rules));
        }
        let mut circuit = channel.circuit();
        tell(name, circuit.failed(&action.planned.id, now));
        let at = error.retry_after().map(|wait| now.plus(wait));
        Err(match circuit.broken() {
            // It is nobody's fault, so it costs nobody an attempt.
            Some((_, next)) => {
                let reason = format!("{error}; {}", waits(name));
                Outcome::Postpone { reason, until: at.map_or(next, |at| at.max(next)) }
            }
            None => Outcome::Retry { error: error.to_string(), at, new_key: false },
        })
    }

    /// The channels that fail for everyone, as this process sees it.
    #[must_use]
    pub fn broken_channels(&self) -> Vec<Broken> {
        let broken = |(name, channel): (&NotifierName, &Channel)| {
            let (since, next_try) = channel.circuit().broken()?;
            Some(Broken { notifier: name.clone(), since, next_try })
        };
        self.shared.channels.iter().filter_map(broken).collect()
    }
}

impl Channel {
    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn waits(name: &NotifierName) -> String {
    format!("notifier {name} fails for everyone at present, so this waits until one notice gets through")
}

/// Nobody to tell is worth a look, unless the rule names another way, by which they are told.
fn final_end(error: &NotifyError, name: &NotifierName, rules: &Rules) -> Outcome {
    let other = rules.notify.iter().find(|other| *other != name && !rules.for_people.contains(other));
    match other {
        Some(other) if matches!(error, NotifyError::Nobody) => {
            let reason = format!("no e-mail address of this person is known; {other} is told instead");
            Outcome::Cancel { reason, new_key: false }
        }
        _ => Outcome::GiveUp { reason: error.to_string(), new_key: false },
    }
}

fn tell(name: &NotifierName, turn: Turn) {
    let broken = match turn {
        Turn::Stayed => return,
        Turn::Opened => {
            warn!(notifier = %name, "notifier fails for everyone; its notices wait until one gets through");
            1.0
        }
        Turn::Closed(after) => {
            info!(notifier = %name, seconds = after.as_secs(), "notifier works again; its notices go on");
            0.0
        }
    };
    metrics::gauge!("rekindle_notifier_broken", "notifier" => name.to_string()).set(broken);
}

fn brand(brand: &Brand, config: &Config) -> LetterBrand {
    let support = brand.support.as_ref();
    LetterBrand {
        name: brand.name.clone(),
        accent: brand.accent.to_string(),
        accent_ink: brand.accent.ink().to_string(),
        accent_dark: brand.accent_dark.to_string(),
        accent_dark_ink: brand.accent_dark.ink().to_string(),
        support: support.map(|support| Support { text: support.text.clone(), href: support.href.clone() }),
        languages: brand.languages.clone(),
        legal: config.notices.legal.clone(),
    }
}

fn email_settings(email: &EmailConfig) -> EmailSettings {
    EmailSettings {
        host: email.host.clone(),
        port: email.port,
        security: match email.security {
            EmailSecurity::StartTls => Security::StartTls,
            EmailSecurity::Tls => Security::Tls,
            EmailSecurity::None => Security::None,
        },
        allow_plaintext: email.allow_plaintext,
        authority: email.authority.clone(),
        credentials: email.credentials.clone(),
        from: email.from.clone(),
        reply_to: email.reply_to.clone(),
        timeout: NOTIFY_TIMEOUT,
    }
}
