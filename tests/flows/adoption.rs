//! Beginning with Rekindle, and changing one's mind.

use rekindle::domain::action::State;

use super::world::{Setting, World, environment, hours};
use crate::support::on_both;

on_both! {
    /// Mode observe plans and shows, and performs nothing; mode act then performs what is due, once.
    async fn observe_first_then_act(scratch: &Scratch) {
        let mut world = World::with(scratch, Setting { mode: "observe", ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        assert_eq!(world.planned(&ada).await, ["50% in 720m", "3h in 1260m"]);
        world.clock.advance(hours(22));
        world.settle().await;
        assert_eq!(world.application.deliveries(), []);
        assert_eq!(world.persona.requests(), [], "nothing was asked of Persona");

        world.restart_as(&Setting::default()).await;
        world.settle().await;
        assert_eq!(world.application.only_notice().step, "3h");
        world.finish().await;
    }

    /// Changed rules are planned for everyone at the start.
    async fn changed_rules_change_what_is_planned(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.restart_as(&Setting { reminders: r#"["25%", "2h"]"#, ..Setting::default() }).await;
        assert_eq!(world.planned(&ada).await, ["25% in 360m", "2h in 1320m"]);
        let cancelled = world.actions(&ada).await.into_iter().filter(|action| action.state == State::Cancelled);
        assert!(cancelled.into_iter().all(|action| action.reason.as_deref() == Some("the rules no longer ask for it")));

        world.restart_as(&Setting::default()).await;
        assert_eq!(world.planned(&ada).await, ["50% in 720m", "3h in 1260m"], "and back");
        world.finish().await;
    }

    /// What was open before the first webhook is brought in, and reminded of like everything else.
    async fn import_brings_in_what_was_open_before(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        world.stop();
        let (ada, bo, dora) = (world.person("ada"), world.person("bo"), world.person("dora"));
        world.persona.start(&bo).unwrap();
        world.persona.complete(&bo).unwrap();
        world.persona.expire(&dora).unwrap();
        world.lose_deliveries().await;
        world.restart().await;

        let imported = world.app.import(&environment(), |_| {}).await.unwrap();
        assert_eq!(imported.inquiries, 2, "the open one and the one that can be resumed");
        assert_eq!(world.status(&ada).await, "created");
        assert_eq!(world.status(&bo).await, "", "who is done is nobody's concern");
        assert_eq!(world.status(&dora).await, "expired");
        let again = world.app.import(&environment(), |_| {}).await.unwrap();
        assert_eq!(again.inquiries, 2, "a repetition changes nothing");

        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.only_notice().reference_id.as_deref(), Some("ada"));
        world.finish().await;
    }
}
