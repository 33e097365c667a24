//! Tries at signing in: so many a minute from one address, counted by each process for itself.

use std::net::IpAddr;

use axum::http::request::Parts;
use sha2::{Digest, Sha256};

use super::Gate;
use super::caller::too_many;
use crate::domain::time::Timestamp;
use crate::http::problem::Problem;

/// Something secret that somebody shows, and that is looked up now.
pub(super) struct Attempt<'g> {
    gate: &'g Gate,
    address: IpAddr,
    hash: [u8; 32],
    now: Timestamp,
}

impl Gate {
    /// Lets a secret be looked up, unless too many that were none came from the same address; one that was good
    /// before may always be.
    pub(super) fn attempt(&self, shown: &str, parts: &Parts) -> Result<Attempt<'_>, Problem> {
        let (address, now) = (self.address(parts), self.app.clock().now());
        let hash = Sha256::digest(shown.as_bytes()).into();
        let most = self.app.sign_in().attempts_per_minute;
        self.throttle.may_try(address, &hash, most, now).map_err(too_many)?;
        Ok(Attempt { gate: self, address, hash, now })
    }

    /// Counts a sign-in that begins at the provider, so that nobody begins them without end.
    pub(super) fn begins(&self, parts: &Parts) -> Result<(), Problem> {
        let most = self.app.sign_in().attempts_per_minute;
        self.throttle.attempt(self.address(parts), most, self.app.clock().now()).map_err(too_many)
    }
}

impl Attempt<'_> {
    /// Where it comes from.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// It was good.
    pub(super) fn succeeded(self) {
        self.gate.throttle.succeeded(self.hash);
    }

    /// It was none.
    pub(super) fn failed(self) {
        self.gate.throttle.failed(self.address, self.now);
    }
}
