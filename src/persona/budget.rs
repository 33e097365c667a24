//! What Persona said we may still ask, by the headers of its last answers.

use std::sync::Mutex;

use jiff::SignedDuration;
use reqwest::header::HeaderMap;

use crate::domain::time::Timestamp;

/// The rate limit as last told; 300 calls a minute by default (<https://docs.withpersona.com/rate-limiting>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Calls the window allows.
    pub limit: u32,
    /// Calls left in it.
    pub remaining: u32,
    /// When it begins anew, by our clock.
    pub resets_at: Timestamp,
}

/// The last budget told, one for all clones of a client.
#[derive(Debug, Default)]
pub(super) struct Gauge(Mutex<Option<Budget>>);

impl Gauge {
    /// The last budget told.
    pub(super) fn read(&self) -> Option<Budget> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes what an answer's headers say.
    pub(super) fn note(&self, headers: &HeaderMap, now: Timestamp) {
        let (Some(limit), Some(remaining), Some(reset)) =
            (number(headers, "RateLimit-Limit"), number(headers, "RateLimit-Remaining"), number(headers, RESET))
        else {
            return;
        };
        let told = Budget { limit, remaining, resets_at: now.plus(SignedDuration::from_secs(i64::from(reset))) };
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = Some(newer(*last, told));
    }
}

/// Seconds until the window begins anew.
pub(super) const RESET: &str = "RateLimit-Reset";

/// A header that is a whole number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Answers overtake each other: within one window the lower figure is the later one.
fn newer(last: Option<Budget>, told: Budget) -> Budget {
    match last {
        Some(last) if told.resets_at < last.resets_at.plus(SignedDuration::from_secs(2)) => {
            Budget { remaining: told.remaining.min(last.remaining), ..told }
        }
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(limit: &str, remaining: &str, reset: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("ratelimit-limit", limit), ("ratelimit-remaining", remaining), ("ratelimit-reset", reset)]
        {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn an_answer_that_was_overtaken_does_not_raise_what_is_left() {
        let gauge = Gauge::default();
        let now = Timestamp::from_second(1_000);
        assert_eq!(gauge.read(), None);
        gauge.note(&headers("300", "10", "30"), now);
        gauge.note(&headers("300", "12", "30"), now);
        let resets_at = Timestamp::from_second(1_030);
        assert_eq!(gauge.read(), Some(Budget { limit: 300, remaining: 10, resets_at }));
        gauge.note(&headers("300", "299", "60"), Timestamp::from_second(1_031));
        assert_eq!(gauge.read().map(|budget| budget.remaining), Some(299), "a new window");
    }

    #[test]
    fn headers_that_are_missing_or_odd_change_nothing() {
        let gauge = Gauge::default();
        gauge.note(&HeaderMap::new(), Timestamp::from_second(1));
        gauge.note(&headers("300", "-1", "60"), Timestamp::from_second(1));
        gauge.note(&headers("300", "5", "soon"), Timestamp::from_second(1));
        assert_eq!(gauge.read(), None);
    }
}
