//! Counts that cost no more than they are worth: from some number on, "more" is enough.

use std::fmt;

/// A count that stops at [`Capped::MOST`], so that it costs the same at any size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capped {
    /// How many; [`Capped::MOST`] where there are more.
    pub count: u32,
    /// Whether there are more.
    pub more: bool,
}

impl Capped {
    /// How far is counted.
    pub const MOST: u32 = 10_000;

    /// The count of rows that were counted no further than one beyond [`Capped::MOST`].
    #[must_use]
    pub fn of(counted: i64) -> Self {
        let counted = u32::try_from(counted.max(0)).unwrap_or(u32::MAX);
        Self { count: counted.min(Self::MOST), more: counted > Self::MOST }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = Self::of(i64::from(self.count) + i64::from(other.count));
        Self { more: sum.more || self.more || other.more, ..sum }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for Capped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thousands, rest) = (self.count / 1_000, self.count % 1_000);
        if thousands > 0 {
            write!(f, "{thousands},{rest:03}")?;
        } else {
            write!(f, "{rest}")?;
        }
        f.write_str(if self.more { "+" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_where_it_stopped() {
        for (counted, text) in [(-1, "0"), (7, "7"), (1_020, "1,020"), (10_000, "10,000"), (10_001, "10,000+")] {
            assert_eq!(Capped::of(counted).to_string(), text);
        }
        assert!(Capped::of(0).is_zero() && !Capped::of(1).is_zero());
    }
}
