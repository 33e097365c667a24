//! What Persona erased is erased here, by whatever way we hear of it, and nothing of it comes back.

use rekindle::app::ingest::{Delivery, Receipt};
use rekindle::domain::ids::{EventId, InquiryId};
use rekindle::domain::signature::sign;
use rekindle::storage::events::Outcome;
use serde_json::{Value, json};

use super::world::{ENVIRONMENT, Setting, WEBHOOK_SECRET, World, environment, hours, seconds};
use crate::storage::raw;
use crate::support::{Scratch, on_both, operator};

/// Delivers an event about an object with somebody in it, as Persona would; what became of it.
async fn deliver(world: &World, id: &str, name: &str, object: Value, ago: jiff::SignedDuration) -> Receipt {
    let at = world.clock.now();
    let attributes = json!({ "name": name, "created-at": at.to_string(), "payload": { "data": object } });
    let body = json!({ "data": { "type": "event", "id": id, "attributes": attributes } }).to_string().into_bytes();
    let signature = sign(&body, WEBHOOK_SECRET.as_bytes(), at.minus(ago));
    let delivery = Delivery { environment: ENVIRONMENT, signature: Some(signature.as_bytes()), body: &body };
    world.app.receive(delivery).await.unwrap()
}

fn inquiry(id: &InquiryId) -> Value {
    json!({ "type": "inquiry", "id": id.as_str(), "attributes": { "note": "Ada Example" } })
}

async fn body(world: &World, id: &str) -> Option<Vec<u8>> {
    let id = EventId::parse(id).unwrap();
    world.database().read().await.unwrap().event_body(&environment(), &id).await.unwrap()
}

/// The events of an inquiry that still have a body.
async fn with_body(world: &World, of: &InquiryId) -> Vec<String> {
    let mut with = Vec::new();
    for event in world.events().await.into_iter().filter(|event| event.inquiry.as_ref() == Some(of)) {
        if body(world, event.id.as_str()).await.is_some() {
            with.push(event.id.to_string());
        }
    }
    with
}

/// The subjects that have a key.
async fn keys(scratch: &Scratch) -> Vec<String> {
    raw::column(scratch, "SELECT subject FROM subjects WHERE sealed_key IS NOT NULL ORDER BY subject").await
}

fn subject(id: &InquiryId) -> String {
    format!("inquiry/{id}")
}

