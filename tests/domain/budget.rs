//! The property of the budget: whatever processes do, and in whatever order answers come, Persona's limit is kept.

use std::collections::VecDeque;

use jiff::SignedDuration;
use proptest::prelude::*;
use rekindle::domain::budget::{Hand, Heard, Ledger, Refused, Returned, Told, URGENCIES, Urgency};
use rekindle::domain::time::Timestamp;

pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(1);
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(2);
const OURS_FOR: SignedDuration = SignedDuration::from_secs(15);
/// The longest a call takes, there and back.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(10);

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + millis * 1_000)
}

/// A Persona that counts, as documented: so many calls in a window of a minute.
struct Persona {
    limit: u32,
    /// Whether windows begin with the clock's minutes, rather than with the first call after the last one.
    by_the_clock: bool,
    opened_at: Timestamp,
    used: u32,
    most: u32,
    refused: u32,
}

impl Persona {
    fn arrive(&mut self, now: Timestamp) -> (bool, Told) {
        if now.since(self.opened_at) >= WINDOW {
            let minute = Timestamp::from_second(now.as_second() - now.as_second() % 60);
            self.opened_at = if self.by_the_clock { minute } else { now };
            self.used = 0;
        }
        let granted = self.used < self.limit;
        self.used += u32::from(granted);
        self.refused += u32::from(!granted);
        self.most = self.most.max(self.used);
        let left = self.opened_at.plus(WINDOW).since(now);
        // Whole seconds, rounded up, as the header has it.
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        let resets_at = now.plus(SignedDuration::from_secs(seconds));
        (granted, Told { limit: self.limit, remaining: self.limit - self.used, resets_at })
    }
}

/// A call on its way there or back.
struct Call {
    process: usize,
    begun_at: Timestamp,
    answer: Option<(bool, Told)>,
    arrived_at: Timestamp,
}

#[derive(Debug, Clone)]
enum Happening {
    /// A process wants to make a call.
    Ask(usize, Urgency),
    /// A call under way arrives at Persona.
    Arrive(usize),
    /// An answer arrives, with its headers or without.
    Answer(usize, bool),
    /// A process writes down what it heard.
    Tell(usize, bool),
    /// A process dies, and another one takes its place.
    Die(usize),
    /// Time passes.
    Pass(i64),
    /// The clock of all machines is set back by so many seconds.
    SetBack(i64),
}

fn happening(headers_get_lost: bool) -> impl Strategy<Value = Happening> {
    let urgency = (0..URGENCIES).prop_map(|place| Urgency::ALL[place]);
    let heard = if headers_get_lost { prop::bool::weighted(0.8).boxed() } else { Just(true).boxed() };
    prop_oneof![
        8 => (0..4_usize, urgency).prop_map(|(process, urgency)| Happening::Ask(process, urgency)),
        6 => any::<usize>().prop_map(Happening::Arrive),
        6 => (any::<usize>(), heard).prop_map(|(call, heard)| Happening::Answer(call, heard)),
        2 => (0..4_usize, any::<bool>()).prop_map(|(process, all)| Happening::Tell(process, all)),
        1 => (0..4_usize).prop_map(Happening::Die),
        4 => prop_oneof![8 => 1..2_000_i64, 1 => 2_000..70_000_i64].prop_map(Happening::Pass),
    ]
}

/// The same, and now and then the clock is set back.
fn happening_or_set_back() -> impl Strategy<Value = Happening> {
    let set_back = prop_oneof![4 => 31..700_i64, 1 => 700..90_000_i64].prop_map(Happening::SetBack);
    prop_oneof![60 => happening(false), 1 => set_back]
}

struct World {
    persona: Persona,
    ledger: Ledger,
    hands: Vec<(String, Hand)>,
    calls: VecDeque<Call>,
    /// By Persona's clock, which nobody sets.
    now: Timestamp,
    /// How far our clocks were set back until now.
    back: SignedDuration,
    /// How far each process' clock is ahead of what it should be, in milliseconds.
    skews: [i64; 4],
    deaths: usize,
    made: u32,
}

