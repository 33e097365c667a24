//! Rows that served their time go, and nothing that is needed goes with them.

use rekindle::app::ingest::Receipt;
use rekindle::domain::action::State;
use rekindle::storage::events::Outcome;
use rekindle::storage::retention::Kind;

use super::world::{Setting, World, environment, hours};
use crate::support::{on_both, operator};

fn days(days: i64) -> jiff::SignedDuration {
    hours(24 * days)
}

async fn prune(world: &World) -> Vec<(Kind, u64)> {
    let shown = world.app.prunable().await.unwrap();
    let pruned = world.app.prune().await.unwrap();
    // Inquiries that only become free by the actions before them are not shown.
    let sure = |kind| kind != Kind::Inquiries;
    for (shown, pruned) in shown.iter().zip(&pruned).filter(|(shown, _)| sure(shown.kind)) {
        assert_eq!(shown.rows, pruned.rows, "{}", shown.kind);
    }
    pruned.iter().filter(|pruned| pruned.rows > 0).map(|pruned| (pruned.kind, pruned.rows)).collect()
}

on_both! {
    /// The body of an event goes first; the event stays, and a late repetition of it is still one.
    async fn a_late_repetition_is_known_for_one(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.person("ada");
        world.settle().await;
        world.clock.advance(days(29));
        assert_eq!(prune(&world).await, [], "nothing is old enough");
        world.clock.advance(days(2));
        assert_eq!(prune(&world).await, [(Kind::Payloads, 1)]);
        assert_eq!(prune(&world).await, [], "it goes once");
        let event = world.events().await.remove(0);
        let body = world.database().read().await.unwrap().event_body(&environment(), &event.id).await.unwrap();
        assert_eq!((event.outcome, body), (Some(Outcome::Applied), None));
        assert_eq!(world.deliver_signed(hours(0)).await, Receipt::Duplicate);
        assert_eq!(world.events().await[0].deliveries, 2);
        world.clock.advance(days(1));
        world.settle().await;
        world.clock.advance(days(1));
        prune(&world).await;
        world.finish().await;
    }

    /// A released event needs its body; without it, it says what to do.
    async fn a_quarantined_event_without_a_body_is_asked_for(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.deliver_signed(hours(80)).await;
        world.lose_deliveries().await;
        world.clock.advance(days(31));
        prune(&world).await;
        let id = world.events().await.remove(0).id;
        let error = world.app.release_event(None, &id, "it is fine", &operator("olga")).await.unwrap_err();
        assert!(error.to_string().contains("`rekindle reconcile` asks Persona for it"), "{error}");
        assert_eq!(world.reconcile().await.found.confirmed, 1);
        assert_eq!(world.status(&ada).await, "expired", "by the reading of what fell silent");
        world.finish().await;
    }

    /// Ended actions and inquiries go in their time; what is open keeps everything, so nobody is reminded twice.
    async fn what_is_open_keeps_everything(scratch: &Scratch) {
        let long = r#"lifetime = "600d""#;
        let setting = || Setting { more: long, reminders: r#"["1%"]"#, ..Setting::default() };
        let world = World::with(scratch, setting()).await;
        world.change_webhook(|webhook| webhook.attribute_blocklist = vec!["expires-at".to_owned()]);
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        world.clock.advance(hours(23));
        world.persona.start(&bo).unwrap();
        world.persona.complete(&bo).unwrap();
        world.settle().await;
        // Persona is not heard of again: to us, ada's inquiry is open for 600 days.
        world.change_webhook(|webhook| webhook.enabled = false);
        world.clock.advance(days(6));
        let done = claim_and_settle(&world).await;
        assert_eq!(done, 1);
        world.clock.advance(days(100));
        let pruned = prune(&world).await;
        assert!(pruned.contains(&(Kind::Actions, 1)), "bo's cancelled one: {pruned:?}");
        assert_eq!(world.actions(&ada).await.len(), 1);
        assert_eq!(world.actions(&bo).await, []);
        world.app.replan_if_rules_changed().await.unwrap();
        assert_eq!(world.planned(&ada).await, [""; 0], "what was done stays done");

        world.clock.advance(days(310));
        let pruned = prune(&world).await;
        assert!(pruned.contains(&(Kind::Inquiries, 1)) && pruned.iter().any(|(kind, _)| *kind == Kind::Events), "{pruned:?}");
        assert_eq!((&*world.status(&ada).await, &*world.status(&bo).await), ("created", ""));
        assert_eq!(world.actions(&ada).await[0].state, State::Cancelled);
    }

    /// More than one batch goes, and it is done once in its time.
    async fn in_batches_and_in_its_time(scratch: &Scratch) {
        let world = World::on(scratch).await;
        for number in 0..600 {
            world.person(&format!("person {number}"));
        }
        world.settle().await;
        world.clock.advance(days(401));
        assert!(world.app.prune_where_due().await.unwrap());
        assert_eq!(world.events().await.len(), 0);
        assert!(!world.app.prune_where_due().await.unwrap(), "not so soon");
        world.clock.advance(hours(1));
        assert!(world.app.prune_where_due().await.unwrap());
    }
}

/// Ends what is due as an operator would, without asking Persona.
async fn claim_and_settle(world: &World) -> usize {
    let claimed = world.claim().await;
    for claimed in &claimed {
        world.app.cancel_action(&claimed.action.planned.id, "by hand", &operator("olga")).await.unwrap();
    }
    claimed.len()
}
