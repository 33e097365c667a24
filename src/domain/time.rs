//! Points in time, in microseconds: the finest that both databases keep.

use std::fmt;

use jiff::SignedDuration;

/// A point in time, UTC, whole microseconds.
///
/// `SQLite` would keep nanoseconds and `PostgreSQL` microseconds; one precision makes round trips equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text was not an RFC 3339 date and time with an offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an RFC 3339 date and time")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_second(second: i64) -> Self {
        Self(second.saturating_mul(1_000_000))
    }

    /// Reads RFC 3339, as Persona writes it (`2024-03-15T18:30:00.000Z`).
    ///
    /// # Errors
    /// [`InvalidTimestamp`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse::<jiff::Timestamp>().map(|at| Self(at.as_microsecond())).map_err(|_| InvalidTimestamp)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn as_second(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This time moved by a duration; stays at the edge of what can be kept rather than overflow.
    #[must_use]
    pub fn plus(self, by: SignedDuration) -> Self {
        Self(self.0.saturating_add(micros(by)))
    }

    /// This time moved back by a duration.
    #[must_use]
    pub fn minus(self, by: SignedDuration) -> Self {
        Self(self.0.saturating_sub(micros(by)))
    }

    /// How long after `earlier` this is; negative when it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> SignedDuration {
        SignedDuration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

fn micros(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(if duration.is_negative() { i64::MIN } else { i64::MAX })
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => at.fmt(f),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_microseconds_and_drops_what_is_finer() {
        let at = Timestamp::parse("2024-03-15T18:30:00.123456789Z").unwrap();
        assert_eq!(at.to_string(), "2024-03-15T18:30:00.123456Z");
        assert_eq!(at.as_second(), 1_710_527_400);
    }

    #[test]
    fn moves_by_durations_without_overflow() {
        let at = Timestamp::from_second(100);
        assert_eq!(at.plus(SignedDuration::from_secs(5)).since(at), SignedDuration::from_secs(5));
        assert_eq!(Timestamp::from_micros(i64::MAX).plus(SignedDuration::MAX).as_micros(), i64::MAX);
        assert_eq!(at.minus(SignedDuration::from_secs(200)).as_second(), -100);
    }

    #[test]
    fn refuses_what_has_no_offset() {
        assert!(Timestamp::parse("2024-03-15T18:30:00").is_err());
        assert!(Timestamp::parse("yesterday").is_err());
    }
}
