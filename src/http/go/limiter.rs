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
        let now = Instant::now();
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

    #[tokio::test(start_paused = true)]
    async fn so_many_pass_and_then_one_waits() {
        let limiter = Limiter::new(2, Duration::from_secs(60));
        assert_eq!((limiter.pass("a"), limiter.pass("a")), (Ok(()), Ok(())));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(limiter.pass("a"), Err(Duration::from_secs(40)));
        assert_eq!(limiter.pass("b"), Ok(()), "each for itself");
        tokio::time::advance(Duration::from_secs(40)).await;
        assert_eq!(limiter.pass("a"), Ok(()));
    }
}
