//! What Persona says we may still ask, by the headers of its answers, and the gate that every call passes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use jiff::SignedDuration;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::domain::budget::{Heard, LONGEST_WAIT, Refused, Told, Urgency};
use crate::domain::time::Timestamp;

/// Lets calls to Persona through, one by one.
pub trait Gate: fmt::Debug + Send + Sync {
    /// Asks to make one call. Every call that is let through ends with [`Gate::leave`].
    fn enter(&self, urgency: Urgency) -> BoxFuture<'_, Result<(), Busy>>;

    /// Tells how a call ended that was let through.
    fn leave(&self, heard: Heard);
}

/// What may be asked is spent for that urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// When it is worth asking again.
    pub wait: SignedDuration,
}

/// Lets everything through: for a client that is on its own.
#[derive(Debug)]
pub(super) struct Open;

impl Gate for Open {
    fn enter(&self, _: Urgency) -> BoxFuture<'_, Result<(), Busy>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn leave(&self, _: Heard) {}
}

/// A call that was let through. Dropped without an answer, it may have been counted at Persona all the same.
pub(super) struct Pass {
    gate: Arc<dyn Gate>,
    heard: Heard,
    begun_at: Timestamp,
}

impl Pass {
    pub(super) async fn through(gate: &Arc<dyn Gate>, urgency: Urgency, begun_at: Timestamp) -> Result<Self, Busy> {
        gate.enter(urgency).await?;
        Ok(Self { gate: Arc::clone(gate), heard: Heard::default(), begun_at })
    }

    /// Takes what an answer's head says, and ends the call.
    pub(super) fn answered(mut self, status: u16, headers: &HeaderMap, told: Option<Told>, now: Timestamp) {
        let refused = (status == 429).then(|| {
            let asked = number(headers, RETRY_AFTER.as_str()).map(|seconds| now.plus(within_reason(seconds)));
            // Where something is left, it was another limit that refused, such as the quota of creations.
            let spent = told.filter(|told| told.remaining == 0).map(|told| told.resets_at);
            Refused { begun_at: self.begun_at, until: asked.or(spent) }
        });
        self.heard = Heard { told, refused };
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.leave(self.heard);
    }
}

/// The last that was told, one for all clones of a client.
#[derive(Debug, Default)]
pub(super) struct Gauge(Mutex<Option<Told>>);

impl Gauge {
    /// The last that was told.
    pub(super) fn read(&self) -> Option<Told> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what an answer's headers say, and gives it.
    pub(super) fn note(&self, headers: &HeaderMap, now: Timestamp) -> Option<Told> {
        let limit = number(headers, "RateLimit-Limit")?;
        let remaining = number(headers, "RateLimit-Remaining")?;
        let told = Told { limit, remaining, resets_at: now.plus(within_reason(number(headers, RESET)?)) };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(last.map_or(told, |last| last.and(told)));
        Some(told)
    }
}

/// Seconds until the window begins anew.
pub(super) const RESET: &str = "RateLimit-Reset";

/// A header that is a whole number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// A broken header must not stop everything for a year.
fn within_reason(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(seconds)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Listening(Mutex<Vec<Heard>>);

    impl Gate for Listening {
        fn enter(&self, urgency: Urgency) -> BoxFuture<'_, Result<(), Busy>> {
            let wait = SignedDuration::from_secs(7);
            Box::pin(std::future::ready(if urgency == Urgency::Reading { Err(Busy { wait }) } else { Ok(()) }))
        }

        fn leave(&self, heard: Heard) {
            self.0.lock().unwrap().push(heard);
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second)
    }

    fn headers(named: &[(&'static str, &str)]) -> HeaderMap {
        named.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn limits(limit: &str, remaining: &str, reset: &str) -> HeaderMap {
        headers(&[("ratelimit-limit", limit), ("ratelimit-remaining", remaining), ("ratelimit-reset", reset)])
    }

    #[test]
    fn an_answer_that_was_overtaken_does_not_raise_what_is_left() {
        let gauge = Gauge::default();
        assert_eq!(gauge.read(), None);
        gauge.note(&limits("300", "10", "30"), at(1_000));
        let told = gauge.note(&limits("300", "12", "30"), at(1_000)).unwrap();
        assert_eq!(told.remaining, 12, "what this answer said");
        assert_eq!(gauge.read(), Some(Told { limit: 300, remaining: 10, resets_at: at(1_030) }));
        gauge.note(&limits("300", "299", "60"), at(1_031));
        assert_eq!(gauge.read().map(|told| told.remaining), Some(299), "a new window");
    }

    #[test]
    fn headers_that_are_missing_or_odd_change_nothing() {
        let gauge = Gauge::default();
        for odd in [HeaderMap::new(), limits("300", "-1", "60"), limits("300", "5", "soon")] {
            assert_eq!(gauge.note(&odd, at(1)), None);
        }
        assert_eq!(gauge.read(), None);
        let told = gauge.note(&limits("300", "5", "4000000000"), at(0)).unwrap();
        assert_eq!(told.resets_at, at(600), "nobody waits for a hundred years");
    }

    #[tokio::test]
    async fn every_call_that_is_let_through_ends_once_with_what_was_heard() {
        let listening = Arc::new(Listening::default());
        let gate: Arc<dyn Gate> = Arc::clone(&listening) as _;
        assert!(Pass::through(&gate, Urgency::Reading, at(0)).await.is_err());
        assert_eq!(listening.0.lock().unwrap().len(), 0);
        drop(Pass::through(&gate, Urgency::Waiting, at(0)).await);
        let told = |remaining| Told { limit: 300, remaining, resets_at: at(60) };
        for (headers, told, until) in [
            (headers(&[("retry-after", "9")]), Some(told(0)), Some(at(14))),
            (HeaderMap::new(), Some(told(0)), Some(at(60))),
            (HeaderMap::new(), Some(told(3)), None),
            (HeaderMap::new(), None, None),
        ] {
            let pass = Pass::through(&gate, Urgency::Waiting, at(1)).await.unwrap_or_else(|_| panic!("let through"));
            pass.answered(429, &headers, told, at(5));
            let heard = *listening.0.lock().unwrap().last().unwrap();
            assert_eq!(heard, Heard { told, refused: Some(Refused { begun_at: at(1), until }) });
        }
        let heard = listening.0.lock().unwrap();
        assert_eq!((heard.len(), heard[0]), (5, Heard::default()), "dropped without an answer");
    }
}
