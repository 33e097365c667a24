//! Signing in by an OpenID provider, and every way in which that must not work.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::world::minutes;
use super::browser::Answer;
use super::provider::{CLIENT, SECRET, TestProvider};
use super::{Browser, Office};
use crate::support::{Scratch, on_both};

/// An office with a provider that goes by the world's clock.
async fn office(scratch: &Scratch) -> (Office, TestProvider) {
    let provider = TestProvider::start().await;
    let issuer = provider.issuer.clone();
    let more = |base: &str| {
        format!(
            r#"
            [sign_in]
            url = "{base}"
            attempts_per_minute = 50
            [sign_in.oidc]
            issuer = "{issuer}"
            client_id = "{CLIENT}"
            client_secret = "{SECRET}"
            viewer_groups = ["staff"]
            operator_groups = ["on-call"]
            admin_groups = ["owners", "root"]
            "#
        )
    };
    let office = Office::with(scratch, more).await;
    provider.go_by(&office.world.clock);
    (office, provider)
}

/// As far as the provider's answer: where it sends the browser back to.
async fn there(browser: &Browser, return_to: &str) -> String {
    let begun = browser.get(&format!("/sign-in/provider?return_to={return_to}")).await;
    assert_eq!(begun.status, 303, "{begun:?}");
    let answered = Browser::new("").get(begun.location()).await;
    assert_eq!(answered.status, 303, "{answered:?}");
    answered.location().to_owned()
}

async fn sign_in(browser: &Browser) -> Answer {
    let back = there(browser, "/actions").await;
    browser.get(&back).await
}

async fn me(browser: &Browser) -> Value {
    serde_json::from_str(&browser.get("/v1/me").await.text).unwrap()
}

/// The address with another value of a parameter, or without it.
fn with(address: &str, name: &str, value: Option<&str>) -> String {
    let mut url: url::Url = address.parse().unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(of, _)| of != name).collect();
    url.query_pairs_mut().clear().extend_pairs(pairs).extend_pairs(value.map(|value| (name, value)));
    url.to_string()
}

