//! How operators sign in: what is in effect without a word, and what is refused.

use super::*;
use crate::domain::act::Role;

const PROVIDER: &str = "[sign_in]\nurl = \"https://ops.example.com\"\n[sign_in.oidc]\nissuer = \"https://id.example.com\"\n\
                        client_id = \"rekindle\"\nclient_secret = \"pa55-pa55\"\n";

fn refused(toml: &str) -> Vec<String> {
    let ConfigError::Invalid(problems) = Config::from_toml(toml).expect_err(toml) else { panic!("{toml}") };
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn without_a_word_there_is_no_provider() {
    let sign_in = Config::from_toml("").unwrap().sign_in;
    assert!(sign_in.oidc.is_none() && sign_in.url.is_none() && !sign_in.is_secure());
    assert_eq!((sign_in.lifetime.as_hours(), sign_in.idle.as_hours(), sign_in.attempts_per_minute), (12, 2, 10));
}

#[test]
fn a_provider_gives_roles_by_groups_and_its_secret_is_not_shown() {
    let groups =
        "viewer_groups = [\"staff\", \"on-call\"]\noperator_groups = [\"on-call\"]\nadmin_groups = [\"root\"]\n";
    let config = Config::from_toml(&format!("{PROVIDER}{groups}")).unwrap();
    assert_eq!(config.sign_in.callback().unwrap(), "https://ops.example.com/sign-in/callback");
    assert!(config.sign_in.is_secure());
    let oidc = config.sign_in.oidc.as_ref().unwrap();
    let roles: Vec<(&str, Role)> = oidc.groups.iter().map(|(group, role)| (group.as_str(), *role)).collect();
    assert_eq!(roles, [("on-call", Role::Operator), ("root", Role::Admin), ("staff", Role::Viewer)]);
    assert_eq!((&*oidc.name_claim, &*oidc.groups_claim), ("email", "groups"));
    let shown = config.redacted();
    assert!(shown.contains("operator_groups = [\"on-call\"]") && !shown.contains("pa55"), "{shown}");
    assert!(!format!("{config:?}").contains("pa55"));
}

#[test]
fn what_would_let_nobody_in_or_anybody_is_refused() {
    let told =
        refused("[sign_in.oidc]\nissuer = \"https://id.example.com\"\nclient_id = \"a\"\nadmin_groups = [\"x\"]\n");
    assert!(told[0].starts_with("sign_in.url: is missing"), "{told:?}");
    let told = refused(PROVIDER);
    assert!(told[0].contains("without them nobody has a role"), "{told:?}");
    let told = refused("[sign_in.oidc]\nadmin_groups = [\"x\"]\n");
    let keys: Vec<&str> = told.iter().filter_map(|told| told.split(": ").next()).collect();
    assert_eq!(keys, ["sign_in.oidc.issuer", "sign_in.oidc.client_id"]);
    let clear = PROVIDER.replace("https://id", "http://id");
    let told = refused(&format!("{clear}admin_groups = [\"x\"]\n"));
    assert!(told[0].contains("plain http is for this machine only"), "{told:?}");
    for (toml, trouble) in [
        ("[sign_in]\nurl = \"https://example.com/rekindle\"\n", "has a path"),
        ("[sign_in]\nurl = \"http://example.com\"\n", "must begin with https://"),
        ("[sign_in]\nlifetime = \"1h\"\n", "longer than lifetime"),
        ("[sign_in]\nattempts_per_minute = 0\n", "from 1 to 1000"),
    ] {
        assert!(refused(toml)[0].contains(trouble), "{toml}");
    }
}
