//! Revival and replacement: in advance, when somebody comes, and through every crash; never two that are open.

use std::pin::Pin;
use std::task::{Context, Poll};

use rekindle::app::access::Admission;
use rekindle::domain::access::Form;
use rekindle::domain::action::{Kind, State};
use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults};

use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::{Scratch, on_both, operator};

/// Runs a future for so many steps, and then drops it, as a process that dies does.
struct CutOff<F> {
    work: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for CutOff<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.work.as_mut().poll(context).map(Some)
    }
}

fn cut_off<F: Future>(work: F, after: usize) -> CutOff<F> {
    CutOff { work: Box::pin(work), left: after }
}

impl World {
    fn publish(&self) {
        let template = self.persona.templates().remove(0);
        self.persona.publish_version(&template, None).unwrap();
    }

    /// As many kinds of actions of an inquiry as there are in a state.
    async fn count(&self, id: &InquiryId, kind: Kind, state: State) -> usize {
        let actions = self.actions(id).await;
        actions.iter().filter(|action| action.planned.work.kind() == kind && action.state == state).count()
    }

    /// Has everyone planned anew, as the fan-out over a template's inquiries does.
    async fn nudge_all(&self) {
        for view in self.persona.inquiries() {
            self.app.replan_inquiry(&environment(), &view.id).await.unwrap();
        }
    }
}

