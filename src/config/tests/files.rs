//! The configurations that come with the project are configurations.

use super::*;

const EXAMPLE: &str = include_str!("../../../rekindle.example.toml");
const MASTER_KEY: &str = "YW4gaW52ZW50ZWQgbWFzdGVyIGtleSBvZiAzMiBieXQ=";
const COMPOSE: &str = include_str!("../../../docker-compose.yml");

#[test]
fn the_example_loads_and_warns_of_nothing() {
    let config = Config::from_toml(EXAMPLE).unwrap();
    assert_eq!(config.warnings(), Vec::<String>::new());
    let environment = &config.environments[&EnvironmentName::parse("production").unwrap()];
    assert_eq!(environment.mode, Mode::Observe, "copied unread, it troubles nobody");
}

#[test]
fn what_the_example_has_commented_out_is_the_default() {
    let uncommented: String = EXAMPLE.lines().map(|line| uncomment(line).to_owned() + "\n").collect();
    assert_ne!(uncommented, EXAMPLE);
    let whole = Config::from_toml(&uncommented).unwrap();
    let mut shown = whole.redacted();
    // Not defaults, but examples of what there can be.
    for section in ["[notifiers.dry-run]", "[subscriptions.shop]", "[customers.acme]"] {
        let start = shown.find(section).unwrap();
        let end = shown[start..].find("\n\n").map_or(shown.len(), |length| start + length + 2);
        shown.replace_range(start..end, "");
    }
    assert_eq!(shown, Config::from_toml(EXAMPLE).unwrap().redacted());
}

#[test]
fn the_example_has_every_key() {
    let shown = Config::from_toml(&good(&format!(
        "[notifiers.app]\ntype = \"webhook\"\nurl = \"https://app.example.com\"\nsecret = \"{SIGNING}\"\n"
    )))
    .unwrap()
    .redacted();
    let keys = shown.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
    for key in keys {
        let there = EXAMPLE.lines().any(|line| uncomment(line).starts_with(&format!("{key} = ")));
        assert!(there || key == "secrets", "{key} is not in the example");
    }
}

/// `#key = …` and `#[section]` are settings that are commented out; `# words` are words.
fn uncomment(line: &str) -> &str {
    match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
        _ => line,
    }
}

#[test]
fn the_compose_file_is_a_configuration() {
    let given = [
        ("${POSTGRES_PASSWORD:?choose one}", "pa55"),
        ("${PERSONA_WEBHOOK_SECRET:?copy it from the webhook's page in Persona's dashboard}", SECRET),
        ("${REKINDLE_MASTER_KEY:?make one by openssl rand -base64 32}", MASTER_KEY),
        ("${PERSONA_MODE:-observe}", "observe"),
        ("${PERSONA_API_KEY:-}", ""),
    ];
    let settings: Vec<(String, String)> = COMPOSE
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(name, _)| name.starts_with("REKINDLE_"))
        .map(|(name, value)| {
            (name.to_owned(), given.iter().fold(value.to_owned(), |value, (from, to)| value.replace(from, to)))
        })
        .collect();
    assert!(settings.iter().all(|(_, value)| !value.contains("${")), "{settings:?}");
    let config = Config::assemble("", Path::new(""), settings).unwrap();
    assert_eq!(config.database_url.to_string(), "postgres://rekindle:***@postgres/rekindle");
    assert!(!config.listen.public.ip().is_loopback(), "published ports reach no loopback");
    assert_eq!((config.environments.len(), config.notifiers.len()), (1, 1));
}

#[test]
fn a_wrong_kind_of_value_is_told_by_its_key_whatever_the_key() {
    let lines: Vec<&str> = EXAMPLE.lines().map(uncomment).collect();
    let (mut section, mut tried) = (String::new(), 0);
    for (index, line) in lines.iter().enumerate() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        }
        let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) else { continue };
        for wrong in ["true", "1.5", "{ a = 1 }", "[[]]", "2020-01-01"] {
            let right = wrong == "true" && ["true", "false"].contains(&value);
            if right {
                continue;
            }
            let replaced = format!("{key} = {wrong}");
            let text: Vec<&str> =
                lines.iter().enumerate().map(|(at, line)| if at == index { &replaced } else { *line }).collect();
            let error = Config::from_toml(&text.join("\n")).expect_err(&replaced);
            let ConfigError::Invalid(problems) = &error else { panic!("{error}") };
            let named = problems.iter().any(|problem| problem.key.starts_with(&format!("{section}{key}")));
            assert!(named, "{section}{replaced} was told as: {error}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}
