//! Webhooks are lost, late or never sent, and what we know is the truth all the same.

use std::sync::atomic::{AtomicUsize, Ordering};

use rekindle::app::reconcile::ReconcileError;
use rekindle::domain::ids::InquiryId;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults, Move, Settings, Unknowns};
use rekindle::storage::events::Origin;
use rekindle::storage::reconciliation::{Reconciliation, Stage, Why};

use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::{Scratch, on_both};

on_both! {
    /// A day of webhooks is lost: who finished is not reminded, who is new is, and the story of each is whole.
    async fn a_lost_day(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(1));
        let bo = world.person("bo");
        for step in [Move::Start, Move::Step(None), Move::Complete] {
            world.persona.make(&ada, &step).unwrap();
        }
        world.lose_deliveries().await;
        world.clock.advance(minutes(2));
        assert_eq!((&*world.status(&ada).await, &*world.status(&bo).await), ("created", ""));

        let found = world.reconcile().await.found;
        assert_eq!((&*world.status(&ada).await, &*world.status(&bo).await), ("completed", "created"));
        assert_eq!((found.changed, found.errors), (2, 0));
        let recovered = world.events().await.into_iter().filter(|event| event.origin == Origin::Api).count();
        assert_eq!(recovered, world.persona.events().len() - 1, "all but the one that came");
        assert_eq!(found.recovered, recovered as u64);
        assert_same(&world).await;

        world.clock.advance(hours(13));
        world.settle().await;
        assert_eq!(world.application.only_notice().inquiry, bo.as_str());
        let again = world.reconcile().await.found;
        assert_eq!((again.changed, again.recovered), (0, 0), "nothing was missing");
        world.finish().await;
    }

    /// The search is a minute behind, and the next run's overlap finds what it did not show yet.
    async fn a_search_that_is_behind(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.reconcile().await;
        let ada = world.person("ada");
        world.lose_deliveries().await;
        refuse(&world, "GET /api/v1/events", 403);
        let run = world.app.reconcile(&environment(), Why::Asked, None, |_| {}).await.unwrap();
        assert_eq!((&*world.status(&ada).await, run.found.searched, run.found.refused), ("", 0, 1));
        world.clock.advance(seconds(70));
        assert_eq!(world.reconcile().await.found.changed, 1);
        assert_eq!(world.status(&ada).await, "created");
        world.persona.set_faults(Faults::default());
        world.finish().await;
    }

    /// What the search does not show yet, the list of events does.
    async fn events_are_not_behind(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.reconcile().await;
        let ada = world.person("ada");
        world.lose_deliveries().await;
        let run = world.app.reconcile(&environment(), Why::Asked, None, |_| {}).await.unwrap();
        assert_eq!((run.found.searched, run.found.recovered), (0, 1));
        assert_eq!(world.status(&ada).await, "created");
        world.finish().await;
    }

    /// A clock was days ahead during a run, and is right again: what that run took for known is looked at anew.
    async fn a_clock_that_was_ahead(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.clock.advance(hours(48));
        world.reconcile().await;
        world.clock.advance(hours(-48));
        let ada = world.person("ada");
        world.lose_deliveries().await;
        world.clock.advance(minutes(10));
        assert!(world.app.reconcile_where_due(&environment()).await.unwrap(), "due at once");
        assert_eq!(world.status(&ada).await, "created");
        let known = known(&world).await;
        assert_eq!(known.reconciled_until, known.run.unwrap().began_at);
        world.finish().await;
    }

    /// Two things happen in one second, and the event of the first is all that came: the search alone can't tell which
    /// was last, so the inquiry is read.
    async fn a_tie_is_settled_by_a_true_read(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.lose_deliveries().await;
        world.clock.advance(minutes(2));
        refuse(&world, "GET /api/v1/events", 403);
        world.reconcile().await;
        assert_eq!(world.status(&ada).await, "completed");
        assert_eq!(world.calls(&format!("inquiries/{ada}")), 1);
        assert_same(&world).await;
        world.persona.set_faults(Faults::default());
        world.finish().await;
    }

    /// Neither list may be seen: the run says so, and nothing is taken for reconciled.
    async fn a_key_that_may_not_see_the_lists(scratch: &Scratch) {
        let world = World::on(scratch).await;
        world.person("ada");
        refuse(&world, "", 403);
        let error = world.app.reconcile(&environment(), Why::Asked, None, |_| {}).await.unwrap_err();
        assert!(matches!(error, ReconcileError::Persona(_)), "{error}");
        let known = known(&world).await;
        let run = known.run.unwrap();
        assert!(run.error.unwrap().contains("403") && run.stage == Stage::Events);
        assert!(known.reconciled_until < run.began_at);

        world.persona.set_faults(Faults::default());
        let run = world.reconcile().await;
        assert_eq!((run.stage, run.error, run.found.refused), (Stage::Done, None, 1), "the stopped run is gone on with");
        world.finish().await;
    }

    /// A deadline passes and nobody says so; another inquiry is quiet for a day. Both are read again.
    async fn silence_is_looked_into(scratch: &Scratch) {
        let setting = Setting { mode: "observe", reminders: "[]", ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        world.clock.advance(hours(23));
        world.persona.start(&bo).unwrap();
        world.settle().await;
        world.clock.advance(minutes(61));
        world.persona.tick();
        world.lose_deliveries().await;
        refuse(&world, "search", 400);
        world.clock.advance(minutes(1));
        let run = world.reconcile().await;
        assert_eq!((run.found.refused, run.found.recovered > 0), (1, true), "the events tell what the search does not");
        assert_eq!(world.status(&ada).await, "expired");

        let cleo = world.person("cleo");
        world.settle().await;
        world.clock.advance(hours(24).checked_add(minutes(1)).unwrap());
        world.persona.tick();
        world.lose_deliveries().await;
        world.persona.set_faults(Faults::default());
        world.clock.advance(hours(80));
        // The lists have nothing to say of so long ago.
        let since = Some(world.clock.now().minus(minutes(5)));
        let run = world.app.reconcile(&environment(), Why::Asked, since, |_| {}).await.unwrap();
        assert_eq!((run.found.changed, run.found.recovered), (0, 0));
        assert_eq!((run.found.reread, run.found.overdue), (1, 1));
        assert_eq!(world.status(&cleo).await, "expired");
        assert!(known(&world).await.reconciled_until < run.since, "what was not looked at is not taken for known");
        assert_same(&world).await;
        world.finish().await;
    }

    /// Much is missing and the rate limit is small: it takes as long as it takes, and the reserve is never touched.
    async fn within_the_budget(scratch: &Scratch) {
        let persona = Settings { requests_per_minute: 20, ..Settings::default() };
        let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
        for number in 0..40 {
            world.person(&format!("person {number}"));
        }
        world.lose_deliveries().await;
        world.clock.advance(minutes(2));
        let began = world.clock.now();
        let found = world.reconcile().await.found;
        assert_eq!((found.changed, found.recovered), (40, 40));
        let requests = world.persona.requests();
        assert!(requests.iter().all(|request| request.status == Some(200)), "none was refused");
        let mut windows: Vec<(Timestamp, u32)> = Vec::new();
        for request in &requests {
            match windows.last_mut() {
                Some((opened, count)) if request.at.since(*opened) < minutes(1) => *count += 1,
                _ => windows.push((request.at, 1)),
            }
        }
        assert!(windows.iter().all(|(_, count)| *count <= 17), "the reserve is 15 per cent of 20: {windows:?}");
        assert!(world.clock.now().since(began) > minutes(2), "the story needs waits");
        world.finish().await;
    }

    /// The process dies after each of its steps in turn; the next one goes on, and another run at the same time is refused.
    async fn a_run_that_dies_is_gone_on_with(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let mut deaths = 0;
        for dies_after in 1..9 {
            let ada = world.person(&format!("ada {dies_after}"));
            world.persona.start(&ada).unwrap();
            world.lose_deliveries().await;
            world.clock.advance(minutes(2));
            let began = world.clock.now();
            let steps = AtomicUsize::new(0);
            let name = environment();
            let died = {
                let run = world.app.reconcile(&name, Why::Asked, None, |_| {
                    steps.fetch_add(1, Ordering::SeqCst);
                });
                tokio::select! {
                    biased;
                    () = until(&steps, dies_after) => true,
                    run = run => { run.unwrap(); false }
                }
            };
            // What was on its way to the database when it died may have been its last step.
            let died = died
                && match world.app.reconcile(&environment(), Why::Asked, None, |_| {}).await {
                    Err(ReconcileError::Held(_)) => true,
                    other => other.map(|_| false).unwrap(),
                };
            deaths += u32::from(died);
            world.restart().await;
            world.clock.advance(minutes(4));
            let run = world.reconcile().await;
            assert_eq!(run.stage, Stage::Done);
            assert!(!died || run.began_at == began, "it is the run that died");
            assert_same(&world).await;
            let events = world.events().await;
            assert_eq!(events.len(), world.persona.events().len(), "after {dies_after} steps");
        }
        assert!(deaths >= 3, "the story needs deaths: {deaths}");
        world.finish().await;
    }

    /// Persona fails in the middle: the run stops, says why, and goes on when it is due.
    async fn a_run_that_stops_says_why(scratch: &Scratch) {
        let world = World::on(scratch).await;
        assert!(!world.app.reconcile_where_due(&environment()).await.unwrap(), "what was before is for an import");
        world.person("ada");
        world.lose_deliveries().await;
        world.clock.advance(minutes(16));
        failing(&world, "GET /api/v1/events", 7);
        let stopped = world.while_time_passes(world.app.reconcile_where_due(&environment())).await;
        assert!(matches!(stopped, Err(ReconcileError::Persona(_))), "{stopped:?}");
        let run = known(&world).await.run.unwrap();
        assert_eq!((run.why, run.stage), (Why::Schedule, Stage::Events));
        assert_eq!(run.error.as_deref(), Some("Persona could not be reached: the connection broke"));
        assert!(!world.app.reconcile_where_due(&environment()).await.unwrap(), "not at once");

        world.clock.advance(minutes(2));
        assert!(world.app.reconcile_where_due(&environment()).await.unwrap());
        let known = known(&world).await;
        let finished = known.run.unwrap();
        assert_eq!((finished.began_at, finished.stage, finished.error), (run.began_at, Stage::Done, None));
        assert_eq!(known.reconciled_until, run.began_at);
        assert_eq!(finished.found.recovered, 1);
        assert_same(&world).await;
        world.finish().await;
    }

    /// Whatever deliveries are lost, repeated or reordered: after a run, every inquiry is as Persona has it.
    async fn what_we_know_is_what_persona_has(scratch: &Scratch) {
        go_through_rounds(scratch, 1, Unknowns::default()).await;
    }

    /// The same with another seed, and with the list's payloads in full.
    async fn what_we_know_is_what_persona_has_again(scratch: &Scratch) {
        go_through_rounds(scratch, 2, Unknowns { events_listed_in_full: true, ..Unknowns::default() }).await;
    }
}