on_both! {
    /// It ran out, and nobody came: an hour later it is resumed, and the person gets a fresh link, once.
    async fn what_ran_out_is_revived_with_a_notice(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: r#"["3h"]"#, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(21));
        world.settle().await;
        world.clock.advance(hours(3));
        world.settle().await;
        assert_eq!(world.status(&ada).await, "expired");
        assert_eq!(world.planned(&ada).await, ["revive in 60m"]);
        world.clock.advance(hours(1));
        world.settle().await;
        assert_eq!(world.status(&ada).await, "pending");
        let steps: Vec<String> = world.application.notices().into_iter().map(|notice| notice.step).collect();
        assert_eq!(steps, ["3h", "revived"]);
        assert_eq!(world.open(&world.application.notices()[1].link), Ok(ada.clone()));
        assert_eq!(world.planned(&ada).await, ["3h in 1260m"], "and its reminders begin anew");
        world.finish().await;
    }

    /// Nobody ever comes: two revivals, no more than six notices, and then it is given up, visibly.
    async fn who_never_comes_is_left_in_peace_in_the_end(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        for _ in 0..40 {
            world.settle().await;
            world.clock.advance(hours(5));
        }
        assert_eq!(world.status(&ada).await, "expired");
        assert!(world.application.notices().len() <= 6, "{:?}", world.application.notices());
        assert_eq!(world.count(&ada, Kind::Revive, State::Done).await, 2);
        let story = world.app.stories(ada.as_str()).await.unwrap().remove(0);
        assert!(matches!(story.standing, Some(rekindle::domain::plan::Standing::Quiet(_))), "{:?}", story.standing);
        world.finish().await;
    }

    /// Somebody expired it on purpose: nobody undoes that in advance.
    async fn what_was_expired_on_purpose_stays_so(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(1));
        world.persona.expire(&ada).unwrap();
        world.settle().await;
        world.clock.advance(hours(10));
        world.settle().await;
        assert_eq!((world.status(&ada).await.as_str(), world.calls("/resume")), ("expired", 0));
        world.finish().await;
    }

    /// A worker dies at any moment of a revival: it is resumed once, and the notice comes.
    async fn a_crash_at_any_moment_of_a_revival_does_no_harm(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: r#"["3h"]"#, ..Setting::default() }).await;
        let people: Vec<InquiryId> = (0..24).map(|number| world.person(&format!("person-{number}"))).collect();
        world.settle().await;
        world.clock.advance(hours(24));
        world.settle().await;
        world.clock.advance(hours(1));
        for (step, claimed) in world.claim().await.into_iter().enumerate() {
            let _ = cut_off(world.app.perform(&claimed), step * 2).await;
        }
        world.let_leases_lapse().await;
        world.settle().await;
        world.clock.advance(minutes(1));
        world.settle().await;
        for person in &people {
            assert_eq!(world.status(person).await, "pending");
        }
        assert_eq!(world.calls("/resume"), people.len());
        world.finish().await;
    }

    /// A new version is published while nobody began: replaced after a quiet quarter of an hour, by the time the person
    /// comes they are in the new one.
    async fn what_nobody_began_is_replaced_for_a_new_version(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.publish();
        world.settle().await;
        world.nudge_all().await;
        assert_eq!(world.planned(&ada).await[0], "replace in 15m");
        world.clock.advance(minutes(15));
        world.settle().await;
        let open = world.open_at_persona("ada");
        assert_eq!(open.len(), 1);
        assert_ne!(open[0], ada);
        assert_eq!(world.status(&ada).await, "expired");
        assert_eq!(world.application.replacements().len(), 1);
        assert_eq!(world.application.deliveries(), [], "the person is not troubled");
        assert_eq!(world.enters(&ada).await, open[0]);
        assert_eq!(world.planned(&ada).await, [""; 0], "nothing more for the old one, no revival either");
        world.finish().await;
    }

    /// By rule the person hears of it too, with a fresh link.
    async fn the_person_of_a_replaced_inquiry_is_told_by_rule(scratch: &Scratch) {
        let world = World::with(scratch, Setting { more: "remind_replaced = true", ..Setting::default() }).await;
        world.person("ada");
        world.settle().await;
        world.publish();
        world.settle().await;
        world.nudge_all().await;
        world.clock.advance(minutes(15));
        world.settle().await;
        let notice = world.application.only_notice();
        assert_eq!((notice.step.as_str(), world.open(&notice.link)), ("replaced", Ok(world.open_at_persona("ada")[0].clone())));
        world.finish().await;
    }

    /// A new version while somebody is at it: their progress counts for a day, then the new version does.
    async fn what_somebody_began_is_kept_for_a_day(scratch: &Scratch) {
        let persona = rekindle::persona::simulator::Settings::default();
        let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(20));
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.publish();
        world.settle().await;
        world.nudge_all().await;
        assert_eq!(world.enters(&ada).await, ada, "young: kept");
        // A resume moves the deadline; a day after the start the progress counts no more.
        world.persona.resume(&ada).unwrap();
        world.clock.advance(minutes(23 * 60));
        world.settle().await;
        world.persona.resume(&ada).unwrap();
        world.clock.advance(hours(2));
        world.settle().await;
        let new = world.enters(&ada).await;
        assert_ne!(new, ada);
        assert_eq!(world.open_at_persona("ada"), [new]);
        world.finish().await;
    }

    /// The person finishes in the very moment of being replaced: nothing is made, and nothing is told.
    async fn who_finishes_meanwhile_is_not_replaced(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.publish();
        world.settle().await;
        world.nudge_all().await;
        world.clock.advance(minutes(9));
        world.nudge_all().await;
        world.clock.advance(minutes(6));
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.work().await;
        world.settle().await;
        assert_eq!(world.persona.inquiries().len(), 1);
        assert_eq!((world.status(&ada).await.as_str(), world.application.replacements().len()), ("completed", 0));
        assert!(matches!(world.admit(&ada, Form::Browser).await, Admission::Done { .. }));
        world.finish().await;
    }

    /// A process dies at any moment of a replacement: another goes on, and there is one open inquiry in the end, told
    /// of once.
    async fn a_crash_at_any_arrow_of_a_replacement_does_no_harm(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: "[]", ..Setting::default() }).await;
        let people: Vec<String> = (0..40).map(|number| format!("person-{number}")).collect();
        for person in &people {
            world.person(person);
        }
        world.settle().await;
        world.publish();
        world.settle().await;
        world.nudge_all().await;
        world.clock.advance(minutes(15));
        for (step, claimed) in world.claim().await.into_iter().enumerate() {
            let _ = cut_off(world.app.perform(&claimed), step).await;
        }
        world.let_leases_lapse().await;
        world.settle().await;
        // Calls that were cut off count as made, so it takes more than one window of the limit.
        for _ in 0..5 {
            world.clock.advance(minutes(2));
            world.settle().await;
        }
        for person in &people {
            assert_eq!(world.open_at_persona(person).len(), 1, "{person}");
        }
        assert_eq!(world.persona.inquiries().len(), 2 * people.len());
        assert_eq!(world.application.replacements().len(), people.len());
        world.finish().await;
    }

    /// The answer to the creation is lost: the same key brings it again.
    async fn a_creation_without_an_answer_is_not_repeated(scratch: &Scratch) {
        a_creation_of_which_nobody_knows_the_end(scratch, FailureKind::ConnectionDropped).await;
    }

    /// Persona says that the creation failed, though it did not: the one that was made is found before another is.
    async fn a_creation_that_is_said_to_have_failed_is_found_again(scratch: &Scratch) {
        a_creation_of_which_nobody_knows_the_end(scratch, FailureKind::Status(500)).await;
    }

    /// Twenty at once, in two processes, with three old ids: one new inquiry.
    async fn many_who_come_at_once_make_one_inquiry(scratch: &Scratch) {
        let mut world = World::with(scratch, Setting { more: r#"revive_after = "never""#, ..Setting::default() }).await;
        let old: Vec<InquiryId> = (0..3).map(|_| world.person("ada")).collect();
        world.settle().await;
        world.clock.advance(hours(80));
        world.settle().await;
        let one = world.app.clone();
        world.restart().await;
        let mut asked = tokio::task::JoinSet::new();
        for number in 0..20 {
            let app = if number % 2 == 0 { one.clone() } else { world.app.clone() };
            let whom = rekindle::app::access::Whom::Inquiry(old[number % 3].clone());
            let urgency = rekindle::app::access::Urgency::Waiting;
            asked.spawn(async move { app.admit(&environment(), &whom, Form::Browser, urgency).await.unwrap() });
        }
        for admission in asked.join_all().await {
            assert!(matches!(admission, Admission::Link { .. }), "{admission:?}");
        }
        assert_eq!(world.open_at_persona("ada").len(), 1);
        assert_eq!(world.persona.inquiries().len(), 4);
        world.finish().await;
    }

    /// An operator mutes a lineage: nobody is told, nothing is revived, and who comes gets in.
    async fn a_muted_lineage_is_quiet_and_open(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.app.mute(&environment(), &ada, true, &operator("olga"), "asked us to").await.unwrap();
        world.clock.advance(hours(30));
        world.settle().await;
        assert_eq!((world.application.deliveries().len(), world.calls("/resume")), (0, 0));
        assert_eq!(world.enters(&ada).await, ada);
        assert_eq!(world.app.mute(&environment(), &ada, false, &operator("olga"), "asked us to").await.unwrap(), Some(true));
        world.finish().await;
    }

    /// The link was minted, the notice failed, and the reading before the next try is answered with 503: the same key,
    /// one mint in all.
    async fn a_failed_reading_does_not_cost_another_mint(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        world.application.answer_next(&[503]);
        world.settle().await;
        assert_eq!(world.calls("generate-one-time-link"), 1);
        world.clock.advance(minutes(11));
        world.persona.set_faults(Faults {
            fail_next: 1,
            failure: Failure { kind: FailureKind::Status(503), moment: FailureMoment::BeforeActing },
            ..Faults::default()
        });
        world.settle().await;
        world.clock.advance(minutes(11));
        world.settle().await;
        assert_eq!(world.application.notices().len(), 1);
        assert_eq!(world.calls("generate-one-time-link"), 1, "the notice carries the link that was there");
        world.finish().await;
    }

    /// Somebody is in the flow when their reminder is due: it waits until they pause, and is not sent when they finish.
    async fn nobody_is_reminded_who_is_in_the_flow(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: r#"["50%"]"#, ..Setting::default() }).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        world.clock.advance(minutes(11 * 60 + 50));
        for person in [&ada, &bo] {
            world.persona.start(person).unwrap();
        }
        world.settle().await;
        assert_eq!(world.planned(&ada).await, ["50% in 30m"]);
        world.clock.advance(minutes(15));
        world.persona.step(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.application.deliveries(), []);
        world.clock.advance(minutes(15));
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.application.only_notice().inquiry, bo.as_str(), "who stopped is reminded");
        world.finish().await;
    }
}

async fn a_creation_of_which_nobody_knows_the_end(scratch: &Scratch, kind: FailureKind) {
    let world = World::with(scratch, Setting { more: r#"revive_after = "never""#, ..Setting::default() }).await;
    let ada = world.person("ada");
    world.settle().await;
    world.clock.advance(hours(80));
    world.settle().await;
    world.persona.set_faults(Faults {
        fail_next: 1,
        failure: Failure { kind, moment: FailureMoment::AfterActing },
        only_requests_with: Some("POST /api/v1/inquiries".to_owned()),
        ..Faults::default()
    });
    let first = world.admit(&ada, Form::Browser).await;
    assert!(matches!(first, Admission::Busy { .. }), "{first:?}");
    world.persona.set_faults(Faults::default());
    world.clock.advance(seconds(20));
    world.settle().await;
    let new = world.enters(&ada).await;
    assert_eq!(world.open_at_persona("ada"), [new]);
    assert_eq!(world.persona.inquiries().len(), 2);
    world.finish().await;
}
