//! Many processes share one environment's rate limit, and everybody is served in the order of their urgency.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use rekindle::app::App;
use rekindle::clock::Clock;
use rekindle::domain::action::State;
use rekindle::domain::budget::{URGENCIES, Urgency};
use rekindle::domain::ids::InquiryId;
use rekindle::domain::time::Timestamp;
use rekindle::persona::client::PersonaClient;
use rekindle::persona::error::PersonaError;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults, Settings};

use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::{Scratch, on_both};

fn limited(requests_per_minute: u32) -> Setting {
    Setting { persona: Settings { requests_per_minute, ..Settings::default() }, ..Setting::default() }
}

fn client(app: &App, urgency: Urgency) -> PersonaClient {
    app.environments()[&environment()].persona.as_ref().unwrap().at(urgency)
}

/// Who asks, and until when they wait: time passes only while nobody is in the middle of a call, however slow the machine.
#[derive(Default)]
struct Crowd(Mutex<Vec<Option<Timestamp>>>);

impl Crowd {
    /// One more who asks; from now on time waits for them.
    fn joined(&self) -> usize {
        let mut waiting = self.0.lock().unwrap();
        waiting.push(None);
        waiting.len() - 1
    }

    /// Waits by the clock, and is in the middle of something again afterwards.
    async fn rest(&self, place: usize, clock: &Clock, until: Timestamp) {
        self.0.lock().unwrap()[place] = Some(until);
        clock.sleep_until(until).await;
        self.0.lock().unwrap()[place] = None;
    }

    /// Who left keeps nobody waiting.
    fn left(&self, place: usize) {
        self.0.lock().unwrap()[place] = Some(Timestamp::from_micros(i64::MAX));
    }

    fn all_rest(&self, now: Timestamp) -> bool {
        self.0.lock().unwrap().iter().all(|until| until.is_some_and(|until| until > now))
    }
}

/// Everyone who asks of Persona in one process, and what all of them together were served of each urgency.
#[derive(Clone)]
struct Asking {
    app: App,
    ada: InquiryId,
    until: Timestamp,
    crowd: Arc<Crowd>,
    served: Arc<[AtomicUsize; URGENCIES]>,
}

impl Asking {
    /// Asks again and again, for as long as time passes: at once when it may, otherwise when it is told to.
    async fn on(self, place: usize, urgency: Urgency, pause: SignedDuration) {
        let (persona, clock) = (client(&self.app, urgency), self.app.clock().clone());
        while clock.now() < self.until {
            let asked = persona.retrieve_inquiry(&self.ada).await;
            if asked.is_ok() {
                self.served[urgency.place()].fetch_add(1, Ordering::SeqCst);
            }
            let told = asked.err().map(|error| error.retry_after().unwrap_or_default().max(seconds(1)));
            let wait = told.filter(|_| urgency != Urgency::Waiting).unwrap_or(pause);
            if wait > SignedDuration::ZERO {
                self.crowd.rest(place, &clock, clock.now().plus(wait).min(self.until)).await;
            }
        }
        self.crowd.left(place);
    }
}

/// Three processes in which everyone asks all the time, for so many minutes; what was served of each urgency.
async fn everyone_is_busy(world: &World, for_minutes: i64) -> Vec<usize> {
    let (crowd, served) = (Arc::<Crowd>::default(), Arc::<[AtomicUsize; URGENCIES]>::default());
    let until = world.clock.now().plus(minutes(for_minutes));
    let mut tasks = tokio::task::JoinSet::new();
    for app in [world.app.clone(), world.another_process().await, world.another_process().await] {
        let (crowd, served) = (Arc::clone(&crowd), Arc::clone(&served));
        let asking = Asking { app, ada: world.person("ada"), until, crowd, served };
        for urgency in Urgency::ALL {
            // People come now and then, the others all the time.
            let pause = if urgency == Urgency::Waiting { seconds(40) } else { SignedDuration::ZERO };
            tasks.spawn(asking.clone().on(asking.crowd.joined(), urgency, pause));
        }
    }
    while !tasks.is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
        if crowd.all_rest(world.clock.now()) {
            // What was heard is told beside the calls, and gets a moment of its own.
            tokio::time::sleep(Duration::from_millis(10)).await;
            world.clock.advance(seconds(1));
        }
        while tasks.try_join_next().is_some_and(|ended| ended.is_ok() || panic!("{ended:?}")) {}
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

/// One in fifty calls fails that way, and everyone is served all the same.
async fn everyone_is_served_despite(scratch: &Scratch, kind: FailureKind, moment: FailureMoment) {
    let world = World::with(scratch, limited(80)).await;
    world.persona.set_faults(Faults { fail_share: 0.02, failure: Failure { kind, moment }, ..Faults::default() });
    let served = everyone_is_busy(&world, 8).await;
    assert!(most_in_a_window(&world) <= 80, "{served:?}");
    assert!(served.iter().all(|served| *served > 0), "{served:?}");
    world.persona.set_faults(Faults::default());
    world.clock.advance(hours(1));
    world.finish().await;
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

    async fn connections_that_break_stop_nobody_and_break_no_limit(scratch: &Scratch) {
        everyone_is_served_despite(scratch, FailureKind::ConnectionDropped, FailureMoment::AfterActing).await;
    }

    async fn refusals_stop_nobody_and_break_no_limit(scratch: &Scratch) {
        everyone_is_served_despite(scratch, FailureKind::Status(429), FailureMoment::BeforeActing).await;
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
