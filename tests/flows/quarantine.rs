//! Events that were set aside: somebody decides, or Persona does.

use rekindle::app::ingest::Receipt;
use rekindle::app::quarantine::QuarantineError;
use rekindle::domain::event::Event;
use rekindle::domain::ids::EventId;
use rekindle::domain::signature::{Age, sign};
use rekindle::storage::events::{Outcome, StoredEvent};
use serde_json::json;

use super::world::{ENVIRONMENT, WEBHOOK_SECRET, World, environment, hours};
use crate::support::{on_both, operator};

on_both! {
    /// An operator releases an event: it is applied and planned, once, with who and why written on it.
    async fn an_operator_releases(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        assert_eq!(world.deliver_signed(hours(80)).await, Receipt::Quarantined(Age::TooOld));
        let id = world.events().await.remove(0).id;
        let released = world.app.release_event(None, &id, "seen in the dashboard", &operator("olga")).await.unwrap();
        assert_eq!(released.outcome, Some(Outcome::Applied));
        assert_eq!(released.reason.as_deref(), Some("released: seen in the dashboard"));
        assert_eq!(released.decided, Some(("cli:olga".to_owned(), world.clock.now())));
        assert_eq!(released.deliveries, 1, "a release is no delivery");
        assert_eq!(world.status(&ada).await, "created");
        assert_eq!(world.planned(&ada).await, ["50% in 720m", "3h in 1260m"]);

        let again = world.app.release_event(None, &id, "it is fine", &operator("olga")).await.unwrap_err();
        assert!(matches!(again, QuarantineError::NotQuarantined { .. }), "{again}");
        let other = world.app.discard_event(None, &id, "too late", &operator("olga")).await.unwrap_err();
        assert!(matches!(other, QuarantineError::NotQuarantined { .. }), "{other}");
        let unknown = world.app.release_event(None, &EventId::parse("evt_none").unwrap(), "it is fine", &operator("olga")).await;
        assert!(matches!(unknown, Err(QuarantineError::Unknown(_))));
        world.finish().await;
    }

    /// An operator discards an event: it stays, and is never applied, not even when it comes again.
    async fn an_operator_discards(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.deliver_signed(hours(80)).await;
        let id = world.events().await.remove(0).id;
        let elsewhere = rekindle::domain::ids::EnvironmentName::parse("production").unwrap();
        let wrong = world.app.discard_event(Some(&elsewhere), &id, "not ours", &operator("olga")).await;
        assert!(matches!(wrong, Err(QuarantineError::Unknown(_))));
        let discarded = world.app.discard_event(Some(&environment()), &id, "a drill", &operator("olga")).await.unwrap();
        assert_eq!((discarded.outcome, discarded.reason.as_deref()), (Some(Outcome::Discarded), Some("a drill")));
        assert_eq!(world.deliver_signed(hours(0)).await, Receipt::Duplicate);
        assert_eq!(world.status(&ada).await, "");
        world.finish().await;
    }

    /// Persona's API confirms an event: it is applied as Persona has it.
    async fn persona_confirms(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.deliver_signed(hours(80)).await;
        world.lose_deliveries().await;
        let found = world.reconcile().await.found;
        assert_eq!((found.confirmed, found.discarded, found.errors), (1, 0, 0));
        let event = world.events().await.remove(0);
        assert_eq!(event.decided.as_ref().map(|(by, _)| by.as_str()), Some("persona"));
        assert!(event.reason.as_deref().unwrap().starts_with("Persona's API confirms it"), "{event:?}");
        assert_eq!((&*world.status(&ada).await, event.deliveries), ("created", 1));
        world.finish().await;
    }

    /// Persona does not know an event: after three runs it is discarded, and one can see that and why.
    async fn persona_denies(scratch: &Scratch) {
        let world = World::on(scratch).await;
        forged(&world).await;
        for run in 1..=3 {
            let found = world.reconcile().await.found;
            assert_eq!(found.discarded, u64::from(run == 3), "run {run}");
        }
        let event: StoredEvent = world.events().await.remove(0);
        assert_eq!(event.outcome, Some(Outcome::Discarded));
        assert_eq!(event.reason.as_deref(), Some("Persona's API does not know it, asked 3 times"));
        assert_eq!(world.reconcile().await.found.discarded, 0);
        assert_eq!(world.persona.requests().iter().filter(|request| request.path.ends_with("evt_Forged")).count(), 3);
        world.finish().await;
    }
}

/// Signed with our secret, a week ago, and Persona never sent it.
async fn forged(world: &World) {
    let body = json!({ "data": { "type": "event", "id": "evt_Forged", "attributes": {
        "name": "inquiry.completed", "created-at": world.clock.now().minus(hours(168)).to_string(),
        "payload": { "data": { "type": "inquiry", "id": "inq_1", "attributes": { "status": "completed" } } } } } });
    let body = body.to_string().into_bytes();
    assert!(Event::parse(&body, world.clock.now()).is_ok());
    let signature = sign(&body, WEBHOOK_SECRET.as_bytes(), world.clock.now().minus(hours(168)));
    let delivery = rekindle::app::ingest::Delivery {
        environment: ENVIRONMENT,
        signature: Some(signature.as_bytes()),
        body: &body,
    };
    assert_eq!(world.app.receive(delivery).await.unwrap(), Receipt::Quarantined(Age::TooOld));
}
