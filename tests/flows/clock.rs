//! Our clock is set back while Persona's goes on: nothing is lost, nobody is told twice, and nobody waits for the old time.

use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::domain::budget::Urgency;
use rekindle::domain::ids::InquiryId;
use rekindle::persona::client::PersonaClient;
use rekindle::persona::error::PersonaError;
use rekindle::persona::simulator::Settings;
use rekindle::storage::events::Outcome;
use rekindle::storage::reconciliation::{Run, Why};

use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::{Scratch, on_both};

/// A world in which our clock is not Persona's.
struct Apart {
    world: World,
    ours: Clock,
}

impl Apart {
    async fn on(scratch: &Scratch, setting: Setting) -> Self {
        let mut world = World::with(scratch, setting).await;
        let ours = Clock::manual(world.clock.now());
        world.restart_by(&ours).await;
        Self { world, ours }
    }

    /// Time passes for both.
    fn pass(&self, by: SignedDuration) {
        self.world.clock.advance(by);
        self.ours.advance(by);
    }

    async fn reconcile(&self) -> Run {
        let sandbox = environment();
        let work = self.world.app.reconcile(&sandbox, Why::Asked, None, |_| {});
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done.unwrap(),
                () = tokio::time::sleep(std::time::Duration::from_millis(4)) => self.pass(seconds(1)),
            }
        }
    }

    /// Asks Persona for a person who waits.
    async fn ask(&self, ada: &InquiryId) -> Result<(), PersonaError> {
        let client: PersonaClient =
            self.world.app.environments()[&environment()].persona.as_ref().unwrap().at(Urgency::Waiting);
        client.retrieve_inquiry(ada).await.map(drop)
    }
}

/// How long somebody has to wait who is not let through.
fn wait(asked: Result<(), PersonaError>) -> SignedDuration {
    match asked {
        Err(PersonaError::Busy { wait }) => wait,
        other => panic!("{other:?}"),
    }
}

on_both! {
    /// By some minutes: what is signed "in the future" now is still Persona's, and a reminder comes once, if a little late.
    async fn four_minutes_back_change_nothing(scratch: &Scratch) {
        let apart = Apart::on(scratch, Setting::default()).await;
        let (world, ada) = (&apart.world, apart.world.person("ada"));
        world.settle().await;
        apart.pass(hours(12) - minutes(2));
        apart.ours.advance(-minutes(4));
        let bo = world.person("bo");
        world.persona.start(&bo).unwrap();
        world.settle().await;
        assert_eq!((&*world.status(&ada).await, &*world.status(&bo).await), ("created", "pending"));
        apart.pass(minutes(3));
        world.settle().await;
        assert_eq!(world.application.deliveries(), [], "by our clock it is not time");
        apart.pass(minutes(4));
        world.settle().await;
        let notice = world.application.only_notice();
        assert_eq!(notice.inquiry, ada.as_str());
        assert_eq!(world.open(&notice.link), Ok(ada.clone()));

        // Set back again, to before it was sent.
        apart.ours.advance(-minutes(4));
        world.settle().await;
        apart.pass(minutes(10));
        world.settle().await;
        assert_eq!(world.application.deliveries().len(), 1, "it is not sent again");
        // And set right.
        apart.ours.advance(minutes(8));
        world.persona.complete(&bo).unwrap();
        world.settle().await;
        assert_eq!(world.status(&bo).await, "completed");
        apart.world.finish().await;
    }

    /// By more than a signature may be ahead: what comes is kept aside and answered, and taken when Persona confirms it.
    async fn a_day_back_keeps_what_comes_aside(scratch: &Scratch) {
        let apart = Apart::on(scratch, Setting::default()).await;
        let (world, ada) = (&apart.world, apart.world.person("ada"));
        world.settle().await;
        apart.pass(hours(1));
        apart.ours.advance(-hours(24));
        world.persona.start(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.status(&ada).await, "created");
        let held = world.events().await.into_iter().filter(|event| event.outcome == Some(Outcome::Quarantined)).count();
        assert_eq!((held, world.persona.pending_deliveries().len()), (1, 0), "nothing is sent again for it");

        // Somebody sets the clock right.
        apart.ours.advance(hours(24));
        assert_eq!(apart.reconcile().await.found.confirmed, 1);
        world.settle().await;
        assert_eq!(world.status(&ada).await, "pending");
        apart.world.finish().await;
    }

    /// What was spent by the old time is spent no longer than it would have been, and not a call more is made.
    async fn the_budget_is_not_waited_for_by_the_old_time(scratch: &Scratch) {
        let persona = Settings { requests_per_minute: 20, ..Settings::default() };
        let apart = Apart::on(scratch, Setting { persona, ..Setting::default() }).await;
        let ada = apart.world.person("ada");
        let mut served = 0;
        let spent = loop {
            match apart.ask(&ada).await {
                Ok(()) => served += 1,
                not => break wait(not),
            }
        };
        assert_eq!((served, spent <= seconds(62)), (20, true), "{spent}");
        apart.world.app.give_back_budgets().await;
        apart.pass(seconds(20));
        apart.ours.advance(-minutes(4));
        let left = wait(apart.ask(&ada).await);
        assert!(left <= seconds(62), "{left}");
        apart.pass(left);
        apart.ask(&ada).await.unwrap();
        let refused = apart.world.persona.requests().into_iter().filter(|request| request.status == Some(429));
        assert_eq!(refused.count(), 0);
        apart.world.finish().await;
    }
}
