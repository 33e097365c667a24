//! Asking Persona for much, without taking from webhooks and reminders what they need.

use std::future::Future;

use jiff::SignedDuration;

use crate::app::App;
use crate::domain::budget::Urgency;
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::persona::error::{Next, PersonaError};

/// How often in a row a call may fail.
const MAX_FAILURES: u32 = 6;

/// How often in a row a call may find the budget spent. Even where others are busy all the time, every class gets a
/// few calls of each window.
const MAX_WAITS: u32 = 30;

/// A window of the rate limit, and so the longest wait that can help.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(1);

impl App {
    /// Makes a call that only reads, when the budget has something left for it, and again where that can help; gives
    /// the answer with the time of the asking. The client should be as urgent as a reading, see [`reading`].
    ///
    /// # Errors
    /// The last of a handful of errors, or the first that asking again can't mend.
    pub(super) async fn ask<T, Call>(&self, call: impl Fn() -> Call) -> Result<(T, Timestamp), PersonaError>
    where
        Call: Future<Output = Result<T, PersonaError>>,
    {
        let (mut failures, mut waits) = (0, 0);
        loop {
            let asked_at = self.clock().now();
            match call().await {
                Ok(answer) => return Ok((answer, asked_at)),
                Err(error @ PersonaError::Busy { .. }) if waits < MAX_WAITS => {
                    waits += 1;
                    self.clock().sleep_until(self.clock().now().plus(pause(&error, 0))).await;
                }
                Err(error) if failures < MAX_FAILURES && can_be_tried_again(&error) => {
                    failures += 1;
                    self.clock().sleep_until(self.clock().now().plus(pause(&error, failures))).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// A client for what is looked up without anybody's waiting for it.
pub(super) fn reading(persona: &PersonaClient) -> PersonaClient {
    persona.at(Urgency::Reading)
}

fn can_be_tried_again(error: &PersonaError) -> bool {
    let retry = matches!(error.next(), Next::RetrySameKey | Next::RetryNewKey);
    // A refused key is an operator's to mend, and asking again would not help.
    retry && !matches!(error.status(), Some(300..=399 | 401 | 403))
}

fn pause(error: &PersonaError, failures: u32) -> SignedDuration {
    error.retry_after().unwrap_or_else(|| SignedDuration::from_secs(1 << failures.min(5))).min(LONGEST_WAIT)
}
