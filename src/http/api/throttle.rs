//! How many calls a minute: by token, by customer, and by address for those whose token is none.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::ids::{CustomerName, TokenId};
use crate::domain::time::Timestamp;
use crate::http::limiter::Limiter;

/// The most that is counted at one time of one kind, and the most good tokens that are remembered.
const MOST_COUNTED: usize = 20_000;

/// What is counted.
pub(in crate::http) struct Throttle {
    tokens: Limiter,
    customers: Limiter,
    failures: Limiter,
    attempts: Limiter,
    /// Hashes of tokens that were good: their bearers aren't shut out by others behind the same address.
    good: Mutex<HashSet<[u8; 32]>>,
}

impl Default for Throttle {
    fn default() -> Self {
        let limiter = || Limiter::new(MOST_COUNTED);
        Self {
            tokens: limiter(),
            customers: limiter(),
            failures: limiter(),
            attempts: limiter(),
            good: Mutex::default(),
        }
    }
}

impl Throttle {
    /// Counts a call with a token; how many seconds to wait when there were too many.
    pub(in crate::http) fn call(&self, token: &TokenId, most: u32, now: Timestamp) -> Result<(), u32> {
        self.tokens.pass(token, most, now)
    }

    /// Counts a call of a customer; how many seconds to wait when there were too many.
    pub(in crate::http) fn customer(&self, customer: &CustomerName, most: u32, now: Timestamp) -> Result<(), u32> {
        self.customers.pass(customer, most, now)
    }

    /// Whether a token may be looked up for an address: not after too many that were none, unless it was good before.
    pub(in crate::http) fn may_try(
        &self,
        address: IpAddr,
        token: &[u8; 32],
        most: u32,
        now: Timestamp,
    ) -> Result<(), u32> {
        self.failures
            .look(&address, most, now)
            .or_else(|wait| if self.good().contains(token) { Ok(()) } else { Err(wait) })
    }

    /// Counts something that an address may do so often; how many seconds to wait when it was too often.
    pub(in crate::http) fn attempt(&self, address: IpAddr, most: u32, now: Timestamp) -> Result<(), u32> {
        self.attempts.pass(&address, most, now)
    }

    /// Counts a token that is none.
    pub(in crate::http) fn failed(&self, address: IpAddr, now: Timestamp) {
        let _ = self.failures.pass(&address, u32::MAX, now);
    }

    /// Remembers a token that is good.
    pub(in crate::http) fn succeeded(&self, token: [u8; 32]) {
        let mut good = self.good();
        if good.len() >= MOST_COUNTED {
            good.clear();
        }
        good.insert(token);
    }

    fn good(&self) -> MutexGuard<'_, HashSet<[u8; 32]>> {
        self.good.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::address::network;

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
