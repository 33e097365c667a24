//! Idempotency keys: the first answer to a key is the answer to every repetition
//! (<https://docs.withpersona.com/idempotence>).

use bytes::Bytes;
use jiff::SignedDuration;

use crate::domain::time::Timestamp;

/// How long answers are kept; documented as at least this.
pub(super) const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// After how many new keys those that are past their time are forgotten.
const SWEPT_EVERY: usize = 1_024;

/// The first request under a key, and its answer.
pub(super) struct Remembered {
    pub(super) request: Fingerprint,
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) at: Timestamp,
}

/// What makes two requests the same.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) path_and_query: String,
    pub(super) body: Bytes,
}

/// What a key says about a request.
pub(super) enum Recall {
    /// Nothing: it is the first.
    First,
    /// It is a repetition; this was the answer.
    Repetition(u16, Bytes),
    /// The key was used for something else.
    Mismatch,
}

impl super::world::Environment {
    pub(super) fn recall(&mut self, key: &str, request: &Fingerprint, now: Timestamp) -> Recall {
        let is_kept = |remembered: &Remembered| now.since(remembered.at) < KEPT_FOR;
        if self.remembered.len().is_multiple_of(SWEPT_EVERY) {
            self.remembered.retain(|_, remembered| is_kept(remembered));
        }
        match self.remembered.get(key).filter(|remembered| is_kept(remembered)) {
            None => Recall::First,
            Some(known) if known.request == *request => Recall::Repetition(known.status, known.body.clone()),
            Some(_) => Recall::Mismatch,
        }
    }
}
