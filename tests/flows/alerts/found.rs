//! What is found, where it stands: each thing that can be wrong, and what of it is told.

use rekindle::app::ingest::Delivery;
use rekindle::app::lanes::LaneChange;
use rekindle::domain::action::Kind;
use rekindle::domain::alert::{AlertName, AlertState};

use super::super::world::{ENVIRONMENT, Setting, World, environment, hours, minutes};
use super::{TOLD, operator};
use crate::support::on_both;

/// Every alert that fires, with what was found.
async fn firing(world: &World) -> String {
    let (alerts, _) = world.app.alerts().await.unwrap();
    let firing = alerts.iter().filter(|alert| alert.state == AlertState::Firing);
    firing.map(|alert| format!("{}: {}", alert.name, alert.summary)).collect::<Vec<_>>().join("\n")
}

on_both! {
    /// A good day has no alert, whatever people do.
    async fn nothing_fires_on_a_good_day(scratch: &Scratch) {
        let world = World::with(scratch, Setting { more: TOLD, ..Setting::default() }).await;
        let ada = world.person("customer-17");
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        for _ in 0..5 {
            world.reconcile().await;
            world.watch().await;
            world.clock.advance(minutes(20));
        }
        assert_eq!((firing(&world).await.as_str(), world.heard().len()), ("", 0));
        world.finish().await;
    }

    /// Everything that can go wrong without Persona's limit, at once.
    async fn everything_that_is_wrong_is_found(scratch: &Scratch) {
        let more = "[alerts]\nnotify = [\"app\"]\nsilence = \"2h\"\nlosses = 1\n";
        let world = World::with(scratch, Setting { more, ..Setting::default() }).await;
        let ada = world.person("customer-17");
        world.settle().await;
        world.reconcile().await;
        let paused = world.app.change_lane(&environment(), Kind::Revive, LaneChange::Pause, &operator("ada"), "a test").await;
        paused.unwrap();
        // Older than the tolerance.
        world.persona.create_inquiry(ENVIRONMENT, rekindle::persona::simulator::NewInquiry::for_person("bob")).unwrap();
        world.lose_deliveries().await;
        world.clock.advance(hours(80));
        let event = world.persona.events().into_iter().rev().find(|event| event.payload["id"] != ada.as_str()).unwrap();
        let body = serde_json::json!({ "data": { "type": "event", "id": event.id.as_str(), "attributes": {
            "name": event.name, "created-at": event.created_at.to_string(), "payload": { "data": event.payload } } } });
        let body = body.to_string().into_bytes();
        let at = world.clock.now().minus(hours(79));
        let signature = rekindle::domain::signature::sign(&body, super::super::world::WEBHOOK_SECRET.as_bytes(), at);
        let late = Delivery { environment: ENVIRONMENT, signature: Some(signature.as_bytes()), body: &body };
        world.app.receive(late).await.unwrap();
        let now = rekindle::domain::signature::sign(b"{}", super::super::world::WEBHOOK_SECRET.as_bytes(), world.clock.now());
        let unreadable = Delivery { environment: ENVIRONMENT, signature: Some(now.as_bytes()), body: b"{}" };
        world.app.receive(unreadable).await.unwrap();
        world.clock.advance(hours(3));
        for _ in 0..12 {
            world.app.remember_refusal(ENVIRONMENT, "signature", "it is not Persona's", None);
        }
        world.app.keep_refusals().await.unwrap();
        world.watch().await;
        for _ in 0..12 {
            world.clock.advance(minutes(5));
            world.app.remember_refusal(ENVIRONMENT, "signature", "it is not Persona's", None);
            world.app.keep_refusals().await.unwrap();
            world.watch().await;
        }
        let expected = [
            "silence: no delivery for 4h, longer than 2h",
            "work_late: the oldest due action (remind) waits for 3d",
            "reconciliation_late: what changed at Persona is not known for certain since 3d 12h",
            "quarantine: 1 event waits for a decision",
            "unreadable: 1 event was not understood",
            "lane_paused: revive has been paused for 3d 12h by cli:ada",
        ];
        assert_eq!(firing(&world).await, expected.join("\n"));
        let about = |name: AlertName| world.application.alerts().into_iter().any(|told| told.alert == name.as_str());
        assert!(about(AlertName::Silence) && about(AlertName::SignatureFailures) && !about(AlertName::Losses));
        world.settle().await;
    }

    /// What a run by schedule fetched and never came is told; what somebody asked for is not.
    async fn losses_are_told(scratch: &Scratch) {
        let more = "[alerts]\nnotify = [\"app\"]\nlosses = 2\n";
        let world = World::with(scratch, Setting { more, ..Setting::default() }).await;
        world.reconcile().await;
        for person in ["customer-17", "customer-18"] {
            world.person(person);
        }
        world.lose_deliveries().await;
        world.clock.advance(minutes(16));
        let run = world.while_time_passes(world.app.reconcile_where_due(&environment())).await;
        run.unwrap();
        world.watch().await;
        assert_eq!(world.heard(), ["firing losses"], "{}", firing(&world).await);
        world.reconcile().await;
        world.watch_for(minutes(10)).await;
        assert_eq!(world.heard(), ["firing losses", "resolved losses"]);
        world.settle().await;
    }
}
