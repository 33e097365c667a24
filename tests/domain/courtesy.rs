//! When a person is told something, and how often: tables for the cases that are easy to get wrong, and properties over
//! rules, zones and clocks.

mod properties;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use rekindle::domain::action::{Action, CancelledBy, DEFAULT_MAX_ATTEMPTS, Planned, State};
use rekindle::domain::addressee::{Addressee, Occasion, Suppressed, Told};
use rekindle::domain::courtesy::{Courtesy, Limits, QuietTimes};
use rekindle::domain::ids::NotifierName;
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::lineage::Lineages;
use rekindle::domain::plan::{Guard, Quiet, Situation, Standing};
use rekindle::domain::rules::{Rules, Step};
use rekindle::domain::time::Timestamp;
use serde_json::json;

use super::scene::{self, tell, unknown};

/// One person's inquiry, the rules that hold for them, and what was done so far.
struct Case {
    inquiry: Inquiry,
    rules: Rules,
    addressee: Addressee,
    actions: Vec<Action>,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

impl Case {
    fn new(began: &str, deadline: &str, steps: &[&str], night: &str) -> Self {
        let mut inquiry = unknown("inq_1");
        let second = at(began).as_second() - scene::START;
        let said = json!({ "status": "created", "reference-id": "ada", "created-at": began, "expires-at": deadline });
        tell(&mut inquiry, "inquiry.created", second, &said);
        let quiet = QuietTimes { night: night.parse().ok(), ..QuietTimes::default() };
        let courtesy = Courtesy { quiet, limits: Limits::default() };
        let rules = Rules { courtesy, ..scene::rules(steps) };
        Self { inquiry, rules, addressee: Addressee::default(), actions: Vec::new() }
    }

    fn zone(mut self, name: &str) -> Self {
        self.addressee.time_zone = Some(TimeZone::get(name).unwrap());
        self
    }

    fn days_off(mut self, days: &[&str]) -> Self {
        self.rules.courtesy.quiet.days_off = days.iter().map(|day| day.parse().unwrap()).collect();
        self
    }

    fn spaced(mut self, hours: i64) -> Self {
        self.rules.courtesy.limits.spacing = Some(SignedDuration::from_hours(hours));
        self
    }

    fn at_most(mut self, most: &str) -> Self {
        self.rules.courtesy.limits.most = Some(most.parse().unwrap());
        self
    }

    /// They were told something else then.
    fn told(mut self, when: &str) -> Self {
        self.addressee.told.push(Told { occasion: Occasion::stored(format!("else/{when}")), at: at(when) });
        self
    }

    fn situation<'a>(&'a self, lineages: &'a Lineages, now: Timestamp) -> Situation<'a> {
        let group = std::slice::from_ref(&self.inquiry);
        let (actions, rules, addressee) = (&self.actions, &self.rules, &self.addressee);
        Situation { group, actions, lineages, template: None, rules, addressee, now }
    }

    /// Writes the plan, as storage does; what is planned then: steps with their times.
    fn plan(&mut self, now: &str) -> Vec<String> {
        let lineages = Lineages::default();
        let difference = self.situation(&lineages, at(now)).difference();
        for planned in difference.insert.into_iter().chain(difference.replan) {
            self.actions.retain(|action| action.planned.id != planned.id);
            self.actions.push(fresh(planned, at(now)));
        }
        for (id, _) in difference.cancel {
            let action = self.actions.iter_mut().find(|action| action.planned.id == id).unwrap();
            (action.state, action.cancelled_by) = (State::Cancelled, Some(CancelledBy::Plan));
        }
        assert!(self.situation(&lineages, at(now)).difference().is_empty(), "planning twice changes nothing");
        self.planned()
    }

    fn planned(&self) -> Vec<String> {
        let planned = self.actions.iter().filter(|action| action.state == State::Planned);
        let mut rows: Vec<(Timestamp, String)> = planned
            .map(|action| (action.planned.due_at, action.planned.work.reminder().unwrap().step.to_string()))
            .collect();
        rows.sort();
        rows.into_iter().map(|(due, step)| format!("{step} {due}")).collect()
    }

