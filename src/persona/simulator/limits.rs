//! The rate limit: a window of a minute in which so many requests are answered
//! (<https://docs.withpersona.com/rate-limiting>).

use jiff::SignedDuration;

use crate::domain::time::Timestamp;

const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// What has been used of a limit in the current window.
#[derive(Default)]
pub(super) struct Window {
    opened_at: Option<Timestamp>,
    used: u32,
}

/// What the headers say of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) seconds_to_reset: i64,
    /// Whether the request that asked was within the limit.
    pub(super) granted: bool,
}

impl Window {
    /// Uses one of the limit, when one is left.
    pub(super) fn take(&mut self, limit: u32, now: Timestamp) -> Allowance {
        let mut allowance = self.look(limit, now);
        if allowance.remaining == 0 {
            allowance.granted = false;
            return allowance;
        }
        self.used += 1;
        allowance.remaining -= 1;
        allowance
    }

    /// What is left, without using any of it.
    pub(super) fn look(&mut self, limit: u32, now: Timestamp) -> Allowance {
        let opened_at = match self.opened_at {
            Some(opened_at) if now.since(opened_at) < WINDOW => opened_at,
            _ => {
                self.used = 0;
                *self.opened_at.insert(now)
            }
        };
        let left = opened_at.plus(WINDOW).since(now);
        let seconds_to_reset = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        Allowance { limit, remaining: limit.saturating_sub(self.used), seconds_to_reset, granted: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_grants_its_limit_and_refills_after_a_minute() {
        let mut window = Window::default();
        let start = Timestamp::from_second(1_000);
        assert_eq!(window.take(2, start), Allowance { limit: 2, remaining: 1, seconds_to_reset: 60, granted: true });
        let later = start.plus(SignedDuration::from_millis(17_500));
        assert_eq!(window.take(2, later).seconds_to_reset, 43);
        assert!(!window.take(2, later).granted);
        assert_eq!(window.take(2, start.plus(WINDOW)).remaining, 1);
    }
}
