//! The configuration in effect, as text for operators: the shape of the file, without its secrets.

use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};

use super::alerts;
use super::{
    Config, EmailConfig, Environment, Language, Links, MasterKeys, Notices, NotifierConfig, SignIn, SubscriptionConfig,
    Subscriptions, address, secret,
};
use crate::domain::act::Role;
use crate::domain::courtesy::Courtesy;
use crate::domain::rules::{Rules, Step};

pub(super) fn text(config: &Config) -> String {
    let mut text = String::new();
    // Writing into a String can't fail.
    let _ = write_all(&mut text, config);
    text
}

fn write_all(out: &mut String, config: &Config) -> std::fmt::Result {
    let Config { database_url, master_keys, listen, environments, notifiers, limits, worker, .. } = config;
    let Config { reconcile, retention, log, .. } = config;
    writeln!(out, "database_url = {:?}", database_url.to_string())?;
    match master_keys {
        MasterKeys::Given(keys) => writeln!(out, "# master_key: {} given", keys.len())?,
        MasterKeys::File(path) => writeln!(out, "master_key_file = {:?}", path.display().to_string())?,
        MasterKeys::BesideTheDatabase => {}
    }
    if config.seal_reference_ids {
        writeln!(out, "seal_reference_ids = true")?;
    }
    write_links(out, &config.links)?;
    writeln!(out, "\n[listen]\npublic = \"{}\"\ninternal = \"{}\"", listen.public, listen.internal)?;
    for environment in environments.values() {
        write_environment(out, environment)?;
    }
    for (name, notifier) in notifiers {
        writeln!(out, "\n[notifiers.{name}]\ntype = \"{}\"", notifier.kind())?;
        match notifier {
            NotifierConfig::Webhook { url, secrets, allow_private } => {
                writeln!(out, "url = {:?}\nsecrets = {}", address::origin(url), shapes(secrets))?;
                writeln!(out, "allow_private = {allow_private}")?;
            }
            NotifierConfig::Email(email) => write_email(out, email)?,
            NotifierConfig::Log => {}
        }
    }
    write_notices(out, &config.notices)?;
    if let Some(lookup) = &config.contacts {
        writeln!(out, "\n[contacts]\nlookup_url = {:?}", address::origin(&lookup.url))?;
        writeln!(out, "secrets = {}", shapes(&lookup.secrets))?;
        writeln!(out, "lookup_timeout = \"{}s\"\nkeep = \"{}\"", lookup.timeout.as_secs(), Step::Left(lookup.keep))?;
        writeln!(out, "allow_private = {}", lookup.allow_private)?;
    }
    for (name, rules) in &config.customers {
        writeln!(out, "\n[customers.{name}]")?;
        writeln!(out, "tags = {}", list(rules.tags.iter().map(|one| format!("{one:?}"))))?;
        writeln!(out, "reference_prefixes = {}", list(rules.reference_prefixes.iter().map(|one| format!("{one:?}"))))?;
        writeln!(out, "templates = {}", list(rules.templates.iter().map(|id| format!("\"{id}\""))))?;
        if let Some(after) = rules.expires_after {
            writeln!(out, "expires_after = \"{}\"", Step::Left(after))?;
        }
        if let Some(calls) = rules.calls_per_minute {
            writeln!(out, "calls_per_minute = {calls}")?;
        }
    }
    write_subscriptions(out, &config.subscriptions)?;
    writeln!(out, "\n[api]\ncalls_per_minute = {}", config.api.calls_per_minute)?;
    writeln!(out, "failures_per_minute = {}", config.api.failures_per_minute)?;
    write_sign_in(out, &config.sign_in)?;
    writeln!(out, "\n[limits]\nbody_bytes = {}\nheader_bytes = {}", limits.body_bytes, limits.header_bytes)?;
    writeln!(out, "connections = {}", limits.connections)?;
    writeln!(out, "header_timeout = \"{}s\"", limits.header_timeout.as_secs())?;
    writeln!(out, "body_timeout = \"{}s\"", limits.body_timeout.as_secs())?;
    writeln!(out, "\n[worker]\nconcurrency = {}", worker.concurrency)?;
    writeln!(out, "poll_interval_ms = {}", worker.poll_interval.as_millis())?;
    writeln!(out, "lease_ms = {}\nrenew_ms = {}", worker.lease.as_millis(), worker.renew.as_millis())?;
    writeln!(out, "shutdown_grace = \"{}s\"", worker.shutdown_grace.as_secs())?;
    writeln!(out, "reread_after = \"{}\"", Step::Left(worker.reread_after))?;
    let time = Step::Left;
    writeln!(out, "\n[reconcile]\nevery = \"{}\"", time(reconcile.every))?;
    writeln!(out, "silence = \"{}\"\noverlap = \"{}\"", time(reconcile.silence), time(reconcile.overlap))?;
    writeln!(out, "reread_quiet = \"{}\"", time(reconcile.reread_quiet))?;
    writeln!(out, "templates_every = \"{}\"", time(reconcile.templates_every))?;
    writeln!(out, "\n[retention]\nevery = \"{}\"", time(retention.every))?;
    writeln!(out, "payloads = \"{}\"\nevents = \"{}\"", time(retention.payloads), time(retention.events))?;
    writeln!(out, "actions = \"{}\"\ninquiries = \"{}\"", time(retention.actions), time(retention.inquiries))?;
    writeln!(out, "static_links = \"{}\"", time(retention.static_links))?;
    writeln!(out, "notices = \"{}\"", time(retention.notices))?;
    write_alerts(out, config)?;
    writeln!(out, "\n[log]\nformat = \"{}\"\nfilter = {:?}", log.format.as_str(), log.filter)
}

