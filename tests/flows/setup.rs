//! Persona is set up for us: a webhook is made or mended, its secret kept, and replaced while deliveries come.

use std::time::Duration;

use rekindle::app::ingest::{Delivery, Receipt, Refusal};
use rekindle::app::setup::{OVERLAP, SetUpFailure, Step};
use rekindle::domain::signature::{SignatureError, sign};
use rekindle::domain::webhook::Shortcoming;
use rekindle::persona::simulator::{Included, WebhookSettings};
use secrecy::ExposeSecret;

use super::world::{ENVIRONMENT, Setting, World, environment, hours};
use crate::support::on_both;

impl World {
    /// What Persona's webhooks are like now, the last one first.
    fn webhook(&self) -> WebhookSettings {
        self.persona.webhooks(ENVIRONMENT).unwrap().pop().unwrap()
    }

    /// A delivery that is signed with this secret.
    async fn signed_with(&self, secret: &str, number: u32) -> Result<Receipt, Refusal> {
        let body = serde_json::json!({ "data": { "type": "event", "id": format!("evt_{number}"), "attributes": {
            "name": "account.created", "created-at": self.clock.now().to_string(), "payload": { "data": {} } } } });
        let body = body.to_string().into_bytes();
        let signature = sign(&body, secret.as_bytes(), self.clock.now());
        self.app
            .receive(Delivery { environment: ENVIRONMENT, signature: Some(signature.as_bytes()), body: &body })
            .await
    }
}

fn secrets(webhook: &WebhookSettings) -> Vec<String> {
    webhook.secrets.iter().map(|secret| secret.value.expose_secret().to_owned()).collect()
}

