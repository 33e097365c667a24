//! Asking Persona for much, without taking from webhooks and reminders what they need.

use std::future::Future;

use jiff::SignedDuration;

use crate::app::App;
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::persona::error::{Next, PersonaError};

/// This share of the rate limit is left to others: at it we wait for the next window
/// (<https://docs.withpersona.com/rate-limiting> recommends to throttle below 15 per cent).
const RESERVE_PERCENT: u32 = 15;

/// How often in a row a call may fail.
const MAX_FAILURES: u32 = 6;

/// A window of the rate limit, and so the longest wait that can help.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(1);

impl App {
    /// Makes a call that only reads, when the rate limit has more than its reserve, and again where that can help;
    /// gives the answer with the time of the asking.
    ///
    /// # Errors
    /// The last of a handful of errors, or the first that asking again can't mend.
    pub(super) async fn ask<T, Call>(
        &self,
        persona: &PersonaClient,
        call: impl Fn() -> Call,
    ) -> Result<(T, Timestamp), PersonaError>
    where
        Call: Future<Output = Result<T, PersonaError>>,
    {
        let mut failures = 0;
        loop {
            self.wait_for_budget(persona).await;
            let asked_at = self.clock().now();
            match call().await {
                Ok(answer) => return Ok((answer, asked_at)),
                Err(error) if failures < MAX_FAILURES && can_be_tried_again(&error) => {
                    failures += 1;
                    self.clock().sleep_until(self.clock().now().plus(pause(&error, failures))).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn wait_for_budget(&self, persona: &PersonaClient) {
        let Some(budget) = persona.budget() else { return };
        if budget.remaining.saturating_mul(100) <= budget.limit.saturating_mul(RESERVE_PERCENT) {
            let longest = self.clock().now().plus(LONGEST_WAIT);
            self.clock().sleep_until(budget.resets_at.min(longest)).await;
        }
    }
}

fn can_be_tried_again(error: &PersonaError) -> bool {
    let retry = matches!(error.next(), Next::RetrySameKey | Next::RetryNewKey);
    // A refused key is an operator's to mend, and asking again would not help.
    retry && !matches!(error.status(), Some(300..=399 | 401 | 403))
}

fn pause(error: &PersonaError, failures: u32) -> SignedDuration {
    error.retry_after().unwrap_or_else(|| SignedDuration::from_secs(1 << failures.min(5))).min(LONGEST_WAIT)
}
