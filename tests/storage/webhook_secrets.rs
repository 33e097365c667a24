//! Secrets of webhooks are kept sealed, and each opens for its own webhook only.

use rekindle::domain::ids::{EnvironmentName, WebhookId};
use rekindle::domain::time::Timestamp;
use rekindle::storage::Database;
use secrecy::{ExposeSecret, SecretString};

use crate::support::on_both;
use crate::support::vault::open;

const NOW: Timestamp = Timestamp::from_second(1_772_352_000);

async fn kept(database: &Database, environment: &str) -> Vec<(String, String, Option<Timestamp>)> {
    let environment = EnvironmentName::parse(environment).unwrap();
    let secrets = database.read().await.unwrap().webhook_secrets(&environment).await.unwrap();
    let told = |value: &SecretString| value.expose_secret().to_owned();
    secrets.iter().map(|secret| (secret.webhook.to_string(), told(&secret.value), secret.ends_at)).collect()
}

on_both! {
    async fn secrets_are_kept_in_order_and_replaced_whole(scratch: &Scratch) {
        let database = open(&scratch.url).await;
        let sandbox = EnvironmentName::parse("sandbox").unwrap();
        let ends = Some(NOW.plus(jiff::SignedDuration::from_hours(1)));
        let (one, two) = (WebhookId::parse("wbh_1").unwrap(), WebhookId::parse("wbh_2").unwrap());
        for (webhook, secrets) in [
            (&one, vec![("wbhsec_a", None)]),
            (&two, vec![("wbhsec_x", None)]),
            (&one, vec![("wbhsec_b", None), ("wbhsec_a", ends)]),
        ] {
            let secrets: Vec<_> = secrets.into_iter().map(|(text, ends)| (SecretString::from(text), ends)).collect();
            let mut tx = database.begin().await.unwrap();
            tx.keep_webhook_secrets(&sandbox, webhook, &secrets, NOW).await.unwrap();
            tx.commit().await.unwrap();
        }
        let row = |webhook: &str, secret: &str, ends| (webhook.to_owned(), secret.to_owned(), ends);
        let expected = [row("wbh_1", "wbhsec_b", None), row("wbh_1", "wbhsec_a", ends), row("wbh_2", "wbhsec_x", None)];
        assert_eq!(kept(&database, "sandbox").await, expected);
        assert_eq!(kept(&database, "production").await, []);
    }
}
