//! Times as people read them: how far away, with the exact one at hand.

use askama::Template;
use jiff::SignedDuration;

use crate::domain::time::Timestamp;

/// A time, relative to when the page was made.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(ext = "html", source = r#"<time datetime="{{ iso }}" title="{{ exact }}">{{ relative }}</time>"#)]
pub struct When {
    /// For machines.
    pub iso: String,
    /// To the second, UTC.
    pub exact: String,
    /// Such as `in 5 min`.
    pub relative: String,
}

impl When {
    /// A time as it is seen from another.
    pub fn of(at: Timestamp, now: Timestamp) -> Self {
        let iso = Timestamp::from_second(at.as_second()).to_string();
        let exact = iso.replace('T', " ").replace('Z', " UTC");
        let relative = relative(at, now);
        Self { iso, exact, relative }
    }
}

/// A length of time in its largest unit, such as `3 h`; two units where the first is small.
pub fn length(of: SignedDuration) -> String {
    let seconds = of.as_secs().unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours @ 1..=5, minutes) if minutes % 60 >= 10 => format!("{hours} h {} min", minutes % 60),
        (0, hours, _) => format!("{hours} h"),
        (days @ 1..=2, hours, _) if hours % 24 > 0 => format!("{days} d {} h", hours % 24),
        (days, _, _) => format!("{days} d"),
    }
}

fn relative(at: Timestamp, now: Timestamp) -> String {
    let ago = now.since(at);
    let seconds = ago.as_secs();
    match seconds {
        -1..=4 => "now".to_owned(),
        // Beyond two months a date says more than a number of days.
        5_184_000.. | ..=-5_184_000 => date(at),
        5.. => format!("{} ago", length(ago)),
        _ => format!("in {}", length(ago)),
    }
}

fn date(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_by_its_distance() {
        let now = Timestamp::parse("2026-03-01T08:00:00.5Z").unwrap();
        let told = |seconds| When::of(now.plus(SignedDuration::from_secs(seconds)), now).relative;
        let cases = [
            (0, "now"),
            (-59, "59 s ago"),
            (-60, "1 min ago"),
            (3 * 3600, "in 3 h"),
            (3 * 3600 + 900, "in 3 h 15 min"),
            (-20 * 3600 - 900, "20 h ago"),
            (30 * 3600, "in 1 d 6 h"),
            (-9 * 86_400 - 3600, "9 d ago"),
            (-100 * 86_400, "2025-11-21"),
        ];
        for (seconds, text) in cases {
            assert_eq!(told(seconds), text);
        }
    }

    #[test]
    fn the_exact_time_is_at_hand() {
        let now = Timestamp::parse("2026-03-01T08:00:00.5Z").unwrap();
        let html = When::of(now, now).to_string();
        assert_eq!(html, r#"<time datetime="2026-03-01T08:00:00Z" title="2026-03-01 08:00:00 UTC">now</time>"#);
    }
}
