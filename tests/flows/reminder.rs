//! The main job, and everything that must not disturb it.

use rekindle::domain::action::State;

use super::world::{World, hours, minutes};
use crate::support::on_both;

on_both! {
    /// Created → reminder due → link minted → notice delivered with that link → opened → completed → silence.
    async fn a_person_who_lost_the_tab_gets_back_in(database) {
        let world = World::on(database).await;
        let ada = world.person("ada").await;
        world.settle().await;
        assert_eq!(world.status(&ada).await, "created");
        assert_eq!(world.planned(&ada).await, ["50% in 12h", "3h in 21h"]);

        world.clock.advance(hours(12));
        world.settle().await;
        let notice = world.application.only_notice();
        assert_eq!(notice.reference_id.as_deref(), Some("ada"));
        assert_eq!(notice.step, "50%");

        world.open(&notice.link).await.expect("the link leads inside the flow");
        world.persona.start(&ada);
        world.clock.advance(minutes(5));
        world.persona.complete(&ada);
        world.settle().await;
        assert_eq!(world.status(&ada).await, "completed");

        world.clock.advance(hours(48));
        world.settle().await;
        assert_eq!(world.application.notices().len(), 1, "nobody is troubled who is done");
        assert_eq!(world.persona_calls("generate-one-time-link"), 1);
        world.finish().await;
    }
}

on_both! {
    /// Nobody told us that the person finished: the reading right before the reminder finds out.
    async fn who_finished_unheard_is_not_reminded(database) {
        let world = World::on(database).await;
        let ada = world.person("ada").await;
        world.settle().await;
        world.persona.start(&ada);
        world.persona.complete(&ada);
        world.lose_deliveries();

        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.notices().len(), 0);
        assert_eq!(world.status(&ada).await, "completed");
        let reminder = &world.actions(&ada).await[0];
        assert_eq!((reminder.state, reminder.reason.as_deref()), (State::Cancelled, Some("it is completed")));
        world.finish().await;
    }
}
