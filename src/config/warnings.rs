//! What a configuration allows and its operator probably didn't mean.

use jiff::SignedDuration;
use secrecy::ExposeSecret;

use super::{Config, Environment, NotifierConfig};
use crate::domain::rules::{LinkForm, Rules, Step};

/// Persona advises against more than 15 days (<https://help.withpersona.com/articles/4m6n5LkyT8po1eefaBmBBO>).
pub const LONGEST_ADVISED: SignedDuration = SignedDuration::from_hours(15 * 24);

/// 24 bytes, the least that Standard Webhooks recommends, in base64.
const SHORTEST_SIGNING_SECRET: usize = "whsec_".len() + 32;

pub(super) fn of(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    if config.notifiers.is_empty() && !config.environments.is_empty() {
        warnings.push(
            "notifiers: none is configured, so no reminder can be handed over; add [notifiers.<name>]".to_owned(),
        );
    }
    if !config.listen.internal.ip().is_loopback() {
        warnings.push(format!(
            "listen.internal = \"{}\": can be reached from other machines and asks nobody who they are; \
             let only operators through to it",
            config.listen.internal
        ));
    }
    for (name, notifier) in &config.notifiers {
        if let NotifierConfig::Email(email) = notifier {
            warnings.extend(email.warnings().map(|trouble| format!("notifiers.{name}.{trouble}")));
        }
        if let NotifierConfig::Webhook { secrets, .. } = notifier
            && secrets.iter().any(|secret| secret.expose_secret().len() < SHORTEST_SIGNING_SECRET)
        {
            warnings.push(format!("notifiers.{name}: a signing secret is shorter than the 24 bytes that are advised"));
        }
    }
    for environment in config.environments.values() {
        of_environment(environment, !config.notifiers.is_empty(), &mut warnings);
        if config.links.public_url.is_some() {
            warnings.extend(of_links(environment));
        }
    }
    warnings.extend(shared_secrets(config));
    warnings
}

fn of_environment(environment: &Environment, notifiers: bool, warnings: &mut Vec<String>) {
    let at = format!("environments.{}", environment.name);
    if let Some(key) = &environment.api_key {
        let key = key.expose_secret();
        if !key.starts_with("persona_production_") && !key.starts_with("persona_sandbox_") {
            warnings.push(format!("{at}.api_key: belongs neither to a production nor to a sandbox environment"));
        }
    }
    for (name, rules) in environment.rules.iter() {
        of_rules(&format!("{at}.templates.{name}"), rules, notifiers, warnings);
    }
}

fn of_rules(at: &str, rules: &Rules, notifiers: bool, warnings: &mut Vec<String>) {
    of_bounds(at, rules, warnings);
    if notifiers && rules.notify.is_empty() && !rules.reminders.is_empty() {
        warnings
            .push(format!("{at}.notify: names nobody, so its reminders go nowhere; write reminders = [] to have none"));
    }
    for (index, step) in rules.reminders.iter().enumerate() {
        if let Step::Left(left) = step
            && *left >= rules.lifetime
        {
            warnings.push(format!(
                "{at}.reminders[{index}] = \"{step}\": is no less than the lifetime of {}, \
                 so it is due the moment an inquiry begins",
                Step::Left(rules.lifetime)
            ));
        }
    }
    let planned = rules.reminders.len() * rules.notify.len();
    if planned > usize::try_from(rules.max_reminders).unwrap_or(usize::MAX) {
        warnings.push(format!(
            "{at}.max_reminders = {}: cuts off the last of the {planned} reminders configured",
            rules.max_reminders
        ));
    }
}

/// A link of Persona's opens once, and whatever scans mail may be the first to open it.
fn of_links(environment: &Environment) -> Vec<String> {
    let once =
        |rules: &Rules| rules.link != LinkForm::Access && !rules.reminders.is_empty() && !rules.notify.is_empty();
    let text = |name| {
        format!(
            "environments.{}.templates.{name}.link: one-time links open once, so a mailbox that scans them can use them \
             up; leave it out to send access links, which public_url allows",
            environment.name
        )
    };
    environment.rules.iter().filter(|(_, rules)| once(rules)).map(|(name, _)| text(name)).collect()
}

/// Whether what is configured can come to pass, and no longer goes on than Persona advises.
fn of_bounds(at: &str, rules: &Rules, warnings: &mut Vec<String>) {
    let most = Step::Left(LONGEST_ADVISED);
    if rules.access.give_up_after > LONGEST_ADVISED {
        let text = Step::Left(rules.access.give_up_after);
        warnings.push(format!(
            "{at}.give_up_after = \"{text}\": Persona advises against more than {most} for one verification; shorten it"
        ));
    }
    if rules.lifetime > LONGEST_ADVISED {
        let text = Step::Left(rules.lifetime);
        warnings.push(format!(
            "{at}.lifetime = \"{text}\": Persona advises against inquiries that live longer than {most}; shorten their \
             expiry at Persona, and this with it"
        ));
    }
    if rules.reminders.is_empty() || rules.notify.is_empty() {
        return;
    }
    let outside = |step: &Step| matches!(step, Step::Left(left) if *left >= rules.lifetime);
    if rules.reminders.iter().all(outside) {
        warnings.push(format!(
            "{at}.reminders: none of them comes at a time of its own within the lifetime of {}; use a share of the \
             lifetime, such as \"50%\", or less time before its end",
            Step::Left(rules.lifetime)
        ));
    }
    if rules.access.resume_within <= rules.lifetime && rules.access.revive_after.is_some() {
        warnings.push(format!(
            "{at}.resume_within = \"{}\": is over before an inquiry of {} expires, so none is ever revived; raise it",
            Step::Left(rules.access.resume_within),
            Step::Left(rules.lifetime)
        ));
    }
}

/// A secret of two environments would let one environment's deliveries in as the other's.
fn shared_secrets(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    let environments: Vec<&Environment> = config.environments.values().collect();
    for (index, one) in environments.iter().enumerate() {
        for other in environments.iter().skip(index + 1) {
            let shared = one.webhook_secrets.iter().any(|secret| {
                other.webhook_secrets.iter().any(|theirs| theirs.expose_secret() == secret.expose_secret())
            });
            if shared {
                warnings.push(format!(
                    "environments.{}.webhook_secrets: shares a secret with environments.{}; \
                     each webhook of Persona has its own",
                    other.name, one.name
                ));
            }
        }
    }
    warnings
}
