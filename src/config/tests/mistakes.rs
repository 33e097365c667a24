use super::*;

/// The configuration is refused with exactly these mistakes, and gives no secret away.
fn check(toml: &str, expected: &[&str]) {
    let error = Config::from_toml(toml).expect_err(toml);
    let ConfigError::Invalid(problems) = &error else { panic!("{error} for {toml}") };
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected, "for {toml}");
    assert_no_secret(&format!("{error} {error:?}"));
}

#[test]
fn mistakes_in_secrets() {
    check(
        "[environments.production]\nmode = \"act\"\n",
        &[
            "environments.production.webhook_secrets: is needed, as no delivery can be verified without; copy the secret (wbhsec_…) from the webhook's page in Persona's dashboard, or write webhook_secrets = [] and let `rekindle persona setup` keep it",
            "environments.production.api_key: is needed in mode \"act\", as one-time links are minted at Persona; add it, or set mode = \"observe\" to plan and show without acting",
        ],
    );
    check(
        &format!("[environments.a]\nmode = \"observe\"\nwebhook_secrets = [\"{KEY}\", \"wbhsec_x\", \"hunter2\"]\n"),
        &[
            "environments.a.webhook_secrets[0] = \"persona_production_…\": is no webhook secret; Persona's begin with \"wbhsec_\", see the webhook's page in its dashboard",
            "environments.a.webhook_secrets[1] = \"wbhsec_…\": is too short for a webhook secret; copy the whole of it from Persona's dashboard",
            "environments.a.webhook_secrets[2] = a 7-character text: is no webhook secret; Persona's begin with \"wbhsec_\", see the webhook's page in its dashboard",
        ],
    );
    check(
        &format!("[environments.a]\nwebhook_secrets = [\"{SECRET}\", \"{SECRET}\"]\napi_key = \"persona_pa55 pa55\"\n"),
        &[
            "environments.a.webhook_secrets[1] = \"wbhsec_…\": is there twice; leave one of them out",
            "environments.a.api_key = \"persona_…\": holds white space; copy the secret alone",
        ],
    );
    check(
        &format!("[environments.a]\nwebhook_secrets = [\"{SECRET}\"]\napi_key = 5\n"),
        &["environments.a.api_key: is a number, but must be a text in quotes"],
    );
    check(
        &good(&format!("api_kye = \"{KEY}\"\n")),
        &["environments.production.api_kye: is no known key; did you mean `api_key`?"],
    );
    check(
        &good("api_key_file = \"key\"\n"),
        &["environments.production.api_key: is given, and api_key_file too; keep one of the two"],
    );
    check(
        "[notifiers.app]\ntype = \"webhook\"\nurl = \"https://app.example.com\"\nsecret = \"whsec_pa55!\"\n",
        &[
            "notifiers.app.secret = \"whsec_…\": is no signing secret; it must be \"whsec_\" and base64, for instance by: echo whsec_$(openssl rand -base64 32)",
        ],
    );
}

#[test]
fn mistakes_in_rules() {
    let section = "[environments.production.templates.default]\n";
    check(
        &good(&format!(
            "{section}reminders = [\"50%\", \"3 hourz\", \"0%\", 5]\nlnk = \"one-time\"\nlifetime = \"soon\"\n"
        )),
        &[
            "environments.production.templates.default.reminders[3]: is a number, but must be a text in quotes",
            "environments.production.templates.default.reminders[1] = \"3 hourz\": is no duration; write it like \"3h\", \"30m\", \"90s\" or \"2d\"",
            "environments.production.templates.default.reminders[2] = \"0%\": is no share of the lifetime; use a whole number from 1% to 99%",
            "environments.production.templates.default.lifetime = \"soon\": is no duration; write it like \"3h\", \"30m\", \"90s\" or \"2d\"",
            "environments.production.templates.default.lnk: is no known key; did you mean `link`?",
        ],
    );
    check(
        &good(&format!("{section}reminders = [\"90m\", \"1h30m\"]\nlink = \"short\"\nmax_reminders = 0\n")),
        &[
            "environments.production.templates.default.reminders[1] = \"1h30m\": repeats an earlier step; leave one of them out",
            "environments.production.templates.default.link = \"short\": is no link form; use \"access\", \"one-time\" or \"one-time-short\"",
            "environments.production.templates.default.max_reminders = 0: must be a whole number from 1 to 50",
        ],
    );
    check(
        &good("[environments.production.templates.itmplv_1]\n[environments.production.templates.defualt]\n"),
        &[
            "environments.production.templates.defualt: is no template; use \"default\", or the template's id as Persona's dashboard shows it (itmpl_…)",
            "environments.production.templates.itmplv_1: is no template; use \"default\", or the template's id as Persona's dashboard shows it (itmpl_…)",
        ],
    );
    check(
        &good(&format!("{section}notify = [\"app\"]\n")),
        &[
            "environments.production.templates.default.notify[0] = \"app\": is no notifier; none is configured, add [notifiers.<name>]",
        ],
    );
}

