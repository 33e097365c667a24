//! How long an environment may be silent: as the operator says, or as it was so far.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::domain::time::Timestamp;

/// When the absence of deliveries is worth an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectDeliveries {
    /// Never.
    Off,
    /// When it lasts longer than it did in the last two weeks.
    Learnt,
    /// When it lasts that long.
    Within(SignedDuration),
}

/// How far back is looked to learn: two weekends.
pub const LEARNT_FROM: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What less than that says about days is chance.
const LEAST_KNOWN: SignedDuration = SignedDuration::from_hours(3 * 24);

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Nobody is troubled sooner.
const LEAST: SignedDuration = SignedDuration::from_hours(2);

/// What a pause may last longer than the longest so far.
const MARGIN: SignedDuration = SignedDuration::from_hours(12);

/// How long an environment may be silent, from the hours of the last two weeks in which something came; `None` while
/// too little is known. Twice the longest pause there was, and at most half a day more than it: a quiet weekend is no
/// alert, and a busy day that falls silent is one after two hours.
#[must_use]
pub fn learnt_silence(hours: &BTreeSet<Timestamp>) -> Option<SignedDuration> {
    let (first, last) = (hours.first()?, hours.last()?);
    if last.since(*first) < LEAST_KNOWN {
        return None;
    }
    let pauses = hours.iter().zip(hours.iter().skip(1)).map(|(one, next)| next.since(*one));
    let longest = pauses.max().unwrap_or(HOUR);
    Some((longest * 2).min(longest + MARGIN).max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(active: impl Iterator<Item = i64>) -> BTreeSet<Timestamp> {
        active.map(|hour| Timestamp::from_second(1_767_225_600).plus(HOUR * i32::try_from(hour).unwrap())).collect()
    }

    #[test]
    fn it_is_learnt_from_the_longest_pause() {
        let learnt = |active: &mut dyn Iterator<Item = i64>| learnt_silence(&hours(active)).map(|long| long.as_hours());
        assert_eq!(learnt(&mut (0..336)), Some(2), "something every hour");
        assert_eq!(learnt(&mut (0..336).filter(|hour| (8..20).contains(&(hour % 24)))), Some(25), "office hours");
        assert_eq!(learnt(&mut (0..336).filter(|hour| hour / 24 % 7 < 5)), Some(49 + 12), "quiet weekends");
        assert_eq!(learnt(&mut (0..48)), None, "two days say nothing");
        assert_eq!(learnt(&mut std::iter::empty()), None);
    }
}
