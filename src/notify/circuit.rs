//! When a channel fails for everyone, nobody is tried in vain: what is due waits until one try gets through.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;

/// Whether a channel works, as far as this process has seen. Closed lets everything through, as with a fuse.
#[derive(Debug, Clone, Default)]
pub struct Circuit {
    /// The actions that failed in a row, while it is closed.
    failed: BTreeSet<ActionId>,
    open: Option<Open>,
}

#[derive(Debug, Clone)]
struct Open {
    since: Timestamp,
    wait: SignedDuration,
    next_try: Timestamp,
    /// Who was let through to try.
    probe: Option<ActionId>,
}

/// What a delivery did to the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    Stayed,
    /// It failed for everyone from here on.
    Opened,
    /// It works again, after it failed for everyone for so long.
    Closed(SignedDuration),
}

/// So many different actions fail in a row before it is the channel.
pub const ENOUGH: usize = 5;

const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// How long a try may take before another action is let through: the one may have ended for a reason of its own.
const PROBE: SignedDuration = SignedDuration::from_secs(30);

impl Circuit {
    /// Whether an action may be tried now; else when to come again.
    ///
    /// # Errors
    /// The time to come again.
    pub fn admit(&mut self, action: &ActionId, now: Timestamp) -> Result<(), Timestamp> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if now < open.next_try {
            // Not all at once: a quarter of the wait lies between the first and the last.
            let spread = open.wait.as_millis() / 4 * i128::from(place_of(action)) / 256;
            return Err(open.next_try.plus(SignedDuration::from_millis(i64::try_from(spread).unwrap_or(0))));
        }
        open.next_try = now.plus(PROBE);
        open.probe = Some(action.clone());
        Ok(())
    }

    /// Takes in that the receiver answered an action, whatever it said of this one.
    pub fn worked(&mut self, now: Timestamp) -> Turn {
        self.failed.clear();
        self.open.take().map_or(Turn::Stayed, |open| Turn::Closed(now.since(open.since)))
    }

    /// Takes in that an action failed in a way that another try can help.
    pub fn failed(&mut self, action: &ActionId, now: Timestamp) -> Turn {
        if let Some(open) = &mut self.open {
            // Those that were under way when it opened say nothing new.
            if open.probe.as_ref() == Some(action) {
                open.wait = (open.wait * 2).min(LONGEST_WAIT);
                open.next_try = now.plus(open.wait);
                open.probe = None;
            }
            return Turn::Stayed;
        }
        self.failed.insert(action.clone());
        if self.failed.len() < ENOUGH {
            return Turn::Stayed;
        }
        self.failed.clear();
        self.open = Some(Open { since: now, wait: FIRST_WAIT, next_try: now.plus(FIRST_WAIT), probe: None });
        Turn::Opened
    }

    /// Since when the channel fails for everyone, and when the next try is; `None` while it works.
    #[must_use]
    pub fn broken(&self) -> Option<(Timestamp, Timestamp)> {
        self.open.as_ref().map(|open| (open.since, open.next_try))
    }
}

fn place_of(action: &ActionId) -> u8 {
    action.as_str().bytes().fold(0, |place: u8, byte| place.wrapping_mul(31).wrapping_add(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ActionId {
        ActionId::parse(&format!("action-{number}")).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second)
    }

    fn opened() -> Circuit {
        let mut circuit = Circuit::default();
        for number in 1..ENOUGH {
            assert_eq!(circuit.failed(&id(number), at(0)), Turn::Stayed);
        }
        assert_eq!(circuit.failed(&id(ENOUGH), at(0)), Turn::Opened);
        circuit
    }

    #[test]
    fn one_action_that_fails_again_and_again_is_not_the_channel() {
        let mut circuit = Circuit::default();
        for second in 0..50 {
            assert_eq!(circuit.failed(&id(1), at(second)), Turn::Stayed);
        }
        assert_eq!(circuit.broken(), None);
    }

    #[test]
    fn an_answer_in_between_begins_the_row_anew() {
        let mut circuit = Circuit::default();
        for number in 0..40 {
            assert_eq!(circuit.failed(&id(number), at(0)), Turn::Stayed);
            if number % 4 == 3 {
                assert_eq!(circuit.worked(at(0)), Turn::Stayed);
            }
        }
    }

    #[test]
    fn while_it_is_open_one_try_at_a_time_gets_through_and_waits_grow() {
        let mut circuit = opened();
        assert_eq!(circuit.broken(), Some((at(0), at(30))));
        let come_again = circuit.admit(&id(9), at(10)).unwrap_err();
        assert!((at(30)..at(38)).contains(&come_again), "{come_again}");
        // Those that were under way make it no worse.
        assert_eq!(circuit.failed(&id(8), at(11)), Turn::Stayed);
        assert_eq!(circuit.broken(), Some((at(0), at(30))));

        assert_eq!(circuit.admit(&id(9), at(30)), Ok(()));
        assert!(circuit.admit(&id(10), at(31)).is_err(), "one is on its way");
        circuit.failed(&id(9), at(32));
        assert_eq!(circuit.broken(), Some((at(0), at(92))), "twice as long");
        assert_eq!(circuit.admit(&id(10), at(92)), Ok(()));
        // Whoever was let through and never came back does not block it for ever.
        assert_eq!(circuit.admit(&id(11), at(122)), Ok(()));
        assert_eq!(circuit.worked(at(123)), Turn::Closed(SignedDuration::from_secs(123)));
        assert_eq!(circuit.admit(&id(12), at(123)), Ok(()));
    }

    #[test]
    fn waits_end_at_ten_minutes() {
        let mut circuit = opened();
        let mut now = at(30);
        for number in 0..20 {
            circuit.admit(&id(number), now).unwrap();
            circuit.failed(&id(number), now);
            let (_, next) = circuit.broken().unwrap();
            assert!(next.since(now) <= LONGEST_WAIT);
            now = next;
        }
    }
}
