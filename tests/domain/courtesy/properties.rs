//! Random rules, zones and clocks: never in quiet times, never above a limit, never after the end, never twice for a
//! step, and always at least one before the deadline where the rules leave room.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use rekindle::domain::action::State;
use rekindle::domain::addressee::{Occasion, Told};
use rekindle::domain::courtesy::{Courtesy, Limits, Most, QuietTimes};
use rekindle::domain::lineage::Lineages;
use rekindle::domain::plan::Guard;
use rekindle::domain::rules::{Rules, Step};
use rekindle::domain::time::Timestamp;
use serde_json::json;

use super::Case;
use crate::domain::scene::{self, START, tell};

/// Zones with every kind of clock: fixed, half hours, both hemispheres' summers, half an hour of summer.
const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Asia/Kolkata",
];

/// Days around the changes of those clocks in 2026, in days after the start of all stories, 1 March.
const DAYS: [i64; 6] = [0, 6, 27, 34, 216, 238];

/// Five minutes: everything that is drawn falls on them, so that a brute search finds what there is.
const GRAIN: i64 = 300;

#[derive(Debug, Clone)]
struct Drawn {
    steps: Vec<Step>,
    night: Option<(i64, i64)>,
    days_off: Vec<usize>,
    zone: usize,
    spacing: Option<i64>,
    most: Option<(u32, i64)>,
    began: i64,
    lifetime: i64,
    told: Vec<i64>,
    active: Option<i64>,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1_u8..=99).prop_map(|percent| Step::Gone { percent }),
        (2_i64..200).prop_map(|minutes| Step::Left(SignedDuration::from_secs(minutes * 5 * 60))),
    ]
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let rules = (
        prop::collection::vec(step(), 1..4),
        prop::option::weighted(0.8, (0_i64..48, 1_i64..47)),
        prop::collection::vec(0_usize..7, 0..3),
        0..ZONES.len(),
        prop::option::of(1_i64..40),
        prop::option::of((1_u32..4, 1_i64..60)),
    );
    let life = (
        (0..DAYS.len(), 0_i64..288),
        2_i64..(72 * 12),
        prop::collection::vec(0_i64..(72 * 12), 0..3),
        prop::option::of(0_i64..(72 * 12)),
    );
    (rules, life).prop_map(|((steps, night, days_off, zone, spacing, most), ((day, at), lifetime, told, active))| {
        Drawn {
            steps,
            night,
            days_off,
            zone,
            spacing,
            most,
            began: START + DAYS[day] * 86_400 + at * GRAIN,
            lifetime: lifetime * GRAIN,
            told,
            active,
        }
    })
}

impl Drawn {
    fn zone(&self) -> TimeZone {
        TimeZone::get(ZONES[self.zone]).unwrap()
    }

    fn deadline(&self) -> Timestamp {
        Timestamp::from_second(self.began + self.lifetime)
    }

    /// What was told before this inquiry began.
    fn before(&self) -> impl Iterator<Item = Timestamp> + '_ {
        self.told.iter().map(|ago| Timestamp::from_second(self.began - 60 - ago * GRAIN))
    }

    fn case(&self) -> Case {
        let half = |half: i64| format!("{:02}:{:02}", half / 2 % 24, half % 2 * 30);
        let night = self.night.map(|(from, long)| format!("{}-{}", half(from), half(from + long)));
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let quiet = QuietTimes {
            night: night.and_then(|night| night.parse().ok()),
            days_off: self.days_off.iter().map(|day| days[*day].parse().unwrap()).collect(),
            time_zone: TimeZone::UTC,
        };
        let most = self.most.map(|(notices, hours)| Most { notices, window: SignedDuration::from_hours(hours) });
        let limits = Limits { most, spacing: self.spacing.map(SignedDuration::from_hours) };
        let mut steps = self.steps.clone();
        steps.sort_unstable();
        steps.dedup();
        let (began, until) = (Timestamp::from_second(self.began), self.deadline());
        let mut case = Case::new(&began.to_string(), &until.to_string(), &[], "");
        case.rules = Rules { reminders: steps, courtesy: Courtesy { quiet, limits }, ..scene::rules(&[]) };
        case.addressee.time_zone = Some(self.zone());
        let told =
            self.before().map(|at| Told { occasion: Occasion::stored(format!("before/{}", at.as_second())), at });
        case.addressee.told = told.collect();
        case
    }
}

