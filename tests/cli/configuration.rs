//! What is configured, by file and by variable, and the mistakes that stop the start.

use super::process::{Installation, webhook_secret};

fn observing(more: &str) -> String {
    let secret = webhook_secret("sandbox");
    format!("[environments.sandbox]\nmode = \"observe\"\nwebhook_secrets = [\"{secret}\"]\n{more}")
}

/// Each mistake with its key, its value where that is no secret, and the remedy; all of them at once.
#[tokio::test]
async fn mistakes_stop_every_command() {
    let rekindle = Installation::new(
        r#"
        database_url = "mysql://nobody"
        [environments.sandbox]
        mode = "dance"
        webhook_secret = ["wbhsec_x-2222-3333-4444-555555555555"]
        api_key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        [environments.sandbox.templates.default]
        reminders = ["soon"]
        [notifiers.app]
        type = "webhook"
        url = "http://app.example.com/rekindle"
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        [worker]
        concurrency = 0
        "#,
    );
    let told = rekindle.refused(&["serve"]).await;
    for part in [
        "rekindle: the configuration has 8 mistakes:\n",
        "  database_url = \"mysql://nobody/…\": is no database we know; use \"sqlite://…\" or \"postgres://…\"",
        "  environments.sandbox.mode = \"dance\": is no mode; use \"act\" or \"observe\"",
        "  environments.sandbox.webhook_secret: is no known key; did you mean `webhook_secrets`?",
        "  environments.sandbox.webhook_secrets: is needed",
        "  environments.sandbox.api_key = a 32-character text: is no API key",
        "  environments.sandbox.templates.default.reminders[0] = \"soon\": is no duration",
        "  notifiers.app.url = \"http://app.example.com/…\": must begin with https://",
        "  worker.concurrency = 0: must be a whole number from 1 to 1024",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(rekindle.refused(&["events", "list"]).await, told, "whatever the command");
    assert_eq!(rekindle.refused(&["migrate"]).await, told);
    assert!(!rekindle.file("rekindle.db").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_file_that_is_none_stops_the_start() {
    let rekindle = Installation::new("");
    let told = rekindle.refused(&["serve", "--config", "elsewhere.toml"]).await;
    assert_eq!(told, "rekindle: there is no configuration file elsewhere.toml\n");
    rekindle.configure("[environments.sandbox\nwebhook_secrets = [\"wbhsec_x-2222-3333-4444-555555555555\"]");
    let told = rekindle.refused(&["serve"]).await;
    assert!(told.starts_with("rekindle: the configuration is no valid TOML: "), "{told}");
    rekindle.configure("");
    let told = rekindle.refused(&["serve"]).await;
    assert!(told.starts_with("rekindle: no environment is configured; add [environments.<name>]"), "{told}");
}

#[tokio::test]
async fn variables_win_over_the_file_and_are_named_in_mistakes() {
    let mut rekindle = Installation::new(&format!("database_url = \"sqlite://file.db\"\n{}", observing("")));
    rekindle.set("REKINDLE_DATABASE_URL", "sqlite://variable.db");
    assert_eq!(rekindle.run(&["migrate"]).await.out, "sqlite://variable.db: the schema is up to date\n");
    assert!(rekindle.file("variable.db").exists() && !rekindle.file("file.db").exists());

    rekindle.set("REKINDLE_ENVIRONMENTS__SANDBOX__MODE", "dance");
    let told = rekindle.refused(&["serve"]).await;
    let mistake = "environments.sandbox.mode = \"dance\": is no mode; use \"act\" or \"observe\" \
                   (set by REKINDLE_ENVIRONMENTS__SANDBOX__MODE)";
    assert!(told.contains(mistake), "{told}");
}

/// Nothing but variables, as in a container.
#[tokio::test]
async fn variables_alone_are_enough() {
    let mut rekindle = Installation::new("");
    std::fs::remove_file(rekindle.file("rekindle.toml")).unwrap();
    let (public, internal) = (rekindle.public, rekindle.internal);
    rekindle.set("REKINDLE_LISTEN__PUBLIC", public.to_string());
    rekindle.set("REKINDLE_LISTEN__INTERNAL", internal.to_string());
    rekindle.set("REKINDLE_ENVIRONMENTS__SANDBOX__MODE", "observe");
    rekindle.set("REKINDLE_ENVIRONMENTS__SANDBOX__WEBHOOK_SECRETS", webhook_secret("sandbox"));
    rekindle.start().await;
    let (status, answer) = rekindle.deliver("sandbox", b"{}").await;
    assert_eq!((status, answer.as_str()), (200, r#"{"outcome":"unreadable"}"#));
    assert!(rekindle.file("rekindle.db").exists(), "where it is by default");
}

#[tokio::test]
async fn a_variable_can_name_the_file() {
    let mut rekindle = Installation::new("");
    std::fs::write(rekindle.file("other.toml"), format!("database_url = \"sqlite://other.db\"\n{}", observing("")))
        .unwrap();
    rekindle.set("REKINDLE_CONFIG", "other.toml");
    assert_eq!(rekindle.run(&["migrate"]).await.out, "sqlite://other.db: the schema is up to date\n");
    rekindle.set("REKINDLE_CONFIG", "none.toml");
    let told = rekindle.refused(&["migrate"]).await;
    assert_eq!(told, "rekindle: there is no configuration file none.toml\n");
}

/// Every command, as `--help` lists them, says what it is and what each of its options does.
#[tokio::test]
async fn every_help_text_is_whole() {
    let rekindle = Installation::new("");
    let mut commands = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = commands.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let said = rekindle.run(&arguments).await;
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{arguments:?}");
        let first = said.out.lines().next().unwrap();
        assert!(first.len() > 8 && !first.ends_with('.'), "{arguments:?}: {first:?}");
        assert!(said.out.contains("Usage: rekindle"), "{arguments:?}");
        for line in section(&said.out, "Commands:").filter(|line| !line.trim_start().starts_with("help ")) {
            let (name, about) = line.trim().split_once(' ').unwrap_or((line, ""));
            assert!(about.trim().len() > 8, "{arguments:?}: {name} is not explained");
            commands.push([&command[..], &[name.to_owned()]].concat());
        }
        for line in section(&said.out, "Options:").filter(|line| line.trim_start().starts_with('-')) {
            let explained = line.trim().split("  ").filter(|part| !part.trim().is_empty()).count() > 1;
            assert!(explained, "{arguments:?}: {line:?} is not explained");
        }
        seen += 1;
    }
    assert!(seen >= 18, "only {seen} commands were found");
}

fn section<'a>(help: &'a str, heading: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = help.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| !line.is_empty())
}
