//! Whether reminding helps: two shares, their difference, and how sure one can be of it.
//!
//! The interval is Newcombe's for the difference of two independent proportions, his method 10, made from Wilson's
//! interval of each: R. G. Newcombe, "Interval estimation for the difference between independent proportions",
//! Statistics in Medicine 17 (1998), 873–890. It keeps its word with few people and with shares near 0 and 1, where
//! the textbook's normal interval does not.

/// So many of so many people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many did.
    pub did: u64,
    /// Of how many.
    pub of: u64,
}

/// A difference of two shares, as parts of one: 0.05 is five points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The first share less the second.
    pub is: f64,
    /// The least it may well be: 95 % sure.
    pub at_least: f64,
    /// The most it may well be.
    pub at_most: f64,
}

/// What can be said of reminding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Nobody was held out, so there is nothing to compare with.
    NoHoldout,
    /// One of the groups has fewer than [`ENOUGH`] people.
    TooLittle,
    /// No difference is proved either way: the interval holds 0.
    Unclear(Difference),
    /// More finished of those who were reminded.
    Helps(Difference),
    /// Fewer finished of those who were reminded.
    Hurts(Difference),
}

/// From so many people in each group on, a difference is told. With fewer, only differences of 20 points and more would
/// show, and a single person moves the share by two.
pub const ENOUGH: u64 = 50;

/// The 97.5 % point of the normal distribution: 95 % lie within.
const Z: f64 = 1.959_963_984_540_054;

impl Share {
    /// The share, 0 to 1; `None` of nobody.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "people are fewer than 2^52")]
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.did as f64 / self.of as f64)
    }

    /// Wilson's interval, 95 %; `None` of nobody.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "people are fewer than 2^52")]
    pub fn interval(self) -> Option<(f64, f64)> {
        let (share, of) = (self.value()?, self.of as f64);
        let middle = share + Z * Z / (2.0 * of);
        let reach = Z * (share * (1.0 - share) / of + Z * Z / (4.0 * of * of)).sqrt();
        let whole = 1.0 + Z * Z / of;
        Some((((middle - reach) / whole).max(0.0), ((middle + reach) / whole).min(1.0)))
    }

    /// This share less another, with its interval; `None` where either is of nobody.
    #[must_use]
    pub fn less(self, other: Self) -> Option<Difference> {
        let (one, (low, high)) = (self.value()?, self.interval()?);
        let (two, (other_low, other_high)) = (other.value()?, other.interval()?);
        let is = one - two;
        Some(Difference {
            is,
            at_least: (is - (one - low).hypot(other_high - two)).max(-1.0),
            at_most: (is + (high - one).hypot(two - other_low)).min(1.0),
        })
    }
}

impl Verdict {
    /// What can be said where `reminded` finished after a reminder, and `held_out` without one.
    #[must_use]
    pub fn of(reminded: Share, held_out: Share) -> Self {
        if held_out.of == 0 {
            return Self::NoHoldout;
        }
        match reminded.less(held_out) {
            Some(found) if reminded.of >= ENOUGH && held_out.of >= ENOUGH => {
                if found.at_least > 0.0 {
                    Self::Helps(found)
                } else if found.at_most < 0.0 {
                    Self::Hurts(found)
                } else {
                    Self::Unclear(found)
                }
            }
            _ => Self::TooLittle,
        }
    }

    /// A word for it that does not change.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoHoldout => "no-holdout",
            Self::TooLittle => "too-little-data",
            Self::Unclear(_) => "unclear",
            Self::Helps(_) => "helps",
            Self::Hurts(_) => "hurts",
        }
    }

    /// The difference, where there is enough to tell one.
    #[must_use]
    pub const fn difference(self) -> Option<Difference> {
        match self {
            Self::NoHoldout | Self::TooLittle => None,
            Self::Unclear(found) | Self::Helps(found) | Self::Hurts(found) => Some(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn share(did: u64, of: u64) -> Share {
        Share { did, of }
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 0.000_051
    }

    /// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998),
    /// 857–872, table I, method 3.
    #[test]
    fn wilson_s_interval_is_as_published() {
        for (of, low, high) in [
            (share(81, 263), 0.2553, 0.3662),
            (share(15, 148), 0.0624, 0.1605),
            (share(0, 20), 0.0, 0.1611),
            (share(1, 29), 0.0061, 0.1718),
        ] {
            let (found_low, found_high) = of.interval().unwrap();
            assert!(near(found_low, low) && near(found_high, high), "{of:?}: {found_low} to {found_high}");
        }
        assert_eq!(share(0, 0).interval(), None);
    }

    /// Newcombe's table II, method 10, every column.
    #[test]
    fn newcombe_s_interval_is_as_published() {
        for (one, two, low, high) in [
            (share(56, 70), share(48, 80), 0.0524, 0.3339),
            (share(9, 10), share(3, 10), 0.1705, 0.8090),
            (share(6, 7), share(2, 7), 0.0582, 0.8062),
            (share(5, 56), share(0, 29), -0.0381, 0.1926),
            (share(0, 10), share(0, 20), -0.1611, 0.2775),
            (share(0, 10), share(0, 10), -0.2775, 0.2775),
            (share(10, 10), share(0, 20), 0.6791, 1.0),
            (share(10, 10), share(0, 10), 0.6075, 1.0),
        ] {
            let found = one.less(two).unwrap();
            assert!(near(found.at_least, low) && near(found.at_most, high), "{one:?} less {two:?}: {found:?}");
            let back = two.less(one).unwrap();
            assert!(near(back.at_least, -high) && near(back.at_most, -low), "the other way round: {back:?}");
        }
        assert_eq!(share(1, 2).less(share(0, 0)), None);
    }

    #[test]
    fn a_verdict_needs_enough_people_in_each_group() {
        for (reminded, held_out, word) in [
            (share(400, 900), share(0, 0), "no-holdout"),
            (share(400, 900), share(10, 49), "too-little-data"),
            (share(40, 49), share(10, 50), "too-little-data"),
            (share(0, 0), share(10, 50), "too-little-data"),
            (share(400, 900), share(20, 50), "unclear"),
            (share(600, 900), share(20, 50), "helps"),
            (share(200, 900), share(25, 50), "hurts"),
        ] {
            assert_eq!(Verdict::of(reminded, held_out).as_str(), word, "{reminded:?} {held_out:?}");
        }
    }
}