    fn guard(&self, step: &str, now: &str) -> Guard {
        let step: Step = step.parse().unwrap();
        let of = |action: &&Action| action.planned.work.reminder().unwrap().step == step;
        let action = self.actions.iter().find(of).unwrap();
        self.situation(&Lineages::default(), at(now)).guard(action)
    }

    fn perform(&mut self, step: &str, now: &str) {
        let step: Step = step.parse().unwrap();
        let deadline = *self.inquiry.known.expires_at().unwrap();
        let of = |action: &&mut Action| action.planned.work.reminder().unwrap().step == step;
        let action = self.actions.iter_mut().find(of).unwrap();
        (action.state, action.finished_at) = (State::Done, Some(at(now)));
        let occasion = Occasion::of(&self.inquiry.id, deadline, step);
        self.addressee.told.push(Told { occasion, at: at(now) });
    }
}

pub(super) fn fresh(planned: Planned, now: Timestamp) -> Action {
    Action {
        planned,
        state: State::Planned,
        attempts: 0,
        max_attempts: DEFAULT_MAX_ATTEMPTS,
        generation: 0,
        cancelled_by: None,
        reason: None,
        created_at: now,
        finished_at: None,
    }
}

const NIGHT: &str = "21:00-08:00";

#[test]
fn a_reminder_at_night_comes_in_the_morning_where_that_is_in_time() {
    let mut case = Case::new("2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z", &["50%", "3h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T10:00:00Z"), ["3h 2026-03-03T08:00:00Z"], "half is at 22:00, and 3h at 07:00");
    assert!(
        matches!(case.guard("3h", "2026-03-03T07:30:00Z"), Guard::NotBefore(until, _) if until == at("2026-03-03T08:00:00Z"))
    );
    assert_eq!(case.guard("3h", "2026-03-03T08:00:00Z"), Guard::Now);
}

#[test]
fn where_the_morning_is_too_late_it_comes_before_the_night() {
    let mut case = Case::new("2026-03-02T10:00:00Z", "2026-03-03T07:00:00Z", &["1h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T10:00:00Z"), ["1h 2026-03-02T20:30:00Z"]);
    assert_eq!(case.guard("1h", "2026-03-02T20:31:00Z"), Guard::Now, "a worker may be a little late");
    case.perform("1h", "2026-03-02T20:31:00Z");
    assert_eq!(case.plan("2026-03-02T21:30:00Z"), [""; 0], "and it does not come again");
    assert_eq!(case.plan("2026-03-03T06:10:00Z"), [""; 0]);
}

#[test]
fn a_deadline_a_moment_after_the_night_is_no_morning_to_wait_for() {
    let mut case = Case::new("2026-03-02T10:00:00Z", "2026-03-03T08:04:00Z", &["3h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T10:00:00Z"), ["3h 2026-03-02T20:30:00Z"], "nobody finishes in four minutes");
    let mut case = Case::new("2026-03-02T10:00:00Z", "2026-03-03T08:05:00Z", &["3h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T10:00:00Z"), ["3h 2026-03-03T08:00:00Z"]);
}

#[test]
fn what_begins_shortly_before_the_night_is_told_before_it_or_not_at_all() {
    let mut case = Case::new("2026-03-02T20:50:00Z", "2026-03-03T07:00:00Z", &["1h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T20:50:00Z"), ["1h 2026-03-02T20:50:00Z"]);
    let mut case = Case::new("2026-03-02T21:10:00Z", "2026-03-03T07:00:00Z", &["1h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T21:10:00Z"), [""; 0]);
    let standing = case.situation(&Lineages::default(), at("2026-03-02T21:10:00Z")).standing(&case.inquiry);
    let Standing::Reminded { left_out, .. } = standing else { panic!("{standing:?}") };
    assert_eq!(left_out, ["1h".parse().unwrap()], "and it is seen why");
}

#[test]
fn the_clock_on_the_persons_wall_counts() {
    let case = || Case::new("2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z", &["3h"], NIGHT);
    assert_eq!(case().zone("Asia/Tokyo").plan("2026-03-02T10:00:00Z"), ["3h 2026-03-03T07:00:00Z"], "16:00 in Tokyo");
    assert_eq!(case().zone("America/New_York").plan("2026-03-02T10:00:00Z"), ["3h 2026-03-03T01:30:00Z"], "20:30");
}

#[test]
fn a_clock_that_changes_in_between_is_no_trouble() {
    // In Berlin 2026-03-29 begins at 23:00Z and has 23 hours: its 08:00 is 06:00Z.
    let mut case = Case::new("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", &["50%"], NIGHT).zone("Europe/Berlin");
    assert_eq!(case.plan("2026-03-28T12:00:00Z"), ["50% 2026-03-29T06:00:00Z"]);
    let mut case = Case::new("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", &["50%"], NIGHT).zone("Europe/Berlin");
    assert_eq!(case.plan("2026-10-24T12:00:00Z"), ["50% 2026-10-25T07:00:00Z"]);
}

#[test]
fn a_weekend_off_is_passed_over_or_forestalled() {
    let case = |deadline: &str| {
        Case::new("2026-03-06T08:00:00Z", deadline, &["6h"], NIGHT)
            .days_off(&["sat", "sun"])
            .plan("2026-03-06T08:00:00Z")
    };
    assert_eq!(case("2026-03-09T10:00:00Z"), ["6h 2026-03-09T08:00:00Z"], "Monday");
    assert_eq!(case("2026-03-08T10:00:00Z"), ["6h 2026-03-06T20:30:00Z"], "Friday evening");
}

#[test]
fn who_was_told_something_else_is_left_alone_for_a_while() {
    let case = || Case::new("2026-03-02T08:00:00Z", "2026-03-04T08:00:00Z", &["25%", "3h"], "").spaced(20);
    assert_eq!(
        case().told("2026-03-02T19:00:00Z").plan("2026-03-02T19:30:00Z"),
        ["25% 2026-03-03T15:00:00Z"],
        "the second has no room beside the first"
    );
    assert_eq!(
        case().told("2026-03-03T14:00:00Z").plan("2026-03-03T14:30:00Z"),
        [""; 0],
        "the next could only be late"
    );
}

#[test]
fn a_lifetime_shorter_than_the_spacing_leaves_one_reminder() {
    let mut case = Case::new("2026-03-02T08:00:00Z", "2026-03-02T20:00:00Z", &["25%", "50%", "1h"], "").spaced(20);
    assert_eq!(case.plan("2026-03-02T08:00:00Z"), ["25% 2026-03-02T11:00:00Z"]);
    case.perform("25%", "2026-03-02T11:00:05Z");
    assert_eq!(case.plan("2026-03-02T11:01:00Z"), [""; 0]);
}

#[test]
fn a_window_full_of_notices_lets_none_in() {
    let case = |told: &str| {
        let case = Case::new("2026-03-02T08:00:00Z", "2026-03-03T08:00:00Z", &["50%"], "").at_most("2 per 1d");
        case.told("2026-03-02T04:00:00Z").told(told).plan("2026-03-02T09:00:00Z")
    };
    assert_eq!(case("2026-03-01T04:00:00Z"), ["50% 2026-03-02T20:00:00Z"], "that was longer ago");
    assert_eq!(case("2026-03-02T05:00:00Z"), ["50% 2026-03-03T04:00:00Z"]);
}

#[test]
fn a_step_that_failed_takes_no_room() {
    let mut case = Case::new("2026-03-02T08:00:00Z", "2026-03-03T08:00:00Z", &["25%", "3h"], "").spaced(20);
    assert_eq!(case.plan("2026-03-02T08:00:00Z"), ["25% 2026-03-02T14:00:00Z"], "3h is only 15 hours later");
    case.actions[0].state = State::Failed;
    assert_eq!(case.plan("2026-03-02T14:10:00Z"), ["3h 2026-03-03T05:00:00Z"], "nobody was told, so the next may");
}

#[test]
fn several_steps_of_one_night_become_the_last_of_them() {
    let steps = ["10h", "6h", "3h"];
    let mut case = Case::new("2026-03-02T12:00:00Z", "2026-03-03T09:00:00Z", &steps, NIGHT);
    assert_eq!(case.plan("2026-03-02T12:00:00Z"), ["3h 2026-03-03T08:00:00Z"]);
}

#[test]
fn work_in_the_evening_gives_way_to_the_night() {
    let mut case = Case::new("2026-03-02T08:00:00Z", "2026-03-03T12:00:00Z", &["15h"], NIGHT);
    let second = at("2026-03-02T20:50:00Z").as_second() - scene::START;
    tell(&mut case.inquiry, "inquiry.transitioned", second, &json!({ "status": "pending" }));
    assert_eq!(case.plan("2026-03-02T20:55:00Z"), ["15h 2026-03-03T08:00:00Z"], "21:20 would be quiet");
}

#[test]
fn a_missed_one_is_made_up_for_in_the_morning() {
    let mut case = Case::new("2026-03-02T08:00:00Z", "2026-03-03T12:00:00Z", &["20h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T08:00:00Z"), ["20h 2026-03-02T16:00:00Z"]);
    assert!(
        matches!(case.guard("20h", "2026-03-02T22:00:00Z"), Guard::NotBefore(..)),
        "the worker was away until 22:00"
    );
    assert_eq!(case.plan("2026-03-02T22:00:00Z"), ["20h 2026-03-03T08:00:00Z"]);
    assert_eq!(case.plan("2026-03-03T09:00:00Z"), ["20h 2026-03-02T16:00:00Z"], "by day it is due at once");
}

#[test]
fn an_operator_may_be_early_but_not_at_night() {
    let mut case = Case::new("2026-03-02T08:00:00Z", "2026-03-03T12:00:00Z", &["14h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T08:00:00Z"), ["14h 2026-03-03T08:00:00Z"]);
    case.actions[0].planned.due_at = at("2026-03-02T12:00:00Z");
    assert_eq!(case.guard("14h", "2026-03-02T12:00:00Z"), Guard::Now);
    assert_eq!(case.plan("2026-03-02T12:00:00Z"), ["14h 2026-03-02T12:00:00Z"], "what they moved stays where it is");
    assert!(matches!(case.guard("14h", "2026-03-02T21:30:00Z"), Guard::NotBefore(..)));
}

#[test]
fn a_person_who_moves_is_told_by_their_new_clock() {
    let mut case = Case::new("2026-03-02T08:00:00Z", "2026-03-03T12:00:00Z", &["14h"], NIGHT);
    assert_eq!(case.plan("2026-03-02T08:00:00Z"), ["14h 2026-03-03T08:00:00Z"]);
    let mut case = case.zone("America/New_York");
    assert_eq!(case.plan("2026-03-02T09:00:00Z"), ["14h 2026-03-02T22:00:00Z"], "17:00 there, as the rule wants it");
}

#[test]
fn who_wants_to_hear_nothing_by_a_channel_hears_nothing_by_it() {
    let mut case = Case::new("2026-03-02T08:00:00Z", "2026-03-03T08:00:00Z", &["50%"], "");
    case.rules.notify = ["app", "mail"].map(|name| NotifierName::parse(name).unwrap()).to_vec();
    assert_eq!(case.plan("2026-03-02T08:00:00Z").len(), 2);
    let mail = Some(NotifierName::parse("mail").unwrap());
    let one =
        Suppressed { notifier: mail, lineage: None, reason: "asked for".to_owned(), since: at("2026-03-02T09:00:00Z") };
    case.addressee.suppressed.push(one.clone());
    assert_eq!(case.plan("2026-03-02T09:00:00Z").len(), 1);
    let Some(Guard::Object(why)) = case
        .actions
        .iter()
        .find(|a| a.state == State::Cancelled)
        .map(|action| case.situation(&Lineages::default(), at("2026-03-02T20:00:00Z")).guard(action))
    else {
        panic!("it is not wanted")
    };
    assert_eq!(why.reason, "the person does not want to be told");
    case.addressee.suppressed[0].notifier = None;
    assert_eq!(case.plan("2026-03-02T09:00:00Z"), [""; 0]);
    let standing = case.situation(&Lineages::default(), at("2026-03-02T09:00:00Z")).standing(&case.inquiry);
    assert_eq!(standing, Standing::Quiet(Quiet::Suppressed));
    case.addressee.suppressed.clear();
    assert_eq!(case.plan("2026-03-02T10:00:00Z").len(), 2, "and again, when they want to");
}