impl World {
    fn new(limit: u32, by_the_clock: bool) -> Self {
        let hands = (0..4).map(|process| (format!("process-{process}"), Hand::empty())).collect();
        let persona = Persona { limit, by_the_clock, opened_at: at(-3_600_000), used: 0, most: 0, refused: 0 };
        // A careful pace is well below the limit, or it is none.
        let ledger = Ledger::unknown((limit / 2).clamp(1, 60), at(0));
        let (now, back) = (at(0), SignedDuration::ZERO);
        Self { persona, ledger, hands, calls: VecDeque::new(), now, back, skews: [0; 4], deaths: 0, made: 0 }
    }

    /// The time by a process' clock.
    fn clock(&self, process: usize) -> Timestamp {
        self.now.minus(self.back).plus(SignedDuration::from_millis(self.skews[process]))
    }

    fn exchange(&mut self, process: usize, wanted: Option<Urgency>, all: bool) {
        let now = self.clock(process);
        let (owner, hand) = &mut self.hands[process];
        let returned = hand.give_back(all, now);
        let until = now.plus(OURS_FOR);
        let wanted = wanted.map(|urgency| (urgency, 10));
        let grant = self.ledger.exchange(owner, &returned, wanted, until, now);
        if let Some((urgency, _)) = wanted.filter(|_| grant.calls > 0) {
            hand.put(urgency, grant.calls, now.plus(GOOD_FOR));
        }
    }

    fn ask(&mut self, process: usize, urgency: Urgency) -> bool {
        let now = self.clock(process);
        if !self.hands[process].1.begin(urgency, now) {
            self.exchange(process, Some(urgency), false);
            if !self.hands[process].1.begin(urgency, now) {
                return false;
            }
        }
        let call = Call { process, begun_at: self.now, answer: None, arrived_at: self.now };
        self.calls.push_back(call);
        self.made += 1;
        true
    }

    fn arrive(&mut self, which: usize) {
        let now = self.now;
        let waiting: Vec<&mut Call> = self.calls.iter_mut().filter(|call| call.answer.is_none()).collect();
        let count = waiting.len().max(1);
        if let Some(call) = waiting.into_iter().nth(which % count) {
            (call.answer, call.arrived_at) = (Some(self.persona.arrive(now)), now);
        }
    }

