//! Access links and the look of their pages, as configured.

use super::*;
use crate::domain::rules::LinkForm;

fn production(config: &Config) -> &Environment {
    &config.environments[&EnvironmentName::parse("production").unwrap()]
}

fn link(top: &str, rules: &str) -> LinkForm {
    let rules = format!("[environments.production.templates.default]\n{rules}\n");
    let config = Config::from_toml(&format!("{top}\n{}", good(&rules))).unwrap();
    production(&config).rules.for_template(None).link
}

#[test]
fn reminders_carry_access_links_where_there_can_be_any() {
    let top = "public_url = \"https://verify.example.com\"";
    assert_eq!((link("", ""), link(top, "")), (LinkForm::OneTime, LinkForm::Access));
    assert_eq!(link(top, "link = \"one-time-short\""), LinkForm::OneTimeShort);
    let rules = "[environments.production.templates.default]\nlink = \"access\"\n";
    let error = Config::from_toml(&good(rules)).unwrap_err().to_string();
    assert!(error.contains("nothing says where people reach it; set public_url"), "{error}");
}

#[test]
fn a_brand_says_things_its_own_way() {
    let config = Config::from_toml(&format!(
        "public_url = \"https://example.com/verify/\"\n{}",
        good("[brand]\nlanguages = [\"de\", \"en\"]\n[brand.texts.en]\nask_heading = \"Hello from {name}\"\n")
    ))
    .unwrap();
    let Links { brand, .. } = &config.links;
    assert_eq!(config.links.address("/go/x").unwrap(), "https://example.com/verify/go/x");
    assert_eq!((brand.name.as_str(), brand.languages.as_slice()), ("example.com", &[Language::De, Language::En][..]));
    assert_eq!(brand.text(Language::En, Text::AskHeading), "Hello from example.com");
    assert_eq!(brand.text(Language::De, Text::AskHeading), Text::AskHeading.standard(Language::De));
    let again = Config::from_toml(&config.redacted().replace("webhook_secrets = ", "#").replace("api_key = ", "#"));
    assert!(!again.unwrap_err().to_string().contains("brand"), "what is shown of it can be read back");
}

#[test]
fn every_text_says_who_asks_where_another_language_does() {
    for text in Text::ALL {
        let english = text.standard(Language::En);
        for language in Language::ALL {
            let own = text.standard(language);
            for part in ["{name}", "{n}"] {
                assert_eq!(own.contains(part), english.contains(part), "{}: {own}", text.key());
            }
            assert!(!own.is_empty() && !own.contains("  "), "{}: {own}", text.key());
        }
    }
}

#[test]
fn mistakes_about_links_are_told_by_their_keys() {
    for (toml, told) in [
        ("public_url = \"http://verify.example.com\"", "public_url"),
        ("public_url = \"https://verify.example.com?a=b\"", "public_url"),
        ("trusted_proxies = [\"10.0.0.0/8\", \"nginx\"]", "trusted_proxies[1]"),
        ("link_hosts = [\"https://withpersona.com\"]", "link_hosts[0]"),
        ("[links]\nmax_opens = 0", "links.max_opens"),
        ("[brand]\naccent = \"blue; } body {\"", "brand.accent"),
        ("[brand]\nlogo_file = \"no-such.svg\"", "brand.logo_file"),
        ("[brand]\nlogo_file = \"Cargo.toml\"", "brand.logo_file"),
        ("[brand]\nlanguages = [\"en\", \"tlh\"]", "brand.languages[1]"),
        ("[brand.texts.tlh]\nask_heading = \"nuqneH\"", "brand.texts.tlh"),
        ("[brand.texts.en]\nask_headin = \"Hello\"", "brand.texts.en.ask_headin"),
    ] {
        let ConfigError::Invalid(problems) = Config::from_toml(toml).unwrap_err() else { panic!("{toml}") };
        assert_eq!(problems.iter().map(|problem| problem.key.as_str()).collect::<Vec<_>>(), [told], "{toml}");
    }
}