async fn go_through_rounds(scratch: &Scratch, seed: u64, unknowns: Unknowns) {
    let persona = Settings { requests_per_minute: 100_000, seed, unknowns, ..Settings::default() };
    let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
    let mut dice = Dice(seed);
    let mut people: Vec<InquiryId> = Vec::new();
    for round in 0_u32..8 {
        world.persona.set_faults(Faults {
            deliveries_lost_share: f64::from(round % 5) / 4.0,
            deliveries_repeated_share: 0.3,
            deliveries_reordered: true,
            ..Faults::default()
        });
        for _ in 0..12 {
            live(&world, &mut dice, &mut people).await;
        }
        world.persona.set_faults(Faults::default());
        world.clock.advance(minutes(2));
        let found = world.reconcile().await.found;
        assert_eq!(found.errors, 0, "round {round} of seed {seed}");
        assert_same(&world).await;
    }
    assert!(people.len() > 5, "the story needs people");
    world.finish().await;
}

/// Something happens to somebody, and time passes.
async fn live(world: &World, dice: &mut Dice, people: &mut Vec<InquiryId>) {
    if people.is_empty() || dice.throw(4) == 0 {
        people.push(world.person(&format!("person {}", people.len())));
    } else {
        let id = &people[dice.throw(people.len())];
        let moves =
            [Move::Start, Move::Step(None), Move::Complete, Move::Fail, Move::Expire, Move::Approve, Move::Decline];
        // What its status does not allow does not happen.
        let _ = world.persona.make(id, &moves[dice.throw(moves.len())]);
        if dice.throw(6) == 0 && world.persona.inquiry(id).unwrap().status.as_str() == "expired" {
            world.resume_as(id, &format!("by hand {}", dice.throw(1_000_000))).await;
        }
    }
    if dice.throw(3) > 0 {
        let spans = [seconds(1), seconds(20), minutes(5), hours(2)];
        world.clock.advance(spans[dice.throw(spans.len())]);
        world.settle().await;
    }
}

