//! How many requests one address or link may make in a while. Kept in memory: it is for crowds, not for counting.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The most keys remembered; beyond that those whose time is over are forgotten, and at worst all.
const MOST_KEYS: usize = 100_000;

/// Lets so many requests pass in each window.
pub(super) struct Limiter {
    most: u32,
    window: Duration,
    /// By a hash, so that no token is kept; whose two keys meet share what they may.
    seen: Mutex<HashMap<u64, (Instant, u32)>>,
    hashing: RandomState,
}

impl Limiter {
    pub(super) fn new(most: u32, window: Duration) -> Self {
        Self { most, window, seen: Mutex::default(), hashing: RandomState::new() }
    }

    /// Lets a request pass, or says how long to wait.
    pub(super) fn pass(&self, key: &str) -> Result<(), Duration> {
        self.pass_at(key, Instant::now())
    }

    fn pass_at(&self, key: &str, now: Instant) -> Result<(), Duration> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_KEYS {
            seen.retain(|_, (began, _)| now.duration_since(*began) < self.window);
            if seen.len() >= MOST_KEYS {
                seen.clear();
            }
        }
        let (began, count) = seen.entry(self.hashing.hash_one(key)).or_insert((now, 0));
        if now.duration_since(*began) >= self.window {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        if *count > self.most { Err(self.window.saturating_sub(now.duration_since(*began))) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_and_then_one_waits() {
        let limiter = Limiter::new(2, Duration::from_mins(1));
        let began = Instant::now();
        let pass = |key, seconds| limiter.pass_at(key, began + Duration::from_secs(seconds));
        assert_eq!((pass("a", 0), pass("a", 0)), (Ok(()), Ok(())));
        assert_eq!(pass("a", 20), Err(Duration::from_secs(40)));
        assert_eq!(pass("b", 20), Ok(()), "each for itself");
        assert_eq!(pass("a", 60), Ok(()));
    }
}
