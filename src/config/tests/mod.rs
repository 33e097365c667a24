mod alerts;
mod files;
mod links;
mod mistakes;
mod sign_in;

use std::fs;

use jiff::SignedDuration;
use secrecy::ExposeSecret;

use super::*;
use crate::domain::ids::TemplateId;
use crate::domain::rules::{LinkForm, Step};

const SECRET: &str = "wbhsec_00000000-1111-2222-3333-444444444444";
const KEY: &str = "persona_production_00000000-1111-2222";
const SIGNING: &str = "whsec_cmVraW5kbGUtdGVzdC1zaWduaW5nLXNlY3JldC0wMDE=";

/// A configuration with nothing wrong in it, and `more` after it.
fn good(more: &str) -> String {
    format!("[environments.production]\nwebhook_secrets = [\"{SECRET}\"]\napi_key = \"{KEY}\"\n{more}")
}

fn assert_no_secret(text: &str) {
    for secret in ["00000000-1111", "cmVraW5kbGU", "hunter2", "pa55"] {
        assert!(!text.contains(secret), "{secret} is in: {text}");
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn with(toml: &str, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::assemble(toml, Path::new(""), variables(pairs))
}

#[test]
fn nothing_configured_is_all_defaults() {
    let config = Config::from_toml("").unwrap();
    assert_eq!(config.database_url.expose(), "sqlite://rekindle.db");
    assert_eq!(config.database_url.kind(), DatabaseKind::Sqlite);
    assert_eq!(config.listen.public.to_string(), "127.0.0.1:8700");
    assert_eq!(config.listen.internal.to_string(), "127.0.0.1:8701");
    assert_eq!(config.limits.body_bytes, 1_048_576);
    assert_eq!(config.worker.lease.as_millis(), 2500);
    assert_eq!(config.reconcile.every, SignedDuration::from_mins(15));
    assert_eq!(config.retention.events, SignedDuration::from_hours(400 * 24));
    assert_eq!(config.warnings(), Vec::<String>::new());
    assert!(matches!(config.require_environments(), Err(ConfigError::NoEnvironments)));
}

#[test]
fn an_environment_is_read_whole() {
    let config = Config::from_toml(&good(&format!(
        "signature_tolerance = \"2h\"\n\
         [environments.production.templates.default]\nreminders = [\"80%\", \"1h\"]\nlink = \"one-time-short\"\n\
         [environments.production.templates.itmpl_Ab1]\nlifetime = \"7d\"\nmax_reminders = 2\n\
         [notifiers.app]\ntype = \"webhook\"\nurl = \"https://app.example.com/rekindle\"\nsecret = \"{SIGNING}\"\n"
    )))
    .unwrap();
    let environment = config.require_environments().unwrap().environments.values().next().unwrap();
    assert_eq!((environment.name.as_str(), environment.mode), ("production", Mode::Act));
    assert_eq!(environment.webhook_secrets[0].expose_secret(), SECRET);
    assert_eq!(environment.api_key.as_ref().unwrap().expose_secret(), KEY);
    assert_eq!(environment.api_url.as_str(), PERSONA_API_URL);
    assert_eq!(environment.signature_tolerance, SignedDuration::from_hours(2));

    let default = environment.rules.for_template(None);
    assert_eq!(default.reminders, [Step::Gone { percent: 80 }, Step::Left(SignedDuration::from_hours(1))]);
    assert_eq!((default.link, default.max_reminders), (LinkForm::OneTimeShort, 6));
    assert_eq!(default.notify[0].as_str(), "app", "the only notifier there is");
    let own = environment.rules.for_template(Some(&TemplateId::parse("itmpl_Ab1").unwrap()));
    assert_eq!((own.link, own.max_reminders, own.lifetime.as_hours()), (LinkForm::OneTimeShort, 2, 168));
    assert_eq!(own.reminders, default.reminders, "inherited");
    assert_eq!(environment.rules.for_template(Some(&TemplateId::parse("itmpl_Zz9").unwrap())), default);
    assert_no_secret(&format!("{config:?}"));
}

#[test]
fn every_change_of_a_rule_changes_the_fingerprint() {
    let of = |rules: &str| {
        let toml = good(&format!("{rules}\n[notifiers.app]\ntype = \"log\"\n[notifiers.mail]\ntype = \"log\"\n"));
        Config::from_toml(&toml).unwrap().environments.values().next().unwrap().rules.fingerprint()
    };
    let section = "[environments.production.templates.default]\nnotify = [\"app\"]\n";
    let mut seen = vec![of(section)];
    for rules in [
        "[environments.production.templates.default]\nnotify = [\"mail\"]\n",
        "[environments.production.templates.default]\nnotify = [\"app\", \"mail\"]\n",
        &format!("{section}reminders = [\"50%\"]\n"),
        &format!("{section}reminders = [\"3h\", \"50%\"]\n"),
        &format!("{section}link = \"one-time-short\"\n"),
        &format!("{section}lifetime = \"25h\"\n"),
        &format!("{section}max_reminders = 5\n"),
        &format!("{section}holdout = \"10%\"\n"),
        &format!("{section}[subscriptions.shop]\nnotifier = \"app\"\nevents = [\"link.opened\"]\n"),
        &format!("{section}[subscriptions.shop]\nnotifier = \"mail\"\nevents = [\"link.opened\"]\n"),
        &format!("{section}[subscriptions.shop]\nnotifier = \"app\"\nevents = [\"person.finished\"]\n"),
        &format!("{section}[environments.production.templates.itmpl_1]\nmax_reminders = 5\n"),
        &format!("{section}[environments.production.templates.itmpl_2]\nmax_reminders = 5\n"),
    ] {
        let fingerprint = of(rules);
        assert!(!seen.contains(&fingerprint), "{fingerprint} again, for {rules}");
        seen.push(fingerprint);
    }
    assert_eq!(of(&format!("mode = \"observe\"\n{section}")), seen[0], "the mode has no part in it");
}

#[test]
fn variables_lie_over_the_file() {
    let config = with(
        &good(
            "[listen]\npublic = \"127.0.0.1:9000\"\n[environments.production.templates.itmpl_Ab1]\nlifetime = \"2d\"\n",
        ),
        &[
            ("REKINDLE_LISTEN__PUBLIC", "0.0.0.0:80"),
            ("REKINDLE_DATABASE_URL", "postgres://ada@db.example.com/rekindle"),
            ("REKINDLE_WORKER__CONCURRENCY", "3"),
            ("REKINDLE_ENVIRONMENTS__PRODUCTION__TEMPLATES__DEFAULT__REMINDERS", "50%, 1h"),
            ("REKINDLE_ENVIRONMENTS__PRODUCTION__TEMPLATES__itmpl_Ab1__REMINDERS", "[\"30m\"]"),
            ("REKINDLE_ENVIRONMENTS__SANDBOX__MODE", "observe"),
            ("REKINDLE_ENVIRONMENTS__SANDBOX__WEBHOOK_SECRETS", SECRET),
            ("REKINDLE_ENVIRONMENTS__SANDBOX__API_KEY", ""),
            ("REKINDLE_CONFIG", "elsewhere.toml"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen.public.to_string(), "0.0.0.0:80");
    assert_eq!(config.database_url.kind(), DatabaseKind::Postgres);
    assert_eq!(config.worker.concurrency, 3);
    assert_eq!(config.environments.len(), 2);
    let rules = &config.environments[&EnvironmentName::parse("production").unwrap()].rules;
    assert_eq!(rules.for_template(None).reminders.len(), 2);
    let own = rules.for_template(Some(&TemplateId::parse("itmpl_Ab1").unwrap()));
    assert_eq!((own.reminders.len(), own.lifetime.as_hours()), (1, 48));
}

#[test]
fn secrets_come_from_files_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("hooks", &format!("{SECRET}\n\nwbhsec_99999999-1111-2222-3333-444444444444\n"));
    write("key", &format!("{KEY}\n"));
    write("signing", SIGNING);
    write("bad", "hunter2\n");
    let toml = "[environments.production]\nwebhook_secrets_file = \"hooks\"\napi_key_file = \"key\"\n\
                [notifiers.app]\ntype = \"webhook\"\nurl = \"https://app.example.com/\"\nsecret_file = \"signing\"\n";
    write("rekindle.toml", toml);
    let config = Config::load(Some(&folder.path().join("rekindle.toml"))).unwrap();
    let environment = config.environments.values().next().unwrap();
    assert_eq!(environment.webhook_secrets.len(), 2);
    assert_eq!(environment.api_key.as_ref().unwrap().expose_secret(), KEY);
    assert!(
        matches!(config.notifiers.values().next(), Some(NotifierConfig::Webhook { secrets, .. }) if secrets.len() == 1)
    );

    write("rekindle.toml", &toml.replace("\"key\"", "\"bad\"").replace("\"hooks\"", "\"nowhere\""));
    let told = Config::load(Some(&folder.path().join("rekindle.toml"))).unwrap_err().to_string();
    assert!(told.contains("environments.production.webhook_secrets_file = \"nowhere\": can't be read from "), "{told}");
    assert!(told.contains("environments.production.api_key_file = a 7-character text: is no API key;"), "{told}");
    assert_no_secret(&told);
}

#[test]
fn master_keys_are_given_in_place_or_kept_in_a_file() {
    let (one, other) = (crate::vault::MasterKey::make().unwrap(), crate::vault::MasterKey::make().unwrap());
    let both = format!("{},{}", *one.expose(), *other.expose());
    let config = with("", &[("REKINDLE_MASTER_KEY", &both)]).unwrap();
    let keyring = config.master_keys.given().unwrap();
    assert_eq!((keyring.current().id(), keyring.iter().count()), (one.id(), 2), "the first one is current");
    for shown in [format!("{config:?}"), config.redacted()] {
        assert!(!shown.contains(&*one.expose()) && !shown.contains(&*other.expose()), "{shown}");
    }
    assert!(config.redacted().contains("# master_key: 2 given\n"));

    assert!(matches!(with("", &[]).unwrap().master_keys, MasterKeys::BesideTheDatabase));
    let folder = Config::assemble("master_key_file = \"keys\"", Path::new("/etc/rekindle"), []).unwrap();
    assert!(matches!(&folder.master_keys, MasterKeys::File(path) if path == Path::new("/etc/rekindle/keys")));
    assert!(folder.redacted().contains("master_key_file = \"/etc/rekindle/keys\"\n"));

    let twice = format!("{0},{0}", *one.expose());
    for (toml, key, told) in [
        ("", "hunter2", "master_key[0] = a 7-character text: is no master key;"),
        ("", &*twice, "master_key: is there twice; remove one of the two"),
        ("master_key_file = \"keys\"", &*one.expose(), "master_key: is given, and master_key_file too;"),
    ] {
        let error = with(toml, &[("REKINDLE_MASTER_KEY", key)]).unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("hunter2") && !error.contains(&*one.expose()), "{error}");
    }
}

#[test]
fn a_named_file_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no.toml");
    assert!(matches!(Config::load(Some(&missing)), Err(ConfigError::Missing(path)) if path == missing));
    assert!(matches!(Config::load(Some(folder.path())), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn what_is_probably_not_meant_is_said() {
    let warnings = |toml: &str| Config::from_toml(toml).unwrap().warnings();
    assert_eq!(
        warnings(&good("")),
        ["notifiers: none is configured, so no reminder can be handed over; add [notifiers.<name>]"]
    );
    let toml = good(&format!(
        "[environments.production.templates.default]\nreminders = [\"24h\", \"10%\", \"1h\"]\nmax_reminders = 2\n\
         [environments.production.templates.itmpl_1]\nnotify = []\n\
         [environments.other]\nwebhook_secrets = [\"{SECRET}\"]\napi_key = \"persona_elsewhere_123\"\n\
         [notifiers.app]\ntype = \"webhook\"\nurl = \"https://app.example.com/\"\nsecret = \"whsec_c2hvcnQ=\"\n\
         [listen]\ninternal = \"0.0.0.0:8701\"\n"
    ));
    assert_eq!(
        warnings(&toml),
        [
            "listen.internal = \"0.0.0.0:8701\": can be reached from other machines and asks nobody who they are; let only operators through to it",
            "notifiers.app: a signing secret is shorter than the 24 bytes that are advised",
            "environments.other.api_key: belongs neither to a production nor to a sandbox environment",
            "environments.production.templates.default.reminders[0] = \"1d\": is no less than the lifetime of 1d, so it is due the moment an inquiry begins",
            "environments.production.templates.default.max_reminders = 2: cuts off the last of the 3 reminders configured",
            "environments.production.templates.itmpl_1.notify: names nobody, so its reminders go nowhere; write reminders = [] to have none",
            "environments.production.templates.itmpl_1.reminders[0] = \"1d\": is no less than the lifetime of 1d, so it is due the moment an inquiry begins",
            "environments.production.webhook_secrets: shares a secret with environments.other; each webhook of Persona has its own",
        ]
    );
}

#[test]
fn links_that_open_once_are_warned_of_where_access_links_are_possible() {
    let toml = |link: &str, top: &str| {
        let notifier = "[notifiers.app]\ntype = \"webhook\"\nurl = \"https://app.example.com/\"";
        let rules = format!("[environments.production.templates.default]\nlink = \"{link}\"");
        let whole = good(&format!("{rules}\n{notifier}\nsecret = \"{SIGNING}\"\n"));
        Config::from_toml(&format!("{top}\n{whole}")).unwrap().warnings()
    };
    let public = "public_url = \"https://id.example.com\"";
    assert_eq!(toml("access", public), Vec::<String>::new());
    assert_eq!(toml("one-time", ""), Vec::<String>::new(), "there is no other way");
    let told = toml("one-time", public);
    assert!(told.len() == 1 && told[0].contains("templates.default.link: one-time links open once"), "{told:?}");
}

#[test]
fn a_subscription_stands_among_the_rules_it_is_for() {
    let config = Config::from_toml(&good(
        "[environments.production.templates.itmpl_1]\nmax_reminders = 2\n\
         [environments.other]\nmode = \"observe\"\nwebhook_secrets = []\n\
         [notifiers.app]\ntype = \"log\"\n[customers.acme]\ntags = [\"acme\"]\n\
         [subscriptions.all]\nnotifier = \"app\"\nevents = [\"person.finished\", \"link.opened\"]\n\
         [subscriptions.own]\nnotifier = \"app\"\nevents = [\"inquiry.replaced\"]\nenvironment = \"production\"\n\
         template = \"itmpl_2\"\ncustomer = \"acme\"\n",
    ))
    .unwrap();
    let of = |environment: &str, template: Option<&str>| -> Vec<String> {
        let environment = &config.environments[&EnvironmentName::parse(environment).unwrap()];
        let template = template.map(|id| TemplateId::parse(id).unwrap());
        let rules = environment.rules.for_template(template.as_ref());
        rules.subscriptions.iter().map(|one| one.name.to_string()).collect()
    };
    assert_eq!(of("production", None), ["all"]);
    assert_eq!(of("production", Some("itmpl_1")), ["all"]);
    assert_eq!(of("production", Some("itmpl_2")), ["all", "own"]);
    assert_eq!(of("other", Some("itmpl_2")), ["all"]);
    let shown = config.redacted();
    assert!(shown.contains("[subscriptions.own]\nnotifier = \"app\"\nevents = [\"inquiry.replaced\"]\n"), "{shown}");
    assert!(shown.contains("customer = \"acme\"\ntemplate = \"itmpl_2\"\n"), "{shown}");
}

#[test]
fn the_redacted_text_is_toml_without_secrets() {
    let config = Config::from_toml(&good(&format!(
        "database_url_not_here = 1\n[notifiers.app]\ntype = \"webhook\"\nurl = \"https://app.example.com/hunter2\"\nsecret = \"{SIGNING}\"\n"
    ).replace("database_url_not_here = 1\n", "")))
    .unwrap();
    let text = config.redacted();
    assert_no_secret(&text);
    // With the secrets filled in again it is the same configuration.
    let filled = text
        .replace("\"wbhsec_…\"", &format!("\"{SECRET}\""))
        .replace("\"persona_production_…\"", &format!("\"{KEY}\""))
        .replace("\"whsec_…\"", &format!("\"{SIGNING}\""));
    assert_eq!(Config::from_toml(&filled).unwrap().redacted(), text);
}
