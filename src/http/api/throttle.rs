//! How many calls a minute: by token, by customer, and by address for those whose token is none. In memory, bounded.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::ids::{CustomerName, TokenId};
use crate::domain::time::Timestamp;

/// The most that is counted at one time of one kind. Beyond it nobody new is counted: whoever floods us from more
/// addresses than this must not shut out others.
const MOST_COUNTED: usize = 20_000;

/// One window of counting, in seconds.
const WINDOW: i64 = 60;

/// What is counted.
#[derive(Default)]
pub(in crate::http) struct Throttle {
    tokens: Counts<TokenId>,
    customers: Counts<CustomerName>,
    failures: Counts<IpAddr>,
    attempts: Counts<IpAddr>,
    /// Hashes of tokens that were good: their bearers aren't shut out by others behind the same address.
    good: Mutex<HashSet<[u8; 32]>>,
}

struct Counts<K>(Mutex<HashMap<K, (i64, u32)>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl Throttle {
    /// Counts a call with a token; how many seconds to wait when there were too many.
    pub(in crate::http) fn call(&self, token: &TokenId, most: u32, now: Timestamp) -> Result<(), u32> {
        self.tokens.take(token.clone(), most, now)
    }

    /// Counts a call of a customer; how many seconds to wait when there were too many.
    pub(in crate::http) fn customer(&self, customer: &CustomerName, most: u32, now: Timestamp) -> Result<(), u32> {
        self.customers.take(customer.clone(), most, now)
    }

    /// Whether a token may be looked up for an address: not after too many that were none, unless it was good before.
    pub(in crate::http) fn may_try(
        &self,
        address: IpAddr,
        token: &[u8; 32],
        most: u32,
        now: Timestamp,
    ) -> Result<(), u32> {
        if self.failures.count(&address, now) < most || locked(&self.good).contains(token) {
            return Ok(());
        }
        Err(left(now))
    }

    /// Counts something that an address may do so often; how many seconds to wait when it was too often.
    pub(in crate::http) fn attempt(&self, address: IpAddr, most: u32, now: Timestamp) -> Result<(), u32> {
        self.attempts.take(address, most, now)
    }

    /// Counts a token that is none.
    pub(in crate::http) fn failed(&self, address: IpAddr, now: Timestamp) {
        let _ = self.failures.take(address, u32::MAX, now);
    }

    /// Remembers a token that is good.
    pub(in crate::http) fn succeeded(&self, token: [u8; 32]) {
        let mut good = locked(&self.good);
        if good.len() >= MOST_COUNTED {
            good.clear();
        }
        good.insert(token);
    }
}

impl<K: Eq + Hash> Counts<K> {
    fn count(&self, key: &K, now: Timestamp) -> u32 {
        let counts = locked(&self.0);
        counts.get(key).filter(|(window, _)| *window == window_of(now)).map_or(0, |(_, count)| *count)
    }

    fn take(&self, key: K, most: u32, now: Timestamp) -> Result<(), u32> {
        let window = window_of(now);
        let mut counts = locked(&self.0);
        if counts.len() >= MOST_COUNTED && !counts.contains_key(&key) {
            counts.retain(|_, (of, _)| *of == window);
            if counts.len() >= MOST_COUNTED {
                return Ok(());
            }
        }
        let entry = counts.entry(key).or_insert((window, 0));
        if entry.0 != window {
            *entry = (window, 0);
        }
        if entry.1 >= most {
            return Err(left(now));
        }
        entry.1 += 1;
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn window_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(WINDOW)
}

/// How many seconds the window has left.
fn left(now: Timestamp) -> u32 {
    u32::try_from(WINDOW - now.as_second().rem_euclid(WINDOW)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::address::network;

    fn token(number: usize) -> TokenId {
        TokenId::parse(&format!("t{number}")).unwrap()
    }

    #[test]
    fn a_window_ends_and_another_begins() {
        let throttle = Throttle::default();
        let at = Timestamp::from_second;
        assert_eq!(throttle.call(&token(1), 2, at(60)), Ok(()));
        assert_eq!(throttle.call(&token(1), 2, at(61)), Ok(()));
        assert_eq!(throttle.call(&token(1), 2, at(80)), Err(40));
        assert_eq!(throttle.call(&token(2), 2, at(80)), Ok(()), "each has their own");
        assert_eq!(throttle.call(&token(1), 2, at(120)), Ok(()));
    }

    #[test]
    fn what_is_counted_is_bounded_and_who_is_not_counted_gets_through() {
        let throttle = Throttle::default();
        let now = Timestamp::from_second(60);
        for number in 0..MOST_COUNTED {
            throttle.call(&token(number), 1, now).unwrap();
        }
        assert_eq!(throttle.call(&token(MOST_COUNTED), 1, now), Ok(()));
        assert_eq!(throttle.call(&token(MOST_COUNTED), 1, now), Ok(()));
        assert_eq!(locked(&throttle.tokens.0).len(), MOST_COUNTED);
        assert_eq!(throttle.call(&token(0), 1, now), Err(60));
    }

    #[test]
    fn who_guesses_is_shut_out_and_who_was_good_is_not() {
        let throttle = Throttle::default();
        let now = Timestamp::from_second(60);
        let one = network("2001:db8::1".parse().unwrap());
        let neighbour = network("2001:db8::ffff".parse().unwrap());
        let other: IpAddr = "192.0.2.1".parse().unwrap();
        throttle.succeeded([7; 32]);
        for _ in 0..3 {
            assert_eq!(throttle.may_try(one, &[1; 32], 3, now), Ok(()));
            throttle.failed(one, now);
        }
        assert_eq!(throttle.may_try(neighbour, &[1; 32], 3, now), Err(60));
        assert_eq!(throttle.may_try(neighbour, &[7; 32], 3, now), Ok(()));
        assert_eq!(throttle.may_try(other, &[1; 32], 3, now), Ok(()));
    }
}
