//! Persona's precisions: objects carry whole seconds, events milliseconds; both are written with three decimals.

use crate::domain::time::Timestamp;

/// The second this time lies in.
pub(super) const fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second())
}

/// The millisecond this time lies in.
pub(super) const fn whole_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros().div_euclid(1_000) * 1_000)
}

/// As Persona writes times.
pub(super) fn written(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| at.to_string(), |at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_three_decimals() {
        let at = Timestamp::parse("2024-03-15T18:30:00.123456Z").unwrap();
        assert_eq!(written(at), "2024-03-15T18:30:00.123Z");
        assert_eq!(written(whole_second(at)), "2024-03-15T18:30:00.000Z");
        assert_eq!(whole_millisecond(at).as_micros() % 1_000, 0);
    }
}
