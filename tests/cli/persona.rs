//! `rekindle persona` and `rekindle inquiries why`, on the real binary.

use rekindle::persona::simulator::{Included, WebhookSettings};
use serde_json::Value;

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, eventually, webhook_secret};
use crate::support::on_both;

async fn answer(rekindle: &Installation, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let said = rekindle.run(&arguments).await;
    assert_eq!(said.code, Some(0), "{} {}", said.out, said.err);
    serde_json::from_str(&said.out).unwrap()
}

on_both! {
    /// From no webhook at all to one whose deliveries are taken, while `serve` runs.
    async fn persona_is_set_up_and_its_secret_replaced_while_we_serve(scratch: &Scratch) {
        let outside = Outside::with(living(3_600)).await;
        let toml = outside.configuration(&scratch.url, "");
        let secret = format!("[\"{}\"]", webhook_secret(ENVIRONMENT));
        let mut rekindle = Installation::new(&toml.replace(&secret, "[]"));
        rekindle.start().await;
        let webhook = rekindle.webhook(ENVIRONMENT);
        let base = webhook.split("/webhooks/").next().unwrap().to_owned();
        let setup = ["persona", "setup", "--environment", ENVIRONMENT, "--url", &base];

        let shown = answer(&rekindle, &[&setup[..], &["--dry-run"]].concat()).await;
        assert_eq!((shown["done"].clone(), shown["steps"].as_array().unwrap().len()), (false.into(), 2), "{shown}");
        assert_eq!(outside.persona.webhooks(ENVIRONMENT).unwrap().len(), 0);
        let done = answer(&rekindle, &setup).await;
        assert_eq!(done["done"], true);
        let again = answer(&rekindle, &setup).await;
        assert_eq!((again["steps"].clone(), again["webhook_id"].clone()), (Value::Array(Vec::new()), done["webhook_id"].clone()));

        outside.person("ada");
        let ada = eventually("the first delivery is taken", || async {
            rekindle.list(&["inquiries", "list", "--reference-id", "ada"]).await.pop()
        })
        .await;
        let rotated = answer(&rekindle, &["persona", "rotate-secret", "--environment", ENVIRONMENT, "--overlap", "1h"]).await;
        assert!(rotated["old_secrets_end_at"].is_string(), "{rotated}");
        let why = answer(&rekindle, &["inquiries", "why", "ada"]).await;
        assert_eq!((why["inquiry"].clone(), why["gets_in"].clone()), (ada["id"].clone(), true.into()), "{why}");
        assert_eq!(why["cause"]["code"], "not-started");
        let plain = rekindle.run(&["inquiries", "why", ada["id"].as_str().unwrap()]).await;
        assert!(plain.out.starts_with("Yes, with a fresh link. Nobody has begun it."), "{}", plain.out);
        assert!(plain.out.contains("What helps:"), "{}", plain.out);
        let unknown = rekindle.run(&["inquiries", "why", "nobody"]).await;
        assert_eq!(unknown.code, Some(1));
        assert!(unknown.err.contains("there is no inquiry nobody"), "{}", unknown.err);
        for said in [&plain.out, &done.to_string(), &rotated.to_string()] {
            assert!(!said.contains("wbhsec_"), "{said}");
        }
    }

    /// What of Persona's side is wrong, the doctor tells with the command that mends it.
    async fn a_webhook_that_lacks_something_is_told_by_the_doctor(scratch: &Scratch) {
        let outside = Outside::with(living(3_600)).await;
        let rekindle = Installation::new(&outside.configuration(&scratch.url, ""));
        let told = |said: super::process::Said| -> (Option<i32>, String) { (said.code, said.out) };
        let (code, out) = told(rekindle.run(&["doctor"]).await);
        assert_eq!(code, Some(0), "{out}");
        assert!(out.contains("rekindle persona setup --environment sandbox --url … makes one") || out.contains("makes one"), "{out}");

        let url = "http://127.0.0.1:9/webhooks/persona/sandbox";
        let mut webhook = WebhookSettings::new(url, webhook_secret(ENVIRONMENT));
        webhook.attribute_blocklist = vec!["status".to_owned()];
        outside.persona.set_webhook(ENVIRONMENT, Some(webhook.clone())).unwrap();
        let (code, out) = told(rekindle.run(&["doctor"]).await);
        assert_eq!(code, Some(1), "{out}");
        assert!(out.contains("its blocklist hides status; `rekindle persona setup --environment sandbox` mends it"), "{out}");
        assert!(out.contains("include no templates"), "{out}");

        webhook.attribute_blocklist.clear();
        webhook.included = Included::All;
        outside.persona.set_webhook(ENVIRONMENT, Some(webhook)).unwrap();
        let (code, out) = told(rekindle.run(&["doctor"]).await);
        assert_eq!(code, Some(0), "{out}");
        assert!(out.contains("is enabled and sends what is needed"), "{out}");
    }
}
