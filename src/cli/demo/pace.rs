//! How fast the story goes: everything is a share of the seconds it may take.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

/// The reminders of the demo's rules, in per cent of the lifetime.
pub(super) const REMINDERS: [u8; 2] = [40, 70];

/// The speed of one telling.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    seconds: u32,
    begun: Instant,
}

impl Pace {
    /// A story of about so many seconds, which begins now.
    pub(super) fn new(seconds: u32) -> Self {
        Self { seconds, begun: Instant::now() }
    }

    /// How long everyone has to finish, in whole seconds, as Persona counts.
    pub(super) fn life(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.seconds) * 3 / 4)
    }

    /// A share of everyone's time, in per cent.
    pub(super) fn share(&self, percent: u32) -> Duration {
        self.life().unsigned_abs() * percent / 100
    }

    /// When someone enters, of up to 26 people: one after the other, the next round between those of the last.
    pub(super) fn entrance(&self, index: usize) -> Duration {
        const AT_ONCE: usize = 12;
        let (round, place) = (index / AT_ONCE, index % AT_ONCE);
        let slot = u32::try_from(place * 2 + round).unwrap_or(0);
        self.total() * slot / 160
    }

    /// When every story is broken off, to be over in time.
    pub(super) fn curfew(&self) -> Instant {
        self.begun + self.total() * 115 / 100
    }

    /// How long the last deliveries may take to arrive.
    pub(super) fn settling(&self) -> Duration {
        self.total() / 10
    }

    fn total(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_deadline_and_the_curfew_leave_room() {
        for seconds in [10, 12, 60, 3600] {
            let pace = Pace::new(seconds);
            let last = (0..26).map(|index| pace.entrance(index)).max().unwrap();
            assert!(last + pace.life().unsigned_abs() < pace.total(), "{seconds}");
            assert!(pace.curfew() + pace.settling() <= pace.begun + pace.total() * 13 / 10);
        }
    }
}