on_both! {
    async fn somebody_signs_in_by_their_organization(scratch: &Scratch) {
        let (office, provider) = office(scratch).await;
        let browser = office.browser();
        assert!(browser.get("/sign-in").await.text.contains("href=\"/sign-in/provider\""));
        let answer = sign_in(&browser).await;
        assert_eq!((answer.status, answer.location()), (303, "/actions"), "{answer:?}");
        let said = me(&browser).await;
        assert_eq!((&said["who"], &said["role"]), (&"oidc:ada@example.com".into(), &"operator".into()));
        assert_eq!(browser.cookie("rekindle-sign-in"), None, "what was needed on the way is gone");
        assert_eq!(office.acts().await, ["oidc:ada@example.com sign_in"]);

        // The greatest role counts; groups may stand at the userinfo endpoint alone.
        provider.person(json!({ "sub": "2" }), json!({ "sub": "2", "groups": ["staff", "root", "on-call"] }));
        sign_in(&browser).await;
        let said = me(&browser).await;
        assert_eq!((&said["who"], &said["role"]), (&"oidc:2".into(), &"admin".into()));
        provider.person(json!({ "sub": "2" }), json!({ "sub": "1", "groups": ["root"] }));
        assert_eq!(sign_in(&office.browser()).await.status, 502, "that is somebody else");
        provider.person(json!({ "sub": "3", "groups": ["cooks"] }), Value::Null);
        let stranger = office.browser();
        let answer = sign_in(&stranger).await;
        assert_eq!((answer.status, stranger.session()), (403, None));
        assert!(answer.text.contains("none of your groups has a role here"), "{}", answer.text);
        office.finish().await;
    }

    /// What came back once, too late, to another browser, or with a state of nobody's, signs nobody in.
    async fn a_way_back_works_once_in_the_browser_that_began_it(scratch: &Scratch) {
        let (office, _provider) = office(scratch).await;
        let (browser, other) = (office.browser(), office.browser());
        let back = there(&browser, "/").await;
        for (who, address) in [
            (&browser, with(&back, "state", None)),
            (&browser, with(&back, "state", Some("somebody-elses"))),
            (&other, back.clone()),
        ] {
            let answer = who.get(&address).await;
            assert_eq!((answer.status, who.session()), (400, None), "{address}");
        }
        assert_eq!(browser.get(&back).await.status, 400, "it came back, if to the wrong browser: it is used up");

        let back = there(&browser, "/").await;
        let pending = browser.cookie("rekindle-sign-in").unwrap();
        assert_eq!(browser.get(&back).await.status, 303);
        let again = office.browser();
        again.set_cookie("rekindle-sign-in", &pending);
        assert_eq!((again.get(&back).await.status, again.session()), (400, None), "once");

        let late = there(&other, "/").await;
        office.world.clock.advance(minutes(10));
        assert_eq!((other.get(&late).await.status, other.session()), (400, None));

        // Two sign-ins of one browser at a time: the cookie is of the later one.
        let (first, second) = (there(&other, "/").await, there(&other, "/").await);
        let states = [other.get(&first).await.status, other.get(&second).await.status];
        assert_eq!(states[0], 400);
        assert!(other.session().is_none() || states[1] == 303);
        office.finish().await;
    }

    async fn an_id_token_that_is_not_good_signs_nobody_in(scratch: &Scratch) {
        let (office, provider) = office(scratch).await;
        let now = office.world.clock.now().as_second();
        let set = |name: &'static str, value: Value| {
            move |claims: &mut Value| {
                claims[name] = value.clone();
            }
        };
        let refused = async |what: &str| {
            let browser = office.browser();
            let answer = sign_in(&browser).await;
            assert_eq!((answer.status, browser.session()), (502, None), "{what}");
            assert!(!answer.text.contains("example.com") && answer.text.contains("could not be used"), "{what}");
        };
        for (name, value) in [
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("aud", json!("another")),
            ("aud", json!([])),
            ("aud", json!([CLIENT, "another"])),
            ("azp", json!("another")),
            ("iss", json!("https://evil.example.net")),
            ("exp", json!(now - 61)),
            ("exp", Value::Null),
            ("exp", json!("tomorrow")),
            ("iat", json!(now + 120)),
            ("nbf", json!(now + 120)),
            ("sub", json!("")),
        ] {
            let what = format!("{name} {value}");
            provider.mischief(set(name, value));
            refused(&what).await;
        }
        provider.mischief(|_| {});
        for algorithm in ["none", "HS256", "RS384", "ES256"] {
            provider.algorithm(algorithm);
            refused(algorithm).await;
        }
        provider.algorithm("RS256");
        // Signed with a key that the provider does not publish, under the name of one that it does not either.
        provider.sign_with(1, &[0]);
        refused("a stranger's key").await;
        provider.sign_with(0, &[0]);
        provider.issuer_in_answer(Some("https://evil.example.net"));
        refused("another issuer in the answer").await;
        provider.issuer_in_answer(None);
        refused("no issuer, though it promised one").await;
        assert_eq!(office.deeds().await.len(), 0);
        provider.issuer_in_answer(Some(&provider.issuer.clone()));
        provider.mischief(set("exp", json!(now - 50)));
        assert_eq!(sign_in(&office.browser()).await.status, 303, "clocks may differ by a minute");
        provider.mischief(|claims| {
            let client = claims["aud"].clone();
            claims["aud"] = json!(["another", client]);
            claims["azp"] = client;
        });
        assert_eq!(sign_in(&office.browser()).await.status, 303, "it may be for others as well, if it is made for us");
        office.finish().await;
    }

    /// A new key is found when it is first used; a key of nobody's does not make us ask again and again.
    async fn keys_are_remembered_and_asked_for_again_when_they_change(scratch: &Scratch) {
        let (office, provider) = office(scratch).await;
        for _ in 0..3 {
            assert_eq!(sign_in(&office.browser()).await.status, 303);
        }
        assert_eq!(provider.asked_for_keys(), 1);
        office.world.clock.advance(minutes(1));
        provider.sign_with(1, &[0, 1]);
        assert_eq!(sign_in(&office.browser()).await.status, 303);
        assert_eq!(provider.asked_for_keys(), 2);
        provider.sign_with(1, &[0]);
        office.world.clock.advance(minutes(61));
        for _ in 0..3 {
            assert_eq!(sign_in(&office.browser()).await.status, 502, "the key was taken back");
        }
        assert_eq!(provider.asked_for_keys(), 3);
        office.finish().await;
    }

    async fn a_refusal_at_the_provider_and_one_that_is_gone_are_told(scratch: &Scratch) {
        let (office, _provider) = office(scratch).await;
        let browser = office.browser();
        let back = with(&there(&browser, "/").await, "code", None);
        let answer = browser.get(&format!("{back}&error=access_denied")).await;
        assert_eq!((answer.status, browser.session()), (400, None));
        let elsewhere = there(&browser, "//evil.example.net").await;
        let answer = browser.get(&elsewhere).await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "nobody is led elsewhere");
        let crowd = office.browser();
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(crowd.send(Method::GET, "/sign-in/provider", None, &[]).await.status);
        }
        assert!(statuses.contains(&429), "whoever begins sign-ins without end is held back");
        office.finish().await;
    }
}