/// A small linear congruential generator: the same seed tells the same story.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

fn refuse(world: &World, requests: &str, status: u16) {
    let failure = Failure { kind: FailureKind::Status(status), moment: FailureMoment::BeforeActing };
    let only_requests_with = Some(requests.to_owned());
    world.persona.set_faults(Faults { fail_share: 1.0, failure, only_requests_with, ..Faults::default() });
}

fn failing(world: &World, requests: &str, times: u32) {
    let failure = Failure { kind: FailureKind::ConnectionDropped, moment: FailureMoment::BeforeActing };
    let only_requests_with = Some(requests.to_owned());
    world.persona.set_faults(Faults { fail_next: times, failure, only_requests_with, ..Faults::default() });
}

async fn until(steps: &AtomicUsize, count: usize) {
    while steps.load(Ordering::SeqCst) < count {
        tokio::task::yield_now().await;
    }
}

async fn known(world: &World) -> Reconciliation {
    world.app.reconciliations().await.unwrap().remove(0)
}

/// Every inquiry of Persona's is known, and known as it is.
async fn assert_same(world: &World) {
    for view in world.persona.inquiries() {
        let mut tx = world.database().read().await.unwrap();
        let ours = tx.inquiry(&environment(), &view.id).await.unwrap().expect("it is known").inquiry;
        assert_eq!(ours.status(), Some(&view.status), "{}", view.id);
        assert_eq!(ours.known.expires_at(), view.expires_at.as_ref(), "{}", view.id);
        assert_eq!(ours.known.expired_at(), view.expired_at.as_ref(), "{}", view.id);
        assert_eq!(ours.known.next_step(), view.next_step.as_ref(), "{}", view.id);
        let person = ours.known.reference_id().map(ToString::to_string);
        assert_eq!(person, view.reference_id, "{}", view.id);
    }
}
