//! Somebody asks why a person can't get in.

use rekindle::app::access::Whom;
use rekindle::app::lanes::LaneChange;
use rekindle::domain::access::Form;
use rekindle::domain::action::Kind;
use rekindle::domain::diagnosis::{By, Cause, Diagnosis};
use rekindle::domain::ids::{InquiryId, ReferenceId};
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults};

use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::{on_both, operator};

impl World {
    async fn why(&self, id: &InquiryId) -> Diagnosis {
        self.app.diagnose(&environment(), &Whom::Inquiry(id.clone())).await.unwrap().unwrap()
    }

    /// The answer, and all causes.
    async fn told(&self, id: &InquiryId) -> String {
        let diagnosis = self.why(id).await;
        let causes: Vec<&str> = std::iter::once(diagnosis.cause()).chain(diagnosis.also()).map(Cause::code).collect();
        format!("{}: {}", diagnosis.answer().as_str(), causes.join(", "))
    }
}

on_both! {
    /// From the beginning to the end: each time another answer, and nothing is asked of Persona.
    async fn one_inquiry_is_explained_at_every_turn(scratch: &Scratch) {
        let world = World::with(scratch, Setting { more: r#"revive_after = "never""#, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        assert_eq!(world.told(&ada).await, "yes: not-started");
        assert_eq!(world.enters(&ada).await, ada);
        world.persona.start(&ada).unwrap();
        world.settle().await;
        world.clock.advance(minutes(10));
        assert_eq!(world.told(&ada).await, "yes: link-used");
        world.admit(&ada, Form::Browser).await;
        assert_eq!(world.told(&ada).await, "yes: session-token-lost", "a fresh link was handed out and not used");

        world.clock.advance(hours(30));
        world.settle().await;
        let asked = world.persona.requests().len();
        let diagnosis = world.why(&ada).await;
        assert_eq!(world.told(&ada).await, "after-revival: expired");
        let said = diagnosis.evidence().iter().find(|one| one.what == "it is expired").unwrap();
        let By::Event(Some(event)) = &said.by else { panic!("{said:?}") };
        let events = world.events().await;
        let event = events.iter().find(|stored| stored.id == *event).unwrap();
        assert_eq!(event.name.as_deref(), Some("inquiry.expired"));
        assert_eq!(world.persona.requests().len(), asked, "a diagnosis costs Persona nothing");

        assert_eq!(world.enters(&ada).await, ada);
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.told(&ada).await, "not-needed: done");
        world.finish().await;
    }

    /// A person is found by the application's name for them, and an unknown one is not.
    async fn people_are_found_by_their_reference_id(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let first = world.person("ada");
        world.clock.advance(minutes(5));
        let second = world.person("ada");
        world.settle().await;
        let whom = |name: &str| Whom::Person { reference_id: ReferenceId::parse(name).unwrap(), template: None };
        let diagnosis = world.app.diagnose(&environment(), &whom("ada")).await.unwrap().unwrap();
        assert_eq!(diagnosis.inquiry(), &second);
        let diagnosis = world.why(&first).await;
        assert_eq!((diagnosis.asked(), diagnosis.inquiry()), (&first, &second));
        assert_eq!(world.app.meant_by("ada").await.unwrap(), [(environment(), second)]);
        assert_eq!(world.app.meant_by(first.as_str()).await.unwrap(), [(environment(), first)]);
        assert_eq!(world.app.diagnose(&environment(), &whom("grace")).await.unwrap(), None);
        world.finish().await;
    }

    /// Persona is away when a reminder is due: the diagnosis says so, and no longer when it is back.
    async fn what_went_wrong_lately_is_told(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let failure = Failure { kind: FailureKind::Status(503), moment: FailureMoment::BeforeActing };
        world.persona.set_faults(Faults { fail_share: 1.0, failure, ..Faults::default() });
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.told(&ada).await, "not-now: persona-unreachable, not-started");
        world.persona.set_faults(Faults::default());
        world.clock.advance(seconds(30));
        world.settle().await;
        assert_eq!(world.told(&ada).await, "yes: not-started");
        world.finish().await;
    }

    /// What an operator did is told, with who and why.
    async fn what_operators_decided_is_told(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.app.change_lane(&environment(), Kind::Remind, LaneChange::Pause, &operator("grace"), "a trial").await.unwrap();
        world.app.mute(&environment(), &ada, true, &operator("grace"), "she asked us").await.unwrap();
        assert_eq!(world.told(&ada).await, "yes: not-started, muted, lane-paused");
        let in_words = world.why(&ada).await.in_words();
        assert!(in_words.contains("grace paused \"remind\"") && in_words.contains("(a trial)"), "{in_words}");
        world.app.change_lane(&environment(), Kind::Remind, LaneChange::Resume, &operator("grace"), "it is over").await.unwrap();
        world.app.mute(&environment(), &ada, false, &operator("grace"), "she came back").await.unwrap();
        world.restart_as(&Setting { mode: "observe", ..Setting::default() }).await;
        assert_eq!(world.told(&ada).await, "no: observing, not-started");
        world.finish().await;
    }
}