#[test]
fn mistakes_in_notifiers() {
    let two = "[notifiers.app]\ntype = \"log\"\n[notifiers.mail]\ntype = \"log\"\n";
    check(
        &good(two),
        &[
            "environments.production.templates.default.notify: is needed, as there are several notifiers; name those to be told: app, mail",
        ],
    );
    check(
        &good(&format!("[environments.production.templates.default]\nnotify = [\"ap\", \"app\", \"app\"]\n{two}")),
        &[
            "environments.production.templates.default.notify[0] = \"ap\": is no notifier; configured are: app, mail",
            "environments.production.templates.default.notify[2] = \"app\": is named twice; leave one of them out",
        ],
    );
    check(
        "[notifiers.App]\ntype = \"log\"\n[notifiers.a]\n[notifiers.b]\ntype = \"mail\"\n[notifiers.c]\ntype = \"log\"\nurl = \"x\"\n",
        &[
            "notifiers.App: is no usable name; use small letters, digits, _ and -, at most 64 of them",
            "notifiers.a.type: is needed; use \"email\", \"webhook\" or \"log\"",
            "notifiers.b.type = \"mail\": is no type of notifier; use \"email\", \"webhook\" or \"log\"",
            "notifiers.c.url: is no known key; known here: type",
        ],
    );
    check(
        &format!(
            "[notifiers.a]\ntype = \"webhook\"\nurl = \"http://ada:pa55@app.example.com/pa55\"\nsecret = \"{SIGNING}\"\nsecrets = [\"{SIGNING}\"]\n"
        ),
        &[
            "notifiers.a.url = \"http://app.example.com/…\": must begin with https://; http:// is only for this machine (localhost, 127.0.0.1, [::1])",
            "notifiers.a.secret: is given more than once; keep one of secret, secrets and secret_file",
        ],
    );
    check(
        "[notifiers.a]\ntype = \"webhook\"\n",
        &[
            "notifiers.a.url: is needed; it is where notices are posted to",
            "notifiers.a.secret: is needed; what is sent is signed with it. Make one by: echo whsec_$(openssl rand -base64 32)",
        ],
    );
}

#[test]
fn mistakes_in_subscriptions() {
    let all = "inquiry.revived, inquiry.replaced, link.opened, person.finished, person.given_up";
    check(
        &good("[subscriptions.shop]\nevents = []\n"),
        &[
            "subscriptions.shop.notifier: is needed; it says who is told",
            &format!("subscriptions.shop.events: is needed; name some of: {all}"),
        ],
    );
    check(
        &good(
            "[notifiers.app]\ntype = \"log\"\n[subscriptions.shop]\nnotifier = \"apt\"\n\
             events = [\"person.finished\", \"person.finished\", \"inquiry.reminder\"]\n\
             environment = \"sandbox\"\ncustomer = \"acme\"\ncustomers = []\n",
        ),
        &[
            "subscriptions.shop.notifier = \"apt\": is not configured; there are: app",
            "subscriptions.shop.events[1] = \"person.finished\": is named twice; leave one of them out",
            &format!("subscriptions.shop.events[2] = \"inquiry.reminder\": is nothing to subscribe to; use: {all}"),
            "subscriptions.shop.environment = \"sandbox\": is not configured; there are: production",
            "subscriptions.shop.customer = \"acme\": is not configured; add [customers.<name>]",
            "subscriptions.shop.customers: is no known key; did you mean `customer`?",
        ],
    );
    check(
        &good("[environments.production.templates.default]\nholdout = \"60%\"\n"),
        &[
            "environments.production.templates.default.holdout = \"60%\": is no share of people; use a whole number from 0% to 50%",
        ],
    );
}

