//! How one alert goes on, look by look.

use super::*;

const PACE: Pace = Pace { repeat: SignedDuration::from_hours(4), settle: SignedDuration::from_mins(5) };

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600).plus(SignedDuration::from_mins(minutes))
}

fn alert() -> Alert {
    Alert::quiet(EnvironmentName::parse("sandbox").unwrap(), AlertName::DeadLetters, at(0))
}

fn finding(hold: i64) -> Finding {
    let summary = "3 actions were given up".to_owned();
    Finding { name: AlertName::DeadLetters, value: 3, summary, hold: SignedDuration::from_mins(hold) }
}

/// What is told at each look: a minute, and whether the condition is there.
fn told(alert: &mut Alert, hold: i64, looks: &[(i64, bool)]) -> Vec<(i64, News)> {
    let finding = finding(hold);
    let look = |(minute, there): &(i64, bool)| {
        let news = alert.step(there.then_some(&finding), PACE, at(*minute));
        news.map(|news| (*minute, news))
    };
    looks.iter().filter_map(look).collect()
}

#[test]
fn it_fires_once_repeats_by_the_interval_and_recovers_once() {
    let mut alert = alert();
    let looks: Vec<(i64, bool)> = (0..=500).map(|minute| (minute, true)).collect();
    assert_eq!(told(&mut alert, 0, &looks), [(0, News::Firing), (240, News::Firing), (480, News::Firing)]);
    assert_eq!((alert.since, alert.value), (at(0), 3));
    let gone: Vec<(i64, bool)> = (501..=600).map(|minute| (minute, false)).collect();
    assert_eq!(told(&mut alert, 0, &gone), [(505, News::Resolved)]);
    assert_eq!((alert.state, alert.told_at), (AlertState::Quiet, None));
    assert_eq!(told(&mut alert, 0, &[(700, true)]), [(700, News::Firing)], "the next time is a new one");
}

#[test]
fn one_that_comes_and_goes_is_one_alert() {
    let mut alert = alert();
    let looks: Vec<(i64, bool)> = (0..=60).map(|minute| (minute, minute % 3 == 0)).collect();
    assert_eq!(told(&mut alert, 0, &looks), [(0, News::Firing)]);
}

#[test]
fn one_that_does_not_hold_for_long_enough_is_never_told() {
    let mut alert = alert();
    assert_eq!(told(&mut alert, 15, &[(0, true), (14, true), (17, false), (18, true), (30, true)]), []);
    assert_eq!(alert.state, AlertState::Pending);
    assert_eq!(
        told(&mut alert, 15, &[(31, false), (32, true), (33, true)]),
        [(33, News::Firing)],
        "a short gap is none"
    );
    assert_eq!(alert.since, at(18));
}

#[test]
fn who_silenced_it_hears_nothing_until_the_end_and_of_a_recovery_only_what_was_told() {
    let silenced = |until| Some(Silenced { until: at(until), by: "ada".to_owned(), why: "known".to_owned() });
    let mut untold = Alert { silenced: silenced(60), ..alert() };
    assert_eq!(told(&mut untold, 0, &[(0, true), (59, true), (60, true), (61, true)]), [(60, News::Firing)]);
    let mut silent = Alert { silenced: silenced(60), ..alert() };
    assert_eq!(told(&mut silent, 0, &[(0, true), (10, false)]), []);
    let mut known = alert();
    assert_eq!(told(&mut known, 0, &[(0, true)]), [(0, News::Firing)]);
    known.silenced = silenced(600);
    assert_eq!(told(&mut known, 0, &[(300, true), (305, false)]), [(305, News::Resolved)]);
}

#[test]
fn words_are_read_back_and_no_two_are_the_same() {
    for name in AlertName::ALL {
        assert_eq!(AlertName::parse(name.as_str()), Some(*name));
    }
    for state in [AlertState::Quiet, AlertState::Pending, AlertState::Firing] {
        assert_eq!(AlertState::parse(state.as_str()), Some(state));
    }
    for news in [News::Firing, News::Resolved] {
        assert_eq!(News::parse(news.as_str()), Some(news));
    }
}
