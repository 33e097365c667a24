//! The process dies at any point of the story, and nothing in the story changes.

use rekindle::domain::action::State;

use super::world::{World, hours};
use crate::support::on_both;

on_both! {
    /// Dies after claiming: the lease lapses and the next process performs.
    async fn after_claiming(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        assert_eq!(world.claim().await.len(), 1);
        world.restart().await;
        world.let_leases_lapse().await;
        world.settle().await;
        world.open(&world.application.only_notice().link).unwrap();
        let action = world.actions(&ada).await.remove(0);
        assert_eq!((action.state, action.attempts), (State::Done, 2));
        world.finish().await;
    }

    /// Dies after the notice was taken, before that was written: the application gets the same notice again, with
    /// the same id and link, and can drop it.
    async fn after_delivering(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        let claimed = world.claim().await;
        world.app.perform(&claimed[0]).await;
        world.restart().await;
        world.let_leases_lapse().await;
        world.settle().await;
        let notices = world.application.notices();
        assert_eq!(notices.len(), 2);
        assert_eq!((&notices[0].id, &notices[0].link), (&notices[1].id, &notices[1].link));
        assert_eq!(world.calls("generate-one-time-link"), 1, "nothing was minted twice");
        world.finish().await;
    }

    /// A worker that was thought dead comes back: it settles nothing.
    async fn a_worker_that_lost_its_lease_settles_nothing(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        let slow = world.claim().await.remove(0);
        let outcome = world.app.perform(&slow).await;
        world.let_leases_lapse().await;
        world.settle().await;
        assert_eq!(world.actions(&ada).await[0].state, State::Done);
        let held = world.app.settle(&slow, "slow", world.clock.now(), outcome).await.unwrap();
        assert!(!held);
        assert_eq!(world.actions(&ada).await[0].attempts, 2);
        world.finish().await;
    }

    /// Down while Persona delivers: its retries are taken when we are back.
    async fn while_persona_delivers(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let ada = world.person("ada");
        world.stop();
        world.persona.deliver_due().await;
        world.restart().await;
        assert_eq!(world.status(&ada).await, "");
        world.clock.advance(hours(2));
        world.settle().await;
        assert_eq!(world.status(&ada).await, "created");
        world.clock.advance(hours(10));
        world.settle().await;
        assert_eq!(world.application.notices().len(), 1);
        world.finish().await;
    }

    /// Down while a reminder was due, and the next one too: one reminder, not two.
    async fn over_two_reminders(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        world.person("ada");
        world.settle().await;
        world.stop();
        world.clock.advance(hours(22));
        world.restart().await;
        world.settle().await;
        assert_eq!(world.application.only_notice().step, "3h");
        world.finish().await;
    }
}
