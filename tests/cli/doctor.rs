//! `rekindle doctor`: everything that can be wrong, found and told with what to do.

use rekindle::persona::simulator::{Included, WebhookSettings};
use serde_json::Value;

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, Said, webhook_secret};
use crate::support::on_both;

/// The findings, as `verdict subject: detail`.
pub async fn findings(rekindle: &Installation) -> (Option<i32>, Vec<String>) {
    let plain = rekindle.run(&["doctor"]).await;
    let Said { code, out, .. } = rekindle.run(&["doctor", "--json"]).await;
    assert_eq!(plain.code, code, "both forms end alike");
    let findings: Vec<Value> = serde_json::from_str(&out).unwrap();
    let told = findings.iter().map(|finding| {
        let text = |key: &str| finding[key].as_str().unwrap();
        let (verdict, subject, detail) = (text("verdict"), text("subject"), text("detail"));
        // What Persona says is left of the limit differs from one look to the next.
        let line = format!("{verdict:<8} {subject}: {}", detail.chars().take(30).collect::<String>());
        assert!(plain.out.contains(&line), "{line} in {}", plain.out);
        format!("{verdict} {subject}: {detail}")
    });
    (code, told.collect())
}

pub fn assert_told(findings: &[String], begins: &str, holds: &str) {
    let found = findings.iter().any(|finding| finding.starts_with(begins) && finding.contains(holds));
    assert!(found, "{begins} … {holds} in {findings:#?}");
}

on_both! {
    async fn a_sound_installation_is_found_sound(scratch: &Scratch) {
        let outside = Outside::with(living(3_600)).await;
        let mut rekindle = Installation::new(&outside.configuration(&scratch.url, ""));
        let mut webhook = WebhookSettings::new(rekindle.webhook(ENVIRONMENT), webhook_secret(ENVIRONMENT));
        webhook.included = Included::All;
        outside.persona.set_webhook(ENVIRONMENT, Some(webhook)).unwrap();
        for serving in [false, true] {
            let (code, told) = findings(&rekindle).await;
            assert_eq!(code, Some(0), "{told:#?}");
            assert!(told.iter().all(|finding| finding.starts_with("ok ")), "{told:#?}");
            assert_told(&told, "ok database: ", "its schema is up to date");
            assert_told(&told, "ok environments.sandbox: ", "mode act, 1 webhook secret(s)");
            assert_told(&told, "ok environments.sandbox: Persona answers and takes the key", " of 300 calls left");
            if !serving {
                rekindle.start().await;
            }
        }
    }

    async fn a_wrong_key_is_fatal_where_it_is_needed(scratch: &Scratch) {
        let outside = Outside::with(living(3_600)).await;
        let acting = outside.configuration(&scratch.url, "").replace("persona_sandbox_", "persona_sandbox_not_");
        let rekindle = Installation::new(&acting);
        let (code, told) = findings(&rekindle).await;
        assert_eq!(code, Some(1), "{told:#?}");
        assert_told(&told, "failed environments.sandbox: Persona answered 401", "make a new API key");

        rekindle.configure(&acting.replace("webhook_secrets", "mode = \"observe\"\nwebhook_secrets"));
        let (code, told) = findings(&rekindle).await;
        assert_eq!(code, Some(0), "{told:#?}");
        assert_told(&told, "warning environments.sandbox: Persona answered 401", "make a new API key");
    }

    async fn an_address_where_nobody_is_is_told(scratch: &Scratch) {
        let outside = Outside::with(living(3_600)).await;
        let toml = outside.configuration(&scratch.url, "");
        drop(outside);
        let (code, told) = findings(&Installation::new(&toml)).await;
        assert_eq!(code, Some(1), "{told:#?}");
        assert_told(&told, "failed environments.sandbox: Persona", "is api_url right, and may this machine connect");
    }

    async fn an_address_that_is_not_the_api_is_told(scratch: &Scratch) {
        let outside = Outside::with(living(3_600)).await;
        let toml = outside.configuration(&scratch.url, "").replace("/api/v1", "/api/v0");
        let (code, told) = findings(&Installation::new(&toml)).await;
        assert_eq!(code, Some(1), "{told:#?}");
        assert_told(&told, "failed environments.sandbox: Persona answered 404", "api_url should end in /api/v1");
    }
}

pub fn observing(database_url: &str) -> String {
    let secret = webhook_secret("sandbox");
    format!(
        "database_url = \"{database_url}\"\n[environments.sandbox]\nmode = \"observe\"\nwebhook_secrets = [\"{secret}\"]\n"
    )
}

#[tokio::test]
async fn a_database_without_a_schema_is_told_and_mended() {
    let rekindle = Installation::new(&observing("sqlite://new.db"));
    let (code, told) = findings(&rekindle).await;
    assert_eq!(code, Some(0), "{told:#?}");
    assert_told(
        &told,
        "warning database: sqlite://new.db has no schema yet",
        "`rekindle migrate` brings it up to date",
    );
    assert_told(&told, "warning configuration: notifiers: none is configured", "add [notifiers.<name>]");
    assert_told(&told, "warning environments.sandbox: no api_key", "");
    assert_eq!(rekindle.run(&["migrate"]).await.code, Some(0));
    assert_told(&findings(&rekindle).await.1, "ok database: sqlite://new.db answers", "up to date");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told() {
    for (url, told_of_it) in [
        ("postgres://rekindle:hunter2@127.0.0.1:1/rekindle", "the database is not available"),
        ("sqlite://no/such/folder/rekindle.db", "can't open the database file no/such/folder/rekindle.db"),
    ] {
        let (code, told) = findings(&Installation::new(&observing(url))).await;
        assert_eq!(code, Some(1), "{told:#?}");
        assert_told(&told, "failed database: ", told_of_it);
        assert!(!told.concat().contains("hunter2"), "{told:#?}");
    }
}

#[tokio::test]
async fn a_configuration_that_is_none_is_told() {
    let rekindle = Installation::new("database_url = \"sqlite://new.db\"\n");
    let (code, told) = findings(&rekindle).await;
    assert_eq!(code, Some(1), "{told:#?}");
    assert_told(&told, "failed configuration: no environment is configured", "add [environments.<name>]");
    rekindle.configure("[environments.a]\nmode = \"dance\"\n");
    let (code, told) = findings(&rekindle).await;
    assert_eq!(code, Some(1), "{told:#?}");
    assert_told(&told, "failed configuration: the configuration has ", "environments.a.mode = \"dance\"");
}