    fn answer(&mut self, which: usize, heard: bool) {
        let answered: Vec<usize> = (0..self.calls.len()).filter(|place| self.calls[*place].answer.is_some()).collect();
        let Some(place) = answered.get(which % answered.len().max(1)) else { return };
        let Some(Call { process, begun_at, answer: Some((granted, told)), arrived_at }) = self.calls.remove(*place)
        else {
            return;
        };
        // Told by our clock at the time of the answer: later than Persona meant it, never earlier.
        let (now, by_ours) = (self.clock(process), self.clock(process).since(self.now));
        let told = Told { resets_at: told.resets_at.plus(self.now.since(arrived_at) + by_ours), ..told };
        let refused = (!granted).then_some(Refused { begun_at: begun_at.plus(by_ours), until: None });
        self.hands[process].1.end(Heard { told: Some(told).filter(|_| heard), refused }, now);
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Ask(process, urgency) => drop(self.ask(process, urgency)),
            Happening::Arrive(which) => self.arrive(which),
            Happening::Answer(which, heard) => self.answer(which, heard),
            Happening::Tell(process, all) => self.exchange(process, None, all),
            Happening::Die(process) => {
                self.deaths += 1;
                self.hands[process] = (format!("process-{process}-{}", self.deaths), Hand::empty());
                // What is on its way arrives, and nobody hears the answer.
                while let Some(place) = self.calls.iter().position(|call| call.process == process) {
                    if self.calls.remove(place).is_some_and(|call| call.answer.is_none()) {
                        self.persona.arrive(self.now);
                    }
                }
            }
            Happening::Pass(millis) => self.pass(SignedDuration::from_millis(millis)),
            Happening::SetBack(seconds) => self.back += SignedDuration::from_secs(seconds),
        }
    }

    /// Time passes; no call takes longer than a call can.
    fn pass(&mut self, by: SignedDuration) {
        let until = self.now.plus(by);
        while let Some(place) = self.calls.iter().position(|call| call.begun_at.plus(TIMEOUT) <= until) {
            self.now = self.now.max(self.calls[place].begun_at.plus(TIMEOUT));
            if self.calls[place].answer.is_none() {
                let now = self.now;
                let answer = self.persona.arrive(now);
                (self.calls[place].answer, self.calls[place].arrived_at) = (Some(answer), now);
            }
            let call = self.calls.remove(place).unwrap();
            self.calls.push_front(call);
            self.answer(0, true);
        }
        self.now = until;
        // As every process does a moment after it heard something.
        for process in 0..self.hands.len() {
            self.exchange(process, None, false);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Never above the limit, whatever the interleaving, however small the limit, and also when it is not known yet.
    #[test]
    fn the_limit_is_kept(
        limit in prop_oneof![3..12_u32, 12..400_u32],
        by_the_clock in any::<bool>(),
        happenings in prop::collection::vec(happening(false), 1..600),
    ) {
        let mut world = World::new(limit, by_the_clock);
        for happening in &happenings {
            world.happen(happening);
            prop_assert_eq!(world.persona.refused, 0, "after {:?} with {:?}", happening, world.ledger);
        }
        prop_assert!(world.persona.most <= limit);
    }

    /// Clocks that are set back keep nobody waiting for the time that it was: with that it would be eleven minutes.
    #[test]
    fn clocks_that_are_set_back_stop_nobody(
        limit in prop_oneof![3..12_u32, 12..400_u32],
        by_the_clock in any::<bool>(),
        skews in prop::array::uniform4(-400..400_i64),
        happenings in prop::collection::vec(happening_or_set_back(), 1..600),
    ) {
        let mut world = World::new(limit, by_the_clock);
        world.skews = skews;
        for happening in &happenings {
            world.happen(happening);
        }
        // Whatever dead processes had in hand lapses in one window, and may be held against another.
        let served = (0..4).any(|_| {
            world.pass(WINDOW + SignedDuration::from_secs(2));
            world.ask(0, Urgency::Waiting)
        });
        prop_assert!(served, "{:?} at {}", world.ledger, world.clock(0));
    }

    /// With headers missing it still goes on, and the ledger still makes sense.
    #[test]
    fn headers_that_get_lost_stop_nobody(happenings in prop::collection::vec(happening(true), 1..300)) {
        let mut world = World::new(300, false);
        for happening in &happenings {
            world.happen(happening);
        }
        world.pass(WINDOW * 3);
        prop_assert!(world.ask(0, Urgency::Waiting) || world.ask(0, Urgency::Waiting), "{:?}", world.ledger);
        prop_assert!((6..=100).contains(&world.ledger.pace));
    }
}

/// One exchange by a process that does nothing else.
fn take(ledger: &mut Ledger, urgency: Urgency, now: Timestamp) -> u32 {
    ledger.exchange(urgency.as_str(), &Returned::default(), Some((urgency, 1)), now.plus(OURS_FOR), now).calls
}

/// A budget in the middle of a window of which nothing is used.
pub(super) fn told(limit: u32) -> Ledger {
    let mut ledger = Ledger::unknown(60, at(0));
    let told = Told { limit, remaining: limit, resets_at: at(60_000) };
    ledger.exchange("first", &Returned { told: Some(told), ..Returned::default() }, None, at(0), at(0));
    ledger
}

#[test]
fn each_class_leaves_what_the_more_urgent_need() {
    let shares: Vec<String> = [4, 20, 60, 300]
        .map(|limit| {
            let ledger = told(limit);
            let of = |urgency: &Urgency| format!("{urgency} {}", ledger.available(*urgency, at(0)));
            format!("{limit}: {}", Urgency::ALL.iter().map(of).collect::<Vec<_>>().join(", "))
        })
        .to_vec();
    insta::assert_snapshot!(shares.join("\n"), @r"
    4: waiting 4, reminder 4, revival 3, replacement 2, reading 2
    20: waiting 20, reminder 13, revival 13, replacement 10, reading 8
    60: waiting 60, reminder 42, revival 39, replacement 30, reading 24
    300: waiting 300, reminder 210, revival 195, replacement 150, reading 120
    ");
}

#[test]
fn a_person_who_waits_is_served_before_a_reading() {
    let mut ledger = told(100);
    let mut taken = [0; URGENCIES];
    // Everyone wants everything, the least urgent first.
    for urgency in Urgency::ALL.into_iter().rev() {
        while taken[urgency.place()] < 1_000 && take(&mut ledger, urgency, at(1_000)) == 1 {
            taken[urgency.place()] += 1;
        }
    }
    assert_eq!(taken.iter().sum::<u32>(), 100, "nothing is left over");
    assert!(taken[Urgency::Waiting.place()] >= 20, "{taken:?}");
    assert_eq!(taken[Urgency::Reading.place()], 40, "and what nobody else had taken is a reading's");
}

#[test]
fn nobody_starves_however_busy_the_more_urgent_are() {
    let mut ledger = told(100);
    let mut taken = [0; URGENCIES];
    while take(&mut ledger, Urgency::Reminder, at(1_000)) == 1 {
        taken[Urgency::Reminder.place()] += 1;
    }
    for urgency in [Urgency::Reading, Urgency::Replacement, Urgency::Revival] {
        while take(&mut ledger, urgency, at(1_000)) == 1 {
            taken[urgency.place()] += 1;
        }
        assert_eq!(taken[urgency.place()], 4, "{urgency}");
    }
    assert_eq!(taken[Urgency::Reminder.place()], 68);
    assert_eq!(ledger.available(Urgency::Waiting, at(1_000)), 20);
}

#[test]
fn a_refusal_halves_the_pace_once_for_calls_that_were_under_way_together_and_windows_give_it_back() {
    let mut ledger = told(100);
    let refused = |begun: i64| Returned {
        ended: 1,
        refused: Some(Refused { begun_at: at(begun), until: None }),
        ..Returned::default()
    };
    ledger.exchange("a", &refused(1_000), None, at(90_000), at(2_000));
    ledger.exchange("b", &refused(1_500), None, at(90_000), at(2_100));
    assert_eq!((ledger.pace, ledger.closed_until), (50, Some(at(7_100))), "5 s to begin with");
    assert_eq!(ledger.available(Urgency::Waiting, at(3_000)), 0, "nothing is asked meanwhile");
    assert_eq!(ledger.available(Urgency::Waiting, at(8_000)), 50);
    ledger.exchange("b", &refused(9_000), None, at(90_000), at(10_000));
    assert_eq!((ledger.pace, ledger.closed_until), (25, Some(at(20_000))), "and doubled");
    for (minute, pace) in [(1, 25), (2, 35), (3, 45), (9, 100)] {
        ledger.advance(at(minute * 61_500));
        assert_eq!(ledger.pace, pace, "minute {minute}");
    }
    let asked = Returned { refused: Some(Refused { begun_at: at(600_000), until: Some(at(700_000)) }), ..refused(0) };
    ledger.exchange("a", &asked, None, at(700_000), at(601_000));
    assert_eq!(ledger.closed_until, Some(at(700_000)), "as Persona said");
}

#[test]
fn what_a_dead_process_had_in_hand_counts_as_made_and_comes_back_with_the_window() {
    let mut ledger = told(80);
    let grant = ledger.exchange("dead", &Returned::default(), Some((Urgency::Waiting, 10)), at(15_000), at(0));
    assert_eq!(grant.calls, 10, "an eighth of what is free");
    assert_eq!(ledger.available(Urgency::Waiting, at(1_000)), 70);
    ledger.advance(at(16_000));
    assert_eq!((ledger.available(Urgency::Waiting, at(16_000)), ledger.holdings.len()), (70, 0));
    ledger.advance(at(61_000));
    assert_eq!(ledger.available(Urgency::Waiting, at(61_000)), 60, "careful until the first answer");
}

#[test]
fn while_nothing_is_known_one_call_tells_and_people_who_wait_need_not_wait_for_it() {
    let mut ledger = Ledger::unknown(60, at(0));
    assert_eq!(take(&mut ledger, Urgency::Reading, at(0)), 1);
    assert_eq!(take(&mut ledger, Urgency::Reminder, at(0)), 0);
    assert_eq!(take(&mut ledger, Urgency::Waiting, at(0)), 1);
    let told = Told { limit: 300, remaining: 298, resets_at: at(60_000) };
    let returned = Returned { ended: 1, told: Some(told), ..Returned::default() };
    ledger.exchange(Urgency::Reading.as_str(), &returned, None, at(15_000), at(500));
    assert_eq!(ledger.available(Urgency::Waiting, at(500)), 297, "one is still under way");
}