on_both! {
    /// There is none: one is made, and what it sends is taken, without a secret in the configuration.
    async fn a_webhook_is_made_and_its_deliveries_are_taken(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        world.persona.set_webhook(ENVIRONMENT, None).unwrap();
        let nowhere = world.app.plan_set_up(&environment(), None).await.unwrap_err();
        assert!(matches!(nowhere, SetUpFailure::NoAddress(_)), "{nowhere}");
        let base = world.base();
        let set_up = world.app.plan_set_up(&environment(), Some(&base)).await.unwrap();
        assert_eq!(set_up.steps, [Step::Make, Step::Enable]);
        assert_eq!(world.persona.webhooks(ENVIRONMENT).unwrap().len(), 0, "planning changes nothing");
        world.app.set_up(&environment(), &set_up).await.unwrap();

        let webhook = world.webhook();
        assert_eq!((webhook.enabled, webhook.included.clone()), (true, Included::Only(vec!["inquiry-template".to_owned()])));
        let ada = world.person("ada");
        world.settle().await;
        assert_eq!(world.status(&ada).await, "created");
        let again = world.app.plan_set_up(&environment(), Some(&base)).await.unwrap();
        assert_eq!((again.steps, again.url), (Vec::new(), webhook.url.clone()), "and once is enough");
        let again = world.app.plan_set_up(&environment(), None).await.unwrap();
        assert_eq!(again.steps, []);

        // Another process, and nothing but the database.
        let secret = secrets(&webhook).remove(0);
        world.restart_keeping_webhook().await;
        assert!(world.signed_with(&secret, 1).await.is_ok());
        let raw = format!("{:?}", world.database().read().await.unwrap().webhook_secrets(&environment()).await.unwrap());
        assert!(!raw.contains("wbhsec_"), "{raw}");
        world.finish().await;
    }

    /// Where people reach us, Persona does too, unless somebody says otherwise or a webhook is there.
    async fn public_url_is_where_persona_reaches_us(scratch: &Scratch) {
        let top = "public_url = \"https://verify.example.com/id/\"";
        let world = World::with(scratch, Setting { top, ..Setting::default() }).await;
        let there = world.app.plan_set_up(&environment(), None).await.unwrap();
        assert_eq!(there.url, world.webhook().url, "the one that posts to us already");
        world.persona.set_webhook(ENVIRONMENT, None).unwrap();
        let set_up = world.app.plan_set_up(&environment(), None).await.unwrap();
        assert_eq!(set_up.url, format!("https://verify.example.com/id/webhooks/persona/{ENVIRONMENT}"));
        assert_eq!(set_up.steps, [Step::Make, Step::Enable]);
        let said = world.app.plan_set_up(&environment(), Some("https://other.example.com")).await.unwrap();
        assert_eq!(said.url, format!("https://other.example.com/webhooks/persona/{ENVIRONMENT}"));
        world.finish().await;
    }

    /// What is there is mended, and keeps what it had besides.
    async fn a_webhook_is_mended(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.change_webhook(|webhook| {
            webhook.enabled = false;
            webhook.relationships = false;
            webhook.attribute_blocklist = vec!["name-*".to_owned(), "expires*".to_owned()];
            webhook.enabled_events = vec!["inquiry.created".to_owned(), "account.created".to_owned()];
        });
        let set_up = world.app.plan_set_up(&environment(), None).await.unwrap();
        let [Step::Change(wrong), Step::Enable] = set_up.steps.as_slice() else { panic!("{:?}", set_up.steps) };
        assert!(wrong.contains(&Shortcoming::Relationships) && wrong.contains(&Shortcoming::Templates), "{wrong:?}");
        assert!(wrong.contains(&Shortcoming::Blocked(vec!["expires-at"])), "{wrong:?}");
        world.app.set_up(&environment(), &set_up).await.unwrap();
        let webhook = world.webhook();
        assert_eq!((webhook.enabled, webhook.relationships), (true, true));
        assert_eq!(webhook.attribute_blocklist, ["name-*"]);
        assert!(webhook.enabled_events.contains(&"account.created".to_owned()));
        assert_eq!(world.app.plan_set_up(&environment(), None).await.unwrap().steps, []);
        world.finish().await;
    }

    /// The secret is rotated by another process: the running one takes what is signed with it, and what is signed with
    /// the old one until that ends.
    async fn a_new_secret_is_picked_up_and_the_old_one_ends(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.persona.set_webhook(ENVIRONMENT, None).unwrap();
        let base = world.base();
        let set_up = world.app.plan_set_up(&environment(), Some(&base)).await.unwrap();
        world.app.set_up(&environment(), &set_up).await.unwrap();
        let old = secrets(&world.webhook()).remove(0);
        assert!(world.signed_with(&old, 1).await.is_ok());

        let other = world.another_process().await;
        let (_, ends) = other.rotate_secret(&environment(), None, OVERLAP).await.unwrap();
        assert_eq!(ends, Some(world.clock.now().plus(OVERLAP)));
        let new = secrets(&world.webhook()).remove(0);
        assert_ne!(new, old);
        // The first one made it look, a moment ago at most.
        for _ in 0..50 {
            if world.signed_with(&new, 2).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(world.signed_with(&new, 3).await.is_ok(), "picked up without a restart");
        assert!(world.signed_with(&old, 4).await.is_ok(), "both verify");
        world.clock.advance(OVERLAP);
        let refused = world.signed_with(&old, 5).await.unwrap_err();
        assert!(matches!(refused, Refusal::Signature(SignatureError::Mismatch)), "{refused}");
        assert!(world.signed_with(&new, 6).await.is_ok());
        world.finish().await;
    }

    /// The keys of people are destroyed when their payloads are gone; a webhook's stays as long as it has secrets.
    async fn retention_leaves_the_secrets_alone(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.persona.set_webhook(ENVIRONMENT, None).unwrap();
        let base = world.base();
        let set_up = world.app.plan_set_up(&environment(), Some(&base)).await.unwrap();
        world.app.set_up(&environment(), &set_up).await.unwrap();
        world.clock.advance(hours(24 * 400));
        world.app.prune().await.unwrap();
        let kept = world.database().read().await.unwrap().webhook_secrets(&environment()).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].value.expose_secret(), secrets(&world.webhook())[0]);
        world.finish().await;
    }
}