fn write_alerts(out: &mut String, config: &Config) -> std::fmt::Result {
    let (alerts, time) = (&config.alerts, Step::Left);
    let thresholds = &alerts.thresholds;
    writeln!(out, "\n[alerts]\nnotify = {}", list(alerts.notify.iter().map(|name| format!("\"{name}\""))))?;
    writeln!(out, "repeat = \"{}\"\nsettle = \"{}\"", time(alerts.pace.repeat), time(alerts.pace.settle))?;
    writeln!(out, "silence = \"{}\"", alerts::shown(alerts.silence))?;
    writeln!(out, "dead_letters = {}", thresholds.dead_letters)?;
    writeln!(out, "signature_failures = {}\nlosses = {}", thresholds.signature_failures, thresholds.losses)?;
    writeln!(out, "reconciliation_late = \"{}\"", time(thresholds.reconciliation_late))?;
    writeln!(out, "budget_exhausted = \"{}\"", time(thresholds.budget_exhausted))?;
    writeln!(out, "quarantine = \"{}\"", time(thresholds.quarantine))?;
    writeln!(
        out,
        "lane_paused = \"{}\"\nwork_late = \"{}\"",
        time(thresholds.lane_paused),
        time(thresholds.work_late)
    )?;
    let telemetry = &config.telemetry;
    writeln!(out, "\n[telemetry]")?;
    if let Some(endpoint) = &telemetry.otlp_endpoint {
        writeln!(out, "otlp_endpoint = {:?}", address::origin(endpoint))?;
    }
    writeln!(out, "sample_percent = {}\nservice_name = {:?}", telemetry.sample_percent, telemetry.service_name)
}

fn write_subscriptions(out: &mut String, subscriptions: &Subscriptions) -> std::fmt::Result {
    for (name, SubscriptionConfig { subscription, environment, template }) in subscriptions {
        writeln!(out, "\n[subscriptions.{name}]\nnotifier = \"{}\"", subscription.notifier)?;
        writeln!(out, "events = {}", list(subscription.topics.iter().map(|topic| format!("\"{topic}\""))))?;
        if let Some(environment) = environment {
            writeln!(out, "environment = \"{environment}\"")?;
        }
        if let Some(customer) = &subscription.customer {
            writeln!(out, "customer = \"{customer}\"")?;
        }
        if let Some(template) = template {
            writeln!(out, "template = \"{template}\"")?;
        }
    }
    Ok(())
}

