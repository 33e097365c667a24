//! How many requests one caller may make in a minute, whatever callers are told apart by. In memory, and bounded.
//!
//! A crate such as `governor` would count as well, but it has one quota for all keys where our customers have each their
//! own, and keeps a row for every key it ever saw until somebody sweeps. Windows of a minute are enough for crowds, and
//! forgetting them costs nothing: the next minute begins with an empty table.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::time::Timestamp;

/// The length of a window, in seconds.
const WINDOW: i64 = 60;

/// Counts of one window by key. Beyond `room` keys nobody new is counted: whoever floods us from more keys than this
/// must not shut out others.
pub(super) struct Limiter {
    room: usize,
    counts: Mutex<Counts>,
    hashing: RandomState,
}

/// By a hash, so that no token or address is kept; whose two keys meet share what they may.
#[derive(Default)]
struct Counts {
    window: i64,
    by_key: HashMap<u64, u32>,
}

impl Limiter {
    /// A limiter that counts so many keys at one time.
    pub(super) fn new(room: usize) -> Self {
        Self { room, counts: Mutex::default(), hashing: RandomState::new() }
    }

    /// Counts a request of `key`, of which `most` a minute may pass; how many seconds to wait when there were more.
    pub(super) fn pass(&self, key: &impl Hash, most: u32, now: Timestamp) -> Result<(), u32> {
        let key = self.hashing.hash_one(key);
        let mut counts = self.counts(now);
        let full = counts.by_key.len() >= self.room;
        let count = match counts.by_key.get_mut(&key) {
            Some(count) => count,
            None if full => return Ok(()),
            None => counts.by_key.entry(key).or_default(),
        };
        if *count >= most {
            return Err(left(now));
        }
        *count += 1;
        Ok(())
    }

    /// As [`Limiter::pass`], without counting.
    pub(super) fn look(&self, key: &impl Hash, most: u32, now: Timestamp) -> Result<(), u32> {
        let key = self.hashing.hash_one(key);
        let counted = self.counts(now).by_key.get(&key).copied().unwrap_or(0);
        if counted >= most { Err(left(now)) } else { Ok(()) }
    }

    /// The counts of the present window.
    fn counts(&self, now: Timestamp) -> MutexGuard<'_, Counts> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let window = now.as_second().div_euclid(WINDOW);
        if counts.window != window {
            counts.window = window;
            counts.by_key.clear();
        }
        counts
    }
}

/// How many seconds the window has left.
fn left(now: Timestamp) -> u32 {
    u32::try_from(WINDOW - now.as_second().rem_euclid(WINDOW)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_and_another_begins() {
        let (limiter, at) = (Limiter::new(10), Timestamp::from_second);
        assert_eq!(limiter.pass(&"a", 2, at(60)), Ok(()));
        assert_eq!(limiter.pass(&"a", 2, at(61)), Ok(()));
        assert_eq!(limiter.look(&"a", 2, at(80)), Err(40));
        assert_eq!(limiter.pass(&"a", 2, at(80)), Err(40));
        assert_eq!(limiter.pass(&"a", 3, at(80)), Ok(()), "each asks by its own measure");
        assert_eq!(limiter.pass(&"b", 2, at(80)), Ok(()), "each has their own");
        assert_eq!(limiter.look(&"a", 2, at(120)), Ok(()));
        assert_eq!(limiter.pass(&"a", 2, at(120)), Ok(()));
    }

    #[test]
    fn looking_does_not_count() {
        let (limiter, now) = (Limiter::new(10), Timestamp::from_second(60));
        for _ in 0..3 {
            assert_eq!(limiter.look(&1, 1, now), Ok(()));
        }
        assert_eq!(limiter.pass(&1, 1, now), Ok(()));
        assert_eq!(limiter.look(&1, 1, now), Err(60));
    }

    #[test]
    fn what_is_counted_is_bounded_and_who_is_not_counted_gets_through() {
        let (limiter, now) = (Limiter::new(100), Timestamp::from_second(60));
        for key in 0..1_000 {
            assert_eq!(limiter.pass(&key, 1, now), Ok(()));
        }
        assert_eq!(limiter.counts(now).by_key.len(), 100);
        assert_eq!(limiter.pass(&0, 1, now), Err(60), "who is counted stays counted");
        assert_eq!(limiter.pass(&999, 1, now), Ok(()));
        assert_eq!(limiter.counts(Timestamp::from_second(120)).by_key.len(), 0);
    }
}
