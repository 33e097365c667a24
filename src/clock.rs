//! The one place that reads the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;

use crate::domain::time::Timestamp;

/// Where "now" comes from: the machine, or a test's hand.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's wall clock.
    #[default]
    System,
    /// Stands still until [`Clock::advance`] moves it; clones share it.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.as_micros())))
    }

    /// The time it is, in whole microseconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one line that reads the time")]
            Self::System => Timestamp::from_micros(jiff::Timestamp::now().as_microsecond()),
            Self::Manual(micros) => Timestamp::from_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// Waits until it is at least this time, by this clock; not at all when it is.
    pub async fn sleep_until(&self, at: Timestamp) {
        /// How often to look: a wall clock can be set, and a manual one is moved by another hand.
        const LOOK: [Duration; 2] = [Duration::from_secs(1), Duration::from_millis(2)];
        let longest = if matches!(self, Self::System) { LOOK[0] } else { LOOK[1] };
        while let Ok(left) = Duration::try_from(at.since(self.now()))
            && !left.is_zero()
        {
            tokio::time::sleep(left.min(longest)).await;
        }
    }

    /// Moves a manual clock forward, or back by a negative duration.
    ///
    /// # Panics
    /// When called on the system clock, which nobody moves.
    pub fn advance(&self, by: SignedDuration) {
        match self {
            Self::System => panic!("the system clock can't be advanced"),
            Self::Manual(micros) => {
                let next = Timestamp::from_micros(micros.load(Ordering::SeqCst)).plus(by);
                micros.store(next.as_micros(), Ordering::SeqCst);
            }
        }
    }
}
