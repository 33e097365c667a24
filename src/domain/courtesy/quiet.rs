//! Quiet hours and days off, by the clock on somebody's wall.
//!
//! Everything is decided by what that clock shows at a moment. It shows some times twice and others never, so a moment
//! is looked for among all at which it can turn: both readings of a boundary, and the changes of the clock themselves.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::domain::rules::InvalidRule;
use crate::domain::time::Timestamp;

/// The hours of every day at which nobody is told, as `21:00-08:00`: from the first on, until before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Night {
    from: Time,
    until: Time,
}

/// A day on which nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOff {
    /// Every week: `sat`.
    Weekly(Weekday),
    /// Every year: `12-25`.
    Yearly(i8, i8),
    /// Once: `2026-12-25`.
    Once(Date),
}

/// When nobody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietTimes {
    /// Every day.
    pub night: Option<Night>,
    /// Whole days.
    pub days_off: Vec<DayOff>,
    /// By whose clock, where it is not known in which time zone a person lives.
    pub time_zone: TimeZone,
}

impl Default for QuietTimes {
    fn default() -> Self {
        Self { night: None, days_off: Vec::new(), time_zone: TimeZone::UTC }
    }
}

impl QuietTimes {
    /// Whether everybody may be told at any time.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.night.is_none() && self.days_off.is_empty()
    }

    /// Whether somebody whose clock shows this zone's time may be told at a moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        if self.is_none() {
            return true;
        }
        let Some(shown) = shown(at, zone) else { return true };
        let asleep = self.night.is_some_and(|night| night.holds(shown.time()));
        !asleep && !self.days_off.iter().any(|day| day.is(shown.date()))
    }

    /// The first moment after `from` and until `limit` at which somebody may be told.
    #[must_use]
    pub fn next_open(&self, from: Timestamp, limit: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut day = shown(from, zone)?.date().yesterday().ok()?;
        let last = shown(limit, zone)?.date();
        while day <= last {
            let turns = self.turns(day, zone).into_iter().filter(|at| *at > from && *at <= limit);
            if let Some(found) = turns.into_iter().find(|at| self.is_open(*at, zone)) {
                return Some(found);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// The last stretch before `before`, itself quiet, in which somebody may be told: where it begins, as far as that
    /// matters, and where it ends. Only one that ends after `from`.
    #[must_use]
    pub fn last_open(&self, before: Timestamp, from: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let mut day = shown(before, zone)?.date().tomorrow().ok()?;
        let first = shown(from, zone)?.date().yesterday().ok()?;
        let mut end = before;
        while day >= first {
            for turn in self.turns(day, zone).into_iter().rev().filter(|at| *at < before) {
                if self.is_open(turn, zone) {
                    return (end > from).then_some((turn, end));
                }
                end = turn;
            }
            if end <= from {
                return None;
            }
            day = day.yesterday().ok()?;
        }
        None
    }

    /// Every moment of a day at which it can turn whether somebody may be told, in their order.
    fn turns(&self, day: Date, zone: &TimeZone) -> BTreeSet<Timestamp> {
        let night = self.night.map(|night| [night.until, night.from]);
        let times = night.into_iter().flatten().chain([Time::midnight()]);
        let mut turns = BTreeSet::new();
        for time in times {
            let reading = zone.to_ambiguous_timestamp(day.to_datetime(time));
            turns.extend(reading.earlier().ok().map(moment));
            turns.extend(reading.later().ok().map(moment));
        }
        let begins = day.to_datetime(Time::midnight()).to_zoned(zone.clone());
        let ends = day.tomorrow().and_then(|next| next.to_datetime(Time::midnight()).to_zoned(zone.clone()));
        if let (Ok(begins), Ok(ends)) = (begins, ends) {
            let changes = zone.following(begins.timestamp()).map(|change| change.timestamp());
            turns.extend(changes.take_while(|at| *at < ends.timestamp()).map(moment));
        }
        turns
    }
}

impl Night {
    /// Whether a clock that shows this time shows one of these hours.
    fn holds(self, time: Time) -> bool {
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

impl DayOff {
    fn is(self, date: Date) -> bool {
        match self {
            Self::Weekly(day) => date.weekday() == day,
            Self::Yearly(month, day) => (date.month(), date.day()) == (month, day),
            Self::Once(day) => date == day,
        }
    }
}

fn shown(at: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    jiff::Timestamp::from_microsecond(at.as_micros()).ok().map(|at| zone.to_datetime(at))
}

fn moment(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_microsecond())
}

impl FromStr for Night {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        const WRONG: InvalidRule = InvalidRule("is no part of a day; write it like \"21:00-08:00\"");
        let (from, until) = text.split_once('-').ok_or(WRONG)?;
        let [from, until] = [from, until].map(|text| time(text.trim()));
        let (from, until) = from.zip(until).ok_or(WRONG)?;
        if from == until {
            return Err(InvalidRule("leaves no hour of the day, or all of them; leave the key out for no quiet hours"));
        }
        Ok(Self { from, until })
    }
}

/// A time of day to the minute, as `08:00`.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| (text.len() == 2).then(|| text.parse().ok()).flatten();
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

impl FromStr for DayOff {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        const WRONG: InvalidRule = InvalidRule("is no day; use \"sat\", \"12-25\" for every year, or \"2026-12-25\"");
        if let Some((_, day)) = WEEKDAYS.into_iter().find(|(name, _)| *name == text) {
            return Ok(Self::Weekly(day));
        }
        if text.len() == 5 {
            // A leap year, so that the last of February is a day.
            let date: Date = format!("2024-{text}").parse().map_err(|_| WRONG)?;
            return Ok(Self::Yearly(date.month(), date.day()));
        }
        let date = text.parse().map_err(|_| WRONG)?;
        if text.len() == 10 { Ok(Self::Once(date)) } else { Err(WRONG) }
    }
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl fmt::Display for Night {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.hour(), from.minute(), until.hour(), until.minute())
    }
}

