//! How fast a replay goes: by what the budget has for its kind of work when nobody else asks, and never faster than
//! somebody said.

use jiff::SignedDuration;

use crate::app::perform::calls_of;
use crate::app::{App, Environment};
use crate::domain::action::Kind;
use crate::domain::budget::{Ledger, Urgency};
use crate::storage::StorageError;

/// The most actions made due in a minute, also of those that ask Persona nothing: notifiers are others' systems.
const MOST_A_MINUTE: u32 = 600;

/// About how many events are applied in a minute: one transaction each, and webhooks come first.
const EVENTS_A_MINUTE: u32 = 3_000;

/// What a replay may do in a minute.
pub(super) struct Pace {
    ledger: Ledger,
    per_minute: Option<u32>,
}

impl App {
    /// How fast a replay goes in an environment.
    pub(super) async fn pace(&self, environment: &Environment, per_minute: Option<u32>) -> Result<Pace, StorageError> {
        let careful = environment.settings.careful_calls_per_minute;
        let known = self.database().read().await?.budget(&environment.settings.name, careful).await?;
        let ledger = known.unwrap_or_else(|| Ledger::unknown(careful, self.clock().now()));
        Ok(Pace { ledger, per_minute })
    }
}

impl Pace {
    /// How many actions of a kind are made due in a minute.
    pub(super) fn of(&self, kind: Kind) -> u32 {
        let affordable = match calls_of(kind) {
            0 => MOST_A_MINUTE,
            calls => (self.ledger.per_minute(Urgency::of(kind)) / calls).min(MOST_A_MINUTE),
        };
        self.at_most(affordable)
    }

    /// About how many events are applied in a minute.
    pub(super) fn of_events(&self) -> u32 {
        self.at_most(EVENTS_A_MINUTE)
    }

    /// How many may be begun at once.
    pub(super) fn page(&self, most: u32) -> u32 {
        self.per_minute.map_or(most, |allowed| allowed.min(most)).max(1)
    }

    /// How long to wait after so many events; not at all where nobody said how fast.
    pub(super) fn after_events(&self, count: u64) -> SignedDuration {
        self.per_minute.map_or(SignedDuration::ZERO, |allowed| time_for(count, allowed))
    }

    fn at_most(&self, many: u32) -> u32 {
        self.per_minute.map_or(many, |allowed| many.min(allowed)).max(1)
    }
}

/// How long so many take, at so many a minute.
pub(super) fn time_for(count: u64, per_minute: u32) -> SignedDuration {
    let millis = count.saturating_mul(60_000).div_ceil(u64::from(per_minute.max(1)));
    SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_replay_is_as_fast_as_the_budget_and_no_faster_than_somebody_said() {
        let pace = |per_minute| Pace { ledger: Ledger::unknown(60, Timestamp::from_second(0)), per_minute };
        let free = pace(None);
        assert!(free.of(Kind::Remind) > free.of(Kind::Replace), "five calls take longer than two");
        assert!(free.of(Kind::Replace) >= 1);
        assert_eq!(free.of(Kind::Tell), MOST_A_MINUTE, "it asks Persona nothing");
        assert_eq!((pace(Some(3)).of(Kind::Tell), pace(Some(3)).page(50), free.page(50)), (3, 3, 50));
        assert_eq!(free.after_events(100), SignedDuration::ZERO);
        assert_eq!(pace(Some(100)).after_events(50), SignedDuration::from_secs(30));
    }
}
