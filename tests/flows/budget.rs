//! Many processes share one environment's rate limit, and everybody is served in the order of their urgency.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rekindle::app::App;
use rekindle::domain::action::State;
use rekindle::domain::budget::{URGENCIES, Urgency};
use rekindle::domain::ids::InquiryId;
use rekindle::domain::time::Timestamp;
use rekindle::persona::client::PersonaClient;
use rekindle::persona::error::PersonaError;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults, Settings};

use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::on_both;

fn limited(requests_per_minute: u32) -> Setting {
    Setting { persona: Settings { requests_per_minute, ..Settings::default() }, ..Setting::default() }
}

fn client(app: &App, urgency: Urgency) -> PersonaClient {
    app.environments()[&environment()].persona.as_ref().unwrap().at(urgency)
}

/// Asks again and again, for as long as time passes, and waits where it is told to; counts what was served.
async fn ask_on(app: App, urgency: Urgency, ada: InquiryId, until: Timestamp, served: Arc<[AtomicUsize; URGENCIES]>) {
    let persona = client(&app, urgency);
    while app.clock().now() < until {
        match persona.retrieve_inquiry(&ada).await {
            Ok(_) => drop(served[urgency.place()].fetch_add(1, Ordering::SeqCst)),
            Err(error) => {
                let wait = error.retry_after().unwrap_or_else(|| seconds(1));
                app.clock().sleep_until(app.clock().now().plus(wait).min(until)).await;
            }
        }
    }
}

/// Three processes in which everyone asks all the time, for so many minutes; what was served of each urgency.
async fn everyone_is_busy(world: &World, for_minutes: i64) -> Vec<usize> {
    let ada = world.person("ada");
    let until = world.clock.now().plus(minutes(for_minutes));
    let served: Arc<[AtomicUsize; URGENCIES]> = Arc::default();
    let mut tasks = tokio::task::JoinSet::new();
    for app in [world.app.clone(), world.another_process().await, world.another_process().await] {
        // People come now and then, the others all the time.
        for urgency in Urgency::ALL.into_iter().skip(1) {
            tasks.spawn(ask_on(app.clone(), urgency, ada.clone(), until, Arc::clone(&served)));
        }
        let (people, ada, served) = (client(&app, Urgency::Waiting), ada.clone(), Arc::clone(&served));
        tasks.spawn(async move {
            while app.clock().now() < until {
                app.clock().sleep_until(app.clock().now().plus(seconds(40))).await;
                if people.retrieve_inquiry(&ada).await.is_ok() {
                    served[Urgency::Waiting.place()].fetch_add(1, Ordering::SeqCst);
                }
            }
        });
    }
    while !tasks.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        world.clock.advance(seconds(1));
        while tasks.try_join_next().is_some() {}
    }
    served.iter().map(|served| served.load(Ordering::SeqCst)).collect()
}

/// The most requests in one of Persona's windows, which begin with the first request after the last one.
fn most_in_a_window(world: &World) -> u32 {
    let mut windows: Vec<(Timestamp, u32)> = Vec::new();
    for request in world.persona.requests() {
        match windows.last_mut() {
            Some((opened, count)) if request.at.since(*opened) < minutes(1) => *count += 1,
            _ => windows.push((request.at, 1)),
        }
    }
    windows.into_iter().map(|(_, count)| count).max().unwrap_or(0)
}

fn refused(world: &World) -> usize {
    world.persona.requests().into_iter().filter(|request| request.status == Some(429)).count()
}

on_both! {
    async fn many_processes_keep_one_limit(scratch: &Scratch) {
        let world = World::with(scratch, limited(80)).await;
        let served = everyone_is_busy(&world, 4).await;
        assert_eq!(refused(&world), 0, "{served:?}");
        assert!(most_in_a_window(&world) <= 80);
        assert!(served.iter().all(|served| *served > 0), "nobody starves: {served:?}");
        let all: usize = served.iter().sum();
        assert!(all >= 4 * 80 / 2, "what there is, is used: {served:?}");
        assert!(served[Urgency::Waiting.place()] > 9, "people are let in: {served:?}");
        world.finish().await;
    }

    async fn connections_that_break_and_refusals_stop_nobody_and_break_no_limit(scratch: &Scratch) {
        for failure in [
            Failure { kind: FailureKind::ConnectionDropped, moment: FailureMoment::AfterActing },
            Failure { kind: FailureKind::Status(429), moment: FailureMoment::BeforeActing },
        ] {
            let world = World::with(scratch, limited(80)).await;
            world.persona.set_faults(Faults { fail_share: 0.02, failure, ..Faults::default() });
            let served = everyone_is_busy(&world, 4).await;
            assert!(most_in_a_window(&world) <= 80, "{failure:?}");
            assert!(served.iter().all(|served| *served > 0), "{failure:?}: {served:?}");
            world.persona.set_faults(Faults::default());
            world.clock.advance(hours(1));
            world.finish().await;
        }
    }

    /// Readings have used all they may: they are told when to come again, and a person who waits is let in.
    async fn a_person_who_waits_is_served_when_readings_have_spent_theirs(scratch: &Scratch) {
        let world = World::with(scratch, limited(80)).await;
        let ada = world.person("ada");
        let (reading, waiting) = (client(&world.app, Urgency::Reading), client(&world.app, Urgency::Waiting));
        let mut read = 0;
        let wait = loop {
            match reading.retrieve_inquiry(&ada).await {
                Ok(_) => read += 1,
                Err(PersonaError::Busy { wait }) => break wait,
                Err(other) => panic!("{other}"),
            }
        };
        assert!((20..=32).contains(&read), "40 per cent of 80: {read}");
        assert!(wait > seconds(50) && wait <= seconds(62), "{wait}");
        assert_eq!(world.app.environments()[&environment()].budget.as_ref().unwrap().within_reach(Urgency::Reading), Some(0));
        for number in 0..40 {
            waiting.retrieve_inquiry(&ada).await.unwrap_or_else(|error| panic!("person {number}: {error}"));
        }
        world.clock.advance(wait);
        reading.retrieve_inquiry(&ada).await.unwrap();
        world.finish().await;
    }

    /// What a process had in hand when it stopped is there for the others at once.
    async fn a_process_that_stops_gives_back_what_it_had_in_hand(scratch: &Scratch) {
        let world = World::with(scratch, limited(100)).await;
        let ada = world.person("ada");
        for _ in 0..3 {
            client(&world.app, Urgency::Reminder).retrieve_inquiry(&ada).await.unwrap();
        }
        world.app.give_back_budgets().await;
        let ledger = world.database().read().await.unwrap().budget(&environment(), 60).await.unwrap().unwrap();
        assert_eq!((ledger.limit, ledger.left, ledger.holdings), (Some(100), 97, Vec::new()));
        world.finish().await;
    }

    /// Reminders for which nothing is left wait for the next window, and no attempt is counted.
    async fn a_spent_budget_costs_no_attempt(scratch: &Scratch) {
        let world = World::with(scratch, limited(4)).await;
        let people: Vec<InquiryId> = (0..12).map(|number| world.person(&format!("person {number}"))).collect();
        world.settle().await;
        world.clock.advance(hours(12));
        for _ in 0..20 {
            world.settle().await;
            world.clock.advance(minutes(1));
        }
        assert_eq!(world.application.notices().len(), 12);
        assert_eq!(refused(&world), 0);
        for person in &people {
            let done = world.actions(person).await.remove(0);
            assert_eq!((done.state, done.attempts), (State::Done, 1));
        }
        world.finish().await;
    }
}