impl fmt::Display for DayOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekly(day) => f.write_str(WEEKDAYS.iter().find(|(_, of)| of == day).map_or("", |(name, _)| *name)),
            Self::Yearly(month, day) => write!(f, "{month:02}-{day:02}"),
            Self::Once(date) => write!(f, "{date}"),
        }
    }
}

impl fmt::Display for QuietTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(night) = self.night {
            write!(f, "{night}")?;
        }
        for day in &self.days_off {
            write!(f, ",{day}")?;
        }
        write!(f, "@{}", self.time_zone.iana_name().unwrap_or("UTC"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn quiet(night: &str, days: &[&str]) -> QuietTimes {
        let days_off = days.iter().map(|day| day.parse().unwrap()).collect();
        QuietTimes { night: night.parse().ok(), days_off, time_zone: TimeZone::UTC }
    }

    #[test]
    fn rules_read_back_as_they_are_written() {
        assert_eq!("21:00-08:00".parse::<Night>().unwrap().to_string(), "21:00-08:00");
        for text in ["", "21-8", "21:00", "24:00-08:00", "21:00-8:00", "08:00-08:00", "21:00–08:00"] {
            assert!(text.parse::<Night>().is_err(), "{text:?}");
        }
        for text in ["sat", "12-25", "02-29", "2026-12-25"] {
            assert_eq!(text.parse::<DayOff>().unwrap().to_string(), text);
        }
        for text in ["", "saturday", "Sat", "13-01", "02-30", "2026-12", "20261225", "2026-12-25T00:00"] {
            assert!(text.parse::<DayOff>().is_err(), "{text:?}");
        }
        assert_eq!(quiet("21:00-08:00", &["sat", "12-25"]).to_string(), "21:00-08:00,sat,12-25@UTC");
    }

    #[test]
    fn a_night_ends_where_the_next_morning_begins() {
        let (night, zone, far) = (quiet("21:00-08:00", &[]), TimeZone::UTC, at("2026-12-31T00:00:00Z"));
        assert!(!night.is_open(at("2026-03-02T21:00:00Z"), &zone) && !night.is_open(at("2026-03-03T07:59:59Z"), &zone));
        assert!(night.is_open(at("2026-03-02T20:59:59Z"), &zone) && night.is_open(at("2026-03-03T08:00:00Z"), &zone));
        let asleep = at("2026-03-02T23:00:00Z");
        assert_eq!(night.next_open(asleep, far, &zone), Some(at("2026-03-03T08:00:00Z")));
        assert_eq!(night.next_open(asleep, at("2026-03-03T07:00:00Z"), &zone), None);
        let day = (at("2026-03-02T08:00:00Z"), at("2026-03-02T21:00:00Z"));
        assert_eq!(night.last_open(asleep, at("2026-03-02T20:00:00Z"), &zone), Some(day));
        assert_eq!(night.last_open(asleep, at("2026-03-02T21:00:00Z"), &zone), None);
        let siesta = quiet("13:00-15:00", &[]);
        assert_eq!(siesta.next_open(at("2026-03-02T14:00:00Z"), far, &zone), Some(at("2026-03-02T15:00:00Z")));
    }

    #[test]
    fn a_weekend_is_passed_over_whole() {
        let (off, zone) =
            (quiet("21:00-08:00", &["sat", "sun", "2026-03-09"]), TimeZone::get("Europe/Berlin").unwrap());
        let (friday_night, far) = (at("2026-03-06T21:00:00Z"), at("2026-12-31T00:00:00Z"));
        assert_eq!(off.next_open(friday_night, far, &zone), Some(at("2026-03-10T07:00:00Z")), "Tuesday, 8 in Berlin");
        let (_, end) = off.last_open(at("2026-03-08T12:00:00Z"), at("2026-03-01T00:00:00Z"), &zone).unwrap();
        assert_eq!(end, at("2026-03-06T20:00:00Z"), "Friday, 21 in Berlin");
    }

    #[test]
    fn a_clock_that_changes_at_night_moves_the_morning() {
        let (night, zone) = (quiet("21:00-08:00", &[]), TimeZone::get("Europe/Berlin").unwrap());
        let far = at("2026-12-31T00:00:00Z");
        assert_eq!(night.next_open(at("2026-03-28T22:00:00Z"), far, &zone), Some(at("2026-03-29T06:00:00Z")));
        assert_eq!(night.next_open(at("2026-10-24T22:00:00Z"), far, &zone), Some(at("2026-10-25T07:00:00Z")));
    }

    #[test]
    fn an_hour_that_comes_twice_is_quiet_both_times_and_one_that_never_comes_ends_nothing_late() {
        let (zone, far) = (TimeZone::get("Europe/Berlin").unwrap(), at("2026-12-31T00:00:00Z"));
        // 02:30 comes at 00:30Z and again at 01:30Z on 25 October.
        let until = quiet("01:00-02:30", &[]);
        let first = until.next_open(at("2026-10-24T23:30:00Z"), far, &zone).unwrap();
        assert_eq!(first, at("2026-10-25T00:30:00Z"));
        assert!(!until.is_open(at("2026-10-25T01:10:00Z"), &zone), "02:10 for the second time");
        assert_eq!(until.next_open(at("2026-10-25T01:10:00Z"), far, &zone), Some(at("2026-10-25T01:30:00Z")));
        // 02:30 never comes on 29 March: at 01:00Z the clock goes from 02:00 to 03:00.
        assert_eq!(until.next_open(at("2026-03-29T00:30:00Z"), far, &zone), Some(at("2026-03-29T01:00:00Z")));
    }
}