fn write_links(out: &mut String, links: &Links) -> std::fmt::Result {
    let texts = |texts: Vec<String>| list(texts.into_iter().map(|text| format!("{text:?}")));
    if let Some(url) = &links.public_url {
        writeln!(out, "public_url = \"{url}\"")?;
    }
    writeln!(out, "trusted_proxies = {}", texts(links.trusted_proxies.iter().map(ToString::to_string).collect()))?;
    writeln!(out, "link_hosts = {}", texts(links.hosts.iter().map(ToString::to_string).collect()))?;
    writeln!(out, "\n[links]\nlifetime = \"{}\"\nmax_opens = {}", Step::Left(links.lifetime), links.max_opens)?;
    let brand = &links.brand;
    writeln!(out, "\n[brand]\nname = {:?}", brand.name)?;
    if let Some(logo) = &brand.logo {
        writeln!(out, "# logo_file: a picture of {} bytes in base64", logo.len())?;
    }
    writeln!(out, "accent = \"{}\"\naccent_dark = \"{}\"", brand.accent, brand.accent_dark)?;
    if let Some(support) = &brand.support {
        writeln!(out, "support = {:?}", support.text)?;
    }
    writeln!(out, "languages = {}", texts(brand.languages.iter().map(ToString::to_string).collect()))?;
    for language in Language::ALL {
        let mut own = brand.own_texts().filter(|(of, _, _)| *of == language).peekable();
        if own.peek().is_some() {
            writeln!(out, "\n[brand.texts.{language}]")?;
        }
        for (_, text, own) in own {
            writeln!(out, "{} = {own:?}", text.key())?;
        }
    }
    Ok(())
}

fn write_email(out: &mut String, email: &EmailConfig) -> std::fmt::Result {
    writeln!(out, "host = {:?}\nport = {}\nsecurity = \"{}\"", email.host, email.port, email.security.as_str())?;
    writeln!(out, "allow_plaintext = {}\nfrom = {:?}", email.allow_plaintext, email.from.to_string())?;
    if let Some(reply_to) = &email.reply_to {
        writeln!(out, "reply_to = {:?}", reply_to.to_string())?;
    }
    if let Some((username, password)) = &email.credentials {
        writeln!(out, "username = {username:?}\n# password: {}", quoted_shape(password))?;
    }
    email.authority.as_ref().map_or(Ok(()), |pem| writeln!(out, "# ca_file: {} bytes", pem.len()))
}

fn write_notices(out: &mut String, notices: &Notices) -> std::fmt::Result {
    if *notices == Notices::default() {
        return Ok(());
    }
    writeln!(out, "\n[notices]")?;
    for template in &notices.templates {
        writeln!(out, "# template: {}", template.file.display())?;
    }
    if !notices.legal.is_empty() {
        writeln!(out, "\n[notices.legal]")?;
    }
    notices.legal.iter().try_for_each(|(language, text)| writeln!(out, "{language} = {text:?}"))
}