/// A worker at one moment: plans, asks the guard for what is due, and tells; checks that each telling was allowed.
fn work(case: &mut Case, drawn: &Drawn, now: Timestamp, sent: &mut BTreeSet<String>) -> Result<(), TestCaseError> {
    case.plan(&now.to_string());
    let due: Vec<usize> = (0..case.actions.len())
        .filter(|at| case.actions[*at].state == State::Planned && case.actions[*at].planned.due_at <= now)
        .collect();
    for index in due {
        let guard = case.situation(&Lineages::default(), now).guard(&case.actions[index]);
        match guard {
            Guard::Object(_) => case.actions[index].state = State::Cancelled,
            Guard::NotBefore(until, _) => {
                prop_assert!(until > now && until < drawn.deadline());
                case.actions[index].planned.due_at = until;
            }
            Guard::Now => {
                let courtesy = &case.rules.courtesy;
                prop_assert!(courtesy.quiet.is_open(now, &drawn.zone()), "told at {now} in {}", ZONES[drawn.zone]);
                let earliest = courtesy.limits.earliest(case.addressee.told.iter().map(|told| told.at), now);
                prop_assert!(earliest <= now, "told at {now}, allowed from {earliest} on");
                prop_assert!(now < drawn.deadline(), "told after the end");
                let action = &mut case.actions[index];
                prop_assert!(sent.insert(action.planned.key.as_str().to_owned()), "told twice");
                (action.state, action.finished_at) = (State::Done, Some(now));
                let step = action.planned.work.reminder().unwrap().step;
                let occasion = Occasion::of(&case.inquiry.id, drawn.deadline(), step);
                case.addressee.told.push(Told { occasion, at: now });
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nobody_is_told_at_a_wrong_time(
        drawn in drawn(),
        jumps in prop::collection::vec((1_i64..300, prop::bool::weighted(0.1)), 1..40),
    ) {
        let mut case = drawn.case();
        let (mut now, mut sent) = (Timestamp::from_second(drawn.began), BTreeSet::new());
        let active = drawn.active.map(|after| Timestamp::from_second(drawn.began + after * GRAIN));
        for (minutes, elsewhere) in jumps {
            if elsewhere {
                // Another template tells them something, whatever its rules are.
                let occasion = Occasion::stored(format!("elsewhere/{}", now.as_second()));
                case.addressee.told.push(Told { occasion, at: now });
            }
            if let Some(active) = active.filter(|active| *active <= now && case.inquiry.last_active.is_none()) {
                let second = active.as_second() - START;
                tell(&mut case.inquiry, "inquiry.transitioned", second, &json!({ "status": "pending" }));
            }
            work(&mut case, &drawn, now, &mut sent)?;
            now = now.plus(SignedDuration::from_mins(minutes));
        }
    }

    #[test]
    fn somebody_is_told_where_there_is_room(drawn in drawn()) {
        let mut case = drawn.case();
        let (mut now, mut sent) = (Timestamp::from_second(drawn.began), BTreeSet::new());
        let mut looks = 0;
        loop {
            work(&mut case, &drawn, now, &mut sent)?;
            let next = case.actions.iter().filter(|action| action.state == State::Planned);
            let Some(next) = next.map(|action| action.planned.due_at).min() else { break };
            now = next.max(now);
            looks += 1;
            prop_assert!(looks < 50, "it goes on for ever");
        }
        let last = drawn.deadline().minus(SignedDuration::from_mins(5));
        let moments = (0..).map(|n| Timestamp::from_second(drawn.began + n * GRAIN)).take_while(|at| *at <= last);
        let courtesy = &case.rules.courtesy;
        let mut room = moments.filter(|at| {
            courtesy.quiet.is_open(*at, &drawn.zone()) && courtesy.limits.earliest(drawn.before(), *at) <= *at
        });
        let room = room.next();
        prop_assert!(room.is_none() || !sent.is_empty(), "there was room at {}", room.unwrap());
    }
}
