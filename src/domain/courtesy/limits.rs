//! How often one person is told something, across inquiries, templates and environments.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;

use crate::domain::rules::{InvalidRule, Step, parse_duration};
use crate::domain::time::Timestamp;

/// The most notices in a window, as `3 per 7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    /// So many, at least one.
    pub notices: u32,
    /// Within any stretch of this length.
    pub window: SignedDuration,
}

/// How often one person is told at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most in a window.
    pub most: Option<Most>,
    /// How long after one the next may come.
    pub spacing: Option<SignedDuration>,
}

impl Limits {
    /// Whether nothing is limited.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.most.is_none() && self.spacing.is_none()
    }

    /// How far back it matters what somebody was told; zero where nothing is limited.
    #[must_use]
    pub fn reach(&self) -> SignedDuration {
        let window = self.most.map_or(SignedDuration::ZERO, |most| most.window);
        window.max(self.spacing.unwrap_or_default())
    }

    /// The first moment from `from` on at which somebody may be told who was told at these moments.
    #[must_use]
    pub fn earliest(&self, told: impl IntoIterator<Item = Timestamp>, from: Timestamp) -> Timestamp {
        if self.is_none() {
            return from;
        }
        let mut told: Vec<Timestamp> = told.into_iter().collect();
        told.sort_unstable_by(|one, other| other.cmp(one));
        let after_last = self.spacing.zip(told.first()).map(|(spacing, last)| last.plus(spacing));
        let after_window = self.most.and_then(|most| {
            let counted = usize::try_from(most.notices).unwrap_or(usize::MAX).max(1) - 1;
            told.get(counted).map(|at| at.plus(most.window))
        });
        from.max(after_last.unwrap_or(from)).max(after_window.unwrap_or(from))
    }
}

impl fmt::Display for Most {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.notices, Step::Left(self.window))
    }
}

impl FromStr for Most {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        const WRONG: InvalidRule = InvalidRule("is no number in a window; write it like \"3 per 7d\"");
        let (notices, window) = text.split_once("per").ok_or(WRONG)?;
        let notices = notices.trim().parse().ok().filter(|notices| (1..=1_000).contains(notices)).ok_or(WRONG)?;
        let window = parse_duration(window.trim()).map_err(|_| WRONG)?;
        Ok(Self { notices, window })
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(most) = self.most {
            write!(f, "{most}")?;
        }
        write!(f, "/{}s", self.spacing.unwrap_or_default().as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3_600)
    }

    #[test]
    fn a_window_reads_back_as_it_is_written() {
        for (text, shown) in [("3 per 7d", "3 per 7d"), ("1 per 24h", "1 per 1d"), ("10per90m", "10 per 1h30m")] {
            assert_eq!(text.parse::<Most>().unwrap().to_string(), shown);
        }
        for text in ["", "3", "per 7d", "0 per 7d", "3 per", "3 per week", "-1 per 7d"] {
            assert!(text.parse::<Most>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_next_one_waits_for_spacing_and_for_the_window() {
        let none = Limits::default();
        assert_eq!(none.earliest([hour(9)], hour(9)), hour(9));
        let spaced = Limits { spacing: Some(SignedDuration::from_hours(20)), most: None };
        assert_eq!(spaced.earliest([], hour(9)), hour(9));
        assert_eq!(spaced.earliest([hour(9), hour(1)], hour(12)), hour(29));
        assert_eq!(spaced.earliest([hour(9)], hour(40)), hour(40));
        let capped = Limits { spacing: None, most: Some("2 per 10h".parse().unwrap()) };
        assert_eq!(capped.earliest([hour(9)], hour(12)), hour(12), "one is less than two");
        assert_eq!(capped.earliest([hour(9), hour(4), hour(1)], hour(12)), hour(14), "the second last of them counts");
        let both = Limits { spacing: Some(SignedDuration::from_hours(1)), ..capped };
        assert_eq!((both.earliest([hour(11), hour(1)], hour(11)), both.reach().as_hours()), (hour(12), 10));
    }
}