fn write_sign_in(out: &mut String, sign_in: &SignIn) -> std::fmt::Result {
    writeln!(out, "\n[sign_in]")?;
    if let Some(url) = &sign_in.url {
        writeln!(out, "url = \"{url}\"")?;
    }
    writeln!(out, "lifetime = \"{}\"\nidle = \"{}\"", Step::Left(sign_in.lifetime), Step::Left(sign_in.idle))?;
    writeln!(out, "attempts_per_minute = {}", sign_in.attempts_per_minute)?;
    let Some(oidc) = &sign_in.oidc else { return Ok(()) };
    writeln!(out, "\n[sign_in.oidc]\nissuer = {:?}\nclient_id = {:?}", oidc.issuer, oidc.client_id)?;
    if let Some(secret) = &oidc.client_secret {
        writeln!(out, "# client_secret: {}", quoted_shape(secret))?;
    }
    writeln!(out, "scopes = {}", list(oidc.scopes.iter().map(|scope| format!("{scope:?}"))))?;
    writeln!(out, "name_claim = {:?}\ngroups_claim = {:?}", oidc.name_claim, oidc.groups_claim)?;
    for role in Role::ALL {
        let groups = oidc.groups.iter().filter(|(_, of)| **of == role).map(|(group, _)| format!("{group:?}"));
        writeln!(out, "{role}_groups = {}", list(groups))?;
    }
    Ok(())
}

fn write_environment(out: &mut String, environment: &Environment) -> std::fmt::Result {
    let name = &environment.name;
    writeln!(out, "\n[environments.{name}]\nmode = \"{}\"", environment.mode)?;
    writeln!(out, "webhook_secrets = {}", shapes(&environment.webhook_secrets))?;
    if let Some(key) = &environment.api_key {
        writeln!(out, "api_key = {}", quoted_shape(key))?;
    }
    writeln!(out, "api_url = \"{}\"", environment.api_url)?;
    writeln!(out, "careful_calls_per_minute = {}", environment.careful_calls_per_minute)?;
    writeln!(out, "signature_tolerance = \"{}\"", Step::Left(environment.signature_tolerance))?;
    if let Some(expected) = environment.silence {
        writeln!(out, "alert_silence = \"{}\"", alerts::shown(expected))?;
    }
    let zone = &environment.rules.for_template(None).courtesy.quiet.time_zone;
    writeln!(out, "time_zone = \"{}\"", zone.iana_name().unwrap_or("UTC"))?;
    for (template, rules) in environment.rules.iter() {
        writeln!(out, "\n[environments.{name}.templates.{template}]")?;
        write_rules(out, rules)?;
    }
    Ok(())
}

fn write_rules(out: &mut String, rules: &Rules) -> std::fmt::Result {
    writeln!(out, "reminders = {}", list(rules.reminders.iter().map(|step| format!("\"{step}\""))))?;
    writeln!(out, "link = \"{}\"", rules.link)?;
    writeln!(out, "notify = {}", list(rules.notify.iter().map(|name| format!("\"{name}\""))))?;
    writeln!(out, "lifetime = \"{}\"", Step::Left(rules.lifetime))?;
    writeln!(out, "max_reminders = {}\nholdout = \"{}\"", rules.max_reminders, rules.holdout)?;
    let Courtesy { quiet, limits } = &rules.courtesy;
    if let Some(night) = quiet.night {
        writeln!(out, "quiet_hours = \"{night}\"")?;
    }
    if !quiet.days_off.is_empty() {
        writeln!(out, "days_off = {}", list(quiet.days_off.iter().map(|day| format!("\"{day}\""))))?;
    }
    if let Some(most) = limits.most {
        writeln!(out, "max_notices_per_person = \"{most}\"")?;
    }
    if let Some(spacing) = limits.spacing {
        writeln!(out, "notice_spacing = \"{}\"", Step::Left(spacing))?;
    }
    if !rules.address_fields.is_empty() {
        writeln!(out, "address_fields = {}", list(rules.address_fields.iter().map(|name| format!("{name:?}"))))?;
    }
    Ok(())
}

fn shapes(secrets: &[SecretString]) -> String {
    list(secrets.iter().map(quoted_shape))
}

/// Every secret here was checked to have a known beginning, so its shape is a quoted text.
fn quoted_shape(secret: &SecretString) -> String {
    secret::shape(secret.expose_secret())
}

fn list(parts: impl Iterator<Item = String>) -> String {
    format!("[{}]", parts.collect::<Vec<_>>().join(", "))
}