on_both! {
    async fn a_reading_that_says_so_erases_and_what_reconciliation_brings_then_has_no_body(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        assert_eq!((with_body(&world, &ada).await.len(), keys(scratch).await.len()), (1, 2));
        world.persona.start(&ada).unwrap();
        world.persona.redact(&ada).unwrap();
        world.lose_deliveries().await;
        world.clock.advance(seconds(90));
        let run = world.reconcile().await;
        assert!(run.found.changed >= 1 && run.found.recovered >= 2, "{:?}", run.found);
        assert_eq!(with_body(&world, &ada).await, Vec::<String>::new());
        assert_eq!(keys(scratch).await, [subject(&bo)]);
        let of_ada = world.events().await.into_iter().filter(|event| event.inquiry.as_ref() == Some(&ada));
        assert_eq!(of_ada.count(), 3, "created, started and redacted are recorded");
        assert_eq!(with_body(&world, &bo).await.len(), 1);
        world.finish().await;
    }

    async fn an_account_takes_its_inquiries_with_it(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        let stored = world.database().read().await.unwrap().inquiry(&environment(), &ada).await.unwrap().unwrap();
        let account = stored.inquiry.known.account_id().unwrap().to_string();
        let object = |name: &str| json!({ "type": "account", "id": account, "attributes": { "fields": { "name": name } } });
        deliver(&world, "evt_a", "account.created", object("Ada Example"), hours(0)).await;
        assert!(body(&world, "evt_a").await.is_some() && keys(scratch).await.contains(&format!("account/{account}")));
        deliver(&world, "evt_r", "account.redacted", object(""), hours(0)).await;
        for id in ["evt_a", "evt_r"] {
            assert_eq!(body(&world, id).await, None, "{id}");
        }
        assert_eq!(with_body(&world, &ada).await, Vec::<String>::new());
        assert_eq!(keys(scratch).await, [subject(&bo)]);
        // What was under way, about the account and about its inquiry.
        deliver(&world, "evt_b", "account.updated-fields", object("Ada Example"), hours(0)).await;
        let late = deliver(&world, "evt_c", "inquiry.transitioned", inquiry(&ada), hours(0)).await;
        assert!(matches!(late, Receipt::Ignored(_) | Receipt::Applied(_)), "{late:?}");
        assert_eq!((body(&world, "evt_b").await, body(&world, "evt_c").await), (None, None));
        assert_eq!(keys(scratch).await, [subject(&bo)]);
    }

    /// Many at once are one transaction, or several at the same time.
    async fn what_comes_together_with_the_erasure_is_not_kept(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ids: Vec<InquiryId> = (0..4).map(|n| InquiryId::parse(&format!("inq_{n}")).unwrap()).collect();
        let deliveries = (0..80).map(|number| {
            let (world, id) = (&world, &ids[number % ids.len()]);
            async move {
                let name = if (number / 4) % 7 == 3 { "inquiry.redacted" } else { "inquiry.transitioned" };
                deliver(world, &format!("evt_{number}"), name, inquiry(id), hours(0)).await
            }
        });
        futures::future::join_all(deliveries).await;
        let stored = raw::column(scratch, "SELECT id FROM events WHERE length(body) > 0").await;
        assert_eq!((world.events().await.len(), stored), (80, Vec::new()));
        assert_eq!(keys(scratch).await, Vec::<String>::new());
    }

    async fn what_was_set_aside_is_erased_too_and_only_what_is_trusted_erases(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let held = deliver(&world, "evt_h", "inquiry.redacted", inquiry(&ada), hours(80)).await;
        assert!(matches!(held, Receipt::Quarantined(_)), "{held:?}");
        assert_eq!((with_body(&world, &ada).await.len(), keys(scratch).await.len()), (2, 1), "nobody vouches for it");
        deliver(&world, "evt_k", "inquiry.transitioned", inquiry(&ada), hours(80)).await;
        let id = EventId::parse("evt_h").unwrap();
        let released = world.app.release_event(None, &id, "we asked them", &operator("olga")).await.unwrap();
        assert!(matches!(released.outcome, Some(Outcome::Applied | Outcome::Ignored)), "{released:?}");
        assert_eq!((with_body(&world, &ada).await, keys(scratch).await), (Vec::new(), Vec::new()));
        let id = EventId::parse("evt_k").unwrap();
        let error = world.app.release_event(None, &id, "it is fine", &operator("olga")).await.unwrap_err();
        assert!(error.to_string().contains("its subject erased"), "{error}");
    }

    async fn retention_takes_the_keys_and_news_gets_a_new_one(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(20 * 24));
        deliver(&world, "evt_2", "inquiry.transitioned", inquiry(&ada), hours(0)).await;
        world.clock.advance(hours(15 * 24));
        world.app.prune().await.unwrap();
        assert_eq!((with_body(&world, &ada).await, keys(scratch).await.len()), (vec!["evt_2".to_owned()], 1));
        world.clock.advance(hours(20 * 24));
        world.app.prune().await.unwrap();
        assert_eq!((with_body(&world, &ada).await, keys(scratch).await), (Vec::new(), Vec::new()));
        let why = "SELECT destroyed_because FROM subjects";
        assert_eq!(raw::column(scratch, why).await, ["retention"]);
        world.clock.advance(hours(1));
        deliver(&world, "evt_3", "inquiry.transitioned", inquiry(&ada), hours(0)).await;
        assert!(body(&world, "evt_3").await.is_some(), "it is no late one");
    }

    async fn an_inquiry_that_served_its_time_takes_its_key_with_it(scratch: &Scratch) {
        let more = "\n[retention]\nactions = \"60h\"\ninquiries = \"60h\"\n";
        let world = World::with(scratch, Setting { more, ..Setting::default() }).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        // Of bo nothing more is heard.
        world.change_webhook(|webhook| webhook.enabled_events = vec!["inquiry.completed".to_owned()]);
        world.persona.deliver_due().await;
        assert_eq!(keys(scratch).await.len(), 2);
        world.clock.advance(hours(96));
        world.app.prune().await.unwrap();
        assert_eq!((&*world.status(&ada).await, &*world.status(&bo).await), ("", "created"));
        assert_eq!((with_body(&world, &ada).await, keys(scratch).await), (Vec::new(), vec![subject(&bo)]));
    }
}