#[test]
fn mistakes_in_settings() {
    check(
        "listen = 5\nlog = \"json\"\n",
        &["listen: is a number, but must be a section [listen]", "log: is a text, but must be a section [log]"],
    );
    check(
        "database_url = \"mysql://ada:pa55@db/rekindle\"\n[listen]\npublic = \"localhost\"\n[listne]\n",
        &[
            "database_url = \"mysql://db/…\": is no database we know; use \"sqlite://…\" or \"postgres://…\"",
            "listen.public = \"localhost\": is no address; write an IP address and a port, like \"127.0.0.1:8700\" or \"[::]:8700\"",
            "listne: is no known key; did you mean `listen`?",
        ],
    );
    check(
        "[listen]\npublic = \"0.0.0.0:8701\"\n",
        &["listen.internal = \"127.0.0.1:8701\": is taken by listen.public = \"0.0.0.0:8701\"; give it another port"],
    );
    check(
        "[limits]\nheader_bytes = 100\nconnections = -1\nbody_timeout = \"1.5s\"\n",
        &[
            "limits.header_bytes = 100: must be a whole number from 8192 to 1048576",
            "limits.connections = -1: must be a whole number from 1 to 65536",
            "limits.body_timeout = \"1.5s\": is no duration; write it like \"3h\", \"30m\", \"90s\" or \"2d\"",
        ],
    );
    check(
        "[worker]\nlease_ms = 900\nrenew_ms = 500\nconcurrency = \"many\"\n",
        &[
            "worker.concurrency = \"many\": must be a whole number from 1 to 1024",
            "worker.renew_ms = 500: is too rare for lease_ms = 900: a claim must survive one missed renewal, so use at most half of it",
        ],
    );
    check(
        "[log]\nformat = \"xml\"\nfilter = \"rekindle=loud\"\n",
        &[
            "log.format = \"xml\": is no format; use \"auto\", \"text\" or \"json\"",
            "log.filter = \"rekindle=loud\": is no log filter; write it like \"info\" or \"info,rekindle=debug\"",
        ],
    );
}

#[test]
fn mistakes_in_environments() {
    check(
        &format!(
            "[environments.Prod]\nwebhook_secrets = [\"{SECRET}\"]\napi_key = \"{KEY}\"\nmode = \"acct\"\napi_url = \"http://api.example.com\"\n[environments]\nx = 1\n"
        ),
        &[
            "environments.x: is a number, but must be a section [environments.x]",
            "environments.Prod: is no usable name; use small letters, digits, _ and -, at most 64 of them",
            "environments.Prod.mode = \"acct\": is no mode; use \"act\" or \"observe\"",
            "environments.Prod.api_url = \"http://api.example.com\": must begin with https://; http:// is only for this machine (localhost, 127.0.0.1, [::1])",
        ],
    );
}

#[test]
fn mistakes_in_upkeep() {
    check(
        "[reconcile]\nevery = \"30s\"\noverlap = \"1m\"\nsilence = \"never\"\n",
        &[
            "reconcile.silence = \"never\": is no duration; write it like \"3h\", \"30m\", \"90s\" or \"2d\"",
            "reconcile.every = \"30s\": is too short: each run takes a few of Persona's 300 calls a minute; use at least \"1m\"",
            "reconcile.overlap = \"1m\": is too short: Persona's search is about a minute behind; use at least \"2m\"",
        ],
    );
    check(
        "[retention]\npayloads = \"2d\"\nevents = \"30d\"\n",
        &[
            "retention.payloads = \"2d\": is too short: Persona sends an event again for about two days; use at least \"2d4h\"",
            "retention.events = \"30d\": is too short: Persona can send an event again for 30 days; use at least \"31d\"",
        ],
    );
    check(
        &good("signature_tolerance = \"200d\"\n[retention]\npayloads = \"60d\"\nevents = \"40d\"\n"),
        &[
            "retention.events = \"40d\": is too short: payloads are kept that long; use at least \"60d\"",
            "retention.events = \"40d\": is too short: a signature_tolerance takes deliveries that old; use at least \"200d\"",
        ],
    );
}

#[test]
fn a_toml_error_quotes_no_line() {
    let error =
        Config::from_toml(&format!("[environments.production]\napi_key = \"{KEY}\nmode = \"act\"\n")).unwrap_err();
    assert!(matches!(error, ConfigError::Syntax(_)));
    let told = error.to_string();
    assert!(told.starts_with("the configuration is no valid TOML: TOML parse error at line 2, column "), "{told}");
    assert_no_secret(&format!("{error:?} {told}"));
}

#[test]
fn a_mistake_in_a_variable_names_it() {
    let error =
        with("[log]\nformat = \"text\"\n", &[("REKINDLE_LOG__FORMAT", "xml"), ("REKINDLE_LOGS", "x")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration has 2 mistakes:\n  \
         log.format = \"xml\": is no format; use \"auto\", \"text\" or \"json\" (set by REKINDLE_LOG__FORMAT)\n  \
         logs: is no known key; did you mean `log`? (set by REKINDLE_LOGS)"
    );
}
