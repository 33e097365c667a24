//! The share of people who are not reminded, so that it can be told whether reminding helps.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::domain::ids::EnvironmentName;
use crate::domain::inquiry::Person;
use crate::domain::rules::InvalidRule;

/// So many per cent of people are held out, 0 to 50. Who is, follows from their name alone: the same person always is,
/// or never, for every template and at every restart; and with a larger share those of a smaller one still are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holdout {
    percent: u8,
}

/// More than this, and fewer people are reminded than not.
const MOST: u8 = 50;

impl Holdout {
    /// A share in per cent; `None` for more than 50.
    #[must_use]
    pub const fn of(percent: u8) -> Option<Self> {
        if percent <= MOST { Some(Self { percent }) } else { None }
    }

    /// In per cent.
    #[must_use]
    pub const fn percent(self) -> u8 {
        self.percent
    }

    /// Whether nobody is held out.
    #[must_use]
    pub const fn is_nobody(self) -> bool {
        self.percent == 0
    }

    /// Whether a person of an environment is held out.
    #[must_use]
    pub fn takes(self, environment: &EnvironmentName, person: &Person) -> bool {
        if self.is_nobody() {
            return false;
        }
        let digest = Sha256::digest(format!("holdout\n{environment}\n{person}"));
        let place = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        place % 10_000 < u64::from(self.percent) * 100
    }
}

impl fmt::Display for Holdout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.percent)
    }
}

impl FromStr for Holdout {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        const WRONG: InvalidRule = InvalidRule("is no share of people; use a whole number from 0% to 50%");
        let number = text.trim().strip_suffix('%').ok_or(WRONG)?;
        number.trim().parse().ok().and_then(Self::of).ok_or(WRONG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ReferenceId;

    fn person(number: usize) -> Person {
        Person::Reference(ReferenceId::parse(&format!("customer-{number}")).unwrap())
    }

    fn held(percent: u8, environment: &str) -> Vec<usize> {
        let environment = EnvironmentName::parse(environment).unwrap();
        let share = Holdout::of(percent).unwrap();
        (0..10_000).filter(|number| share.takes(&environment, &person(*number))).collect()
    }

    #[test]
    fn the_share_is_about_what_was_asked_for_and_grows_by_those_that_come() {
        let (ten, twenty) = (held(10, "sandbox"), held(20, "sandbox"));
        assert!((900..=1_100).contains(&ten.len()), "{}", ten.len());
        assert!((1_850..=2_150).contains(&twenty.len()), "{}", twenty.len());
        assert!(ten.iter().all(|one| twenty.contains(one)));
        assert_eq!(held(10, "sandbox"), ten, "always the same");
        assert_ne!(held(10, "production"), ten, "an environment is an experiment of its own");
        assert_eq!(held(0, "sandbox"), Vec::<usize>::new());
    }

    #[test]
    fn a_share_reads_back_as_it_is_written() {
        for (text, shown) in [("10%", "10%"), ("0%", "0%"), (" 50 % ", "50%")] {
            assert_eq!(text.parse::<Holdout>().unwrap().to_string(), shown);
        }
        for text in ["51%", "10", "-1%", "a few", "%", "1.5%"] {
            assert!(text.parse::<Holdout>().is_err(), "{text:?} is no share");
        }
    }
}
