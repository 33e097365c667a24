//! Webhooks as they can come: repeated, reordered, rotated, in every casing, with half of it left out.

use rekindle::app::ingest::Receipt;
use rekindle::domain::signature::Age;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::{Faults, Included, Inflection, WebhookSettings};
use rekindle::storage::events::Outcome;

use super::world::{World, hours};
use crate::support::on_both;

/// What a form changes of a webhook.
type Change = fn(&mut WebhookSettings);

on_both! {
    /// Every delivery comes several times and in any order: the same state, the same plan, one reminder.
    async fn repeated_and_reordered(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.persona.set_faults(Faults {
            deliveries_repeated_share: 0.7,
            deliveries_reordered: true,
            ..Faults::default()
        });
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.persona.start(&ada).unwrap();
        world.persona.step(&ada).unwrap();
        world.persona.start(&bo).unwrap();
        world.persona.complete(&bo).unwrap();
        world.persona.approve(&bo).unwrap();
        world.settle().await;
        assert_eq!((&*world.status(&ada).await, &*world.status(&bo).await), ("pending", "approved"));
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.only_notice().inquiry, ada.as_str());
        let events = world.events().await;
        let ids: std::collections::BTreeSet<_> = events.iter().map(|event| &event.id).collect();
        assert_eq!(ids.len(), events.len(), "each event is stored once");
        assert!(events.iter().any(|event| event.deliveries > 1), "the story needs duplicates");
        world.finish().await;
    }

    /// Camel and snake case, with and without `included` and relationships, with attributes blocklisted.
    async fn in_every_form(scratch: &Scratch) {
        let forms: [(&str, Change); 6] = [
            ("camel", |webhook| webhook.key_inflection = Inflection::Camel),
            ("snake", |webhook| webhook.key_inflection = Inflection::Snake),
            ("included", |webhook| webhook.included = Included::All),
            ("without relationships", |webhook| webhook.relationships = false),
            ("without status", |webhook| webhook.attribute_blocklist = vec!["status".to_owned()]),
            ("without deadline", |webhook| webhook.attribute_blocklist = vec!["expires-at".to_owned()]),
        ];
        let world = World::on(scratch).await;
        for (form, change) in forms {
            world.change_webhook(change);
            let ada = world.person(form);
            world.persona.start(&ada).unwrap();
            world.settle().await;
            assert_eq!(world.status(&ada).await, "pending", "{form}");
            assert_eq!(world.planned(&ada).await, ["50% in 720m", "3h in 1260m"], "{form}");
            world.persona.complete(&ada).unwrap();
            world.settle().await;
            assert_eq!(world.planned(&ada).await, [""; 0], "{form}");
        }
        world.finish().await;
    }

    /// A webhook's secret rotates: both are valid for a while, and no delivery is lost.
    async fn while_the_secret_rotates(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.change_webhook(|webhook| {
            let tomorrow = Timestamp::parse("2026-03-02T08:00:00Z").unwrap();
            *webhook = webhook.clone().with_rotated_secret("wbhsec_99999999-8888-7777-6666-555555555555", tomorrow);
        });
        let ada = world.person("ada");
        world.settle().await;
        assert_eq!(world.status(&ada).await, "created", "one of two groups matches");
        world.finish().await;
    }

    /// Signed longer ago than any retry: kept aside, until the same event comes with a fresh signature.
    async fn a_stale_signature_is_kept_aside_until_a_fresh_one_comes(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        assert_eq!(world.deliver_signed(hours(80)).await, Receipt::Quarantined(Age::TooOld));
        let held = world.events().await;
        assert_eq!(held[0].outcome, Some(Outcome::Quarantined));
        assert_eq!(world.status(&ada).await, "");

        assert_eq!(world.deliver_signed(hours(81)).await, Receipt::Duplicate, "still stale");
        world.settle().await;
        assert_eq!(world.status(&ada).await, "created");
        assert_eq!(world.events().await[0].outcome, Some(Outcome::Applied));
        world.finish().await;
    }
}
