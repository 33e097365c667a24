//! What was sent and what was answered: the other side of the promise, kept by who delivers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use sha2::{Digest, Sha256};

/// What must have become of a delivery that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Applied, or ignored for a reason.
    Understood,
    /// Kept aside: it was only ever delivered with a signature of long ago.
    Quarantined,
    /// Kept as it came: nobody can read it.
    Unreadable,
}

/// One event, by its id or by what its body hashes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub hash: [u8; 32],
    pub expected: Expected,
    /// How often it was answered with 2xx.
    pub answers: u32,
}

/// Clones share it.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Pages>>);

#[derive(Default)]
pub struct Pages {
    pub entries: BTreeMap<String, Entry>,
    /// Ids under a signature that is not Persona's: nothing of them may be kept.
    pub forged: BTreeSet<String>,
    pub requests: u64,
    pub taken: u64,
    /// Forged deliveries that were taken all the same.
    pub forged_taken: u64,
}

impl Ledger {
    /// Before the first request with it.
    pub fn open(&self, id: &str, body: &[u8], expected: Expected) {
        let hash = Sha256::digest(body).into();
        self.read().entries.entry(id.to_owned()).or_insert(Entry { hash, expected, answers: 0 });
    }

    pub fn forge(&self, id: &str) {
        self.read().forged.insert(id.to_owned());
    }

    pub fn requested(&self) {
        self.read().requests += 1;
    }

    pub fn answered(&self, id: &str) {
        let mut pages = self.read();
        pages.taken += 1;
        if let Some(entry) = pages.entries.get_mut(id) {
            entry.answers += 1;
        } else {
            pages.forged_taken += 1;
        }
    }

    pub fn read(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap()
    }
}
