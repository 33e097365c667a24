//! What one process may ask without looking at the ledger, and what it has to tell it.

use crate::domain::budget::{Heard, Refused, Told, URGENCIES, Urgency};
use crate::domain::time::Timestamp;

/// The calls one process has in hand, and what became of those it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    calls: [u32; URGENCIES],
    /// Until when they may be begun, by our clock.
    good_until: Timestamp,
    under_way: u32,
    heard: Returned,
}

/// What a process tells the ledger: what it does not need any more, and what it heard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// Calls that were not made.
    pub unused: [u32; URGENCIES],
    /// Calls that ended.
    pub ended: u32,
    /// Calls of those whose end told nothing of the limit.
    pub unheard: u32,
    /// What the others told, as one.
    pub told: Option<Told>,
    /// The refusals among them, as one.
    pub refused: Option<Refused>,
}

impl Hand {
    /// An empty hand.
    #[must_use]
    pub fn empty() -> Self {
        let good_until = Timestamp::from_micros(0);
        Self { calls: [0; URGENCIES], good_until, under_way: 0, heard: Returned::default() }
    }

    /// Takes calls that the ledger granted; they may be begun until then.
    pub fn put(&mut self, urgency: Urgency, calls: u32, good_until: Timestamp) {
        self.calls[urgency.place()] += calls;
        self.good_until = good_until;
    }

    /// Begins a call, if one is in hand for that urgency or for a lesser one. Each must end with [`Hand::end`].
    pub fn begin(&mut self, urgency: Urgency, now: Timestamp) -> bool {
        if now >= self.good_until {
            return false;
        }
        // What was meant for the least urgent goes first, after one's own.
        let lesser = (urgency.place() + 1..URGENCIES).rev();
        let found = std::iter::once(urgency.place()).chain(lesser).find(|place| self.calls[*place] > 0);
        if let Some(place) = found {
            self.calls[place] -= 1;
            self.under_way += 1;
        }
        found.is_some()
    }

    /// Ends a call.
    pub fn end(&mut self, heard: Heard) {
        self.under_way = self.under_way.saturating_sub(1);
        self.heard.ended += 1;
        self.heard.unheard += u32::from(heard.told.is_none());
        self.heard.told = match (self.heard.told, heard.told) {
            (Some(known), Some(told)) => Some(known.and(told)),
            (known, told) => known.or(told),
        };
        self.heard.refused = match (self.heard.refused, heard.refused) {
            (Some(known), Some(refused)) => Some(known.and(refused)),
            (known, refused) => known.or(refused),
        };
    }

    /// How many calls of that urgency could be begun now without asking the ledger.
    #[must_use]
    pub fn ready(&self, urgency: Urgency, now: Timestamp) -> u32 {
        if now >= self.good_until { 0 } else { self.calls[urgency.place()..].iter().sum() }
    }

    /// Whether there is anything the ledger should know, now or later.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.under_way == 0 && self.heard.ended == 0 && self.calls.iter().all(|calls| *calls == 0)
    }

    /// What the ledger is to be told: what was heard, and calls that are good no more, or `all` that are in hand.
    pub fn give_back(&mut self, all: bool, now: Timestamp) -> Returned {
        let mut returned = std::mem::take(&mut self.heard);
        if all || now >= self.good_until {
            returned.unused = std::mem::take(&mut self.calls);
        }
        returned
    }

    /// Forgets the calls in hand: nobody knows any more whether they are.
    pub fn drop_calls(&mut self) {
        self.calls = [0; URGENCIES];
    }
}

impl Returned {
    /// How many calls the giver had, and has no more.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.ended + self.unused.iter().sum::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second)
    }

    #[test]
    fn a_person_who_waits_takes_what_was_meant_for_others_and_never_the_other_way_round() {
        let mut hand = Hand::empty();
        hand.put(Urgency::Reading, 1, at(10));
        hand.put(Urgency::Reminder, 1, at(10));
        assert!(!hand.clone().begin(Urgency::Reading, at(10)), "good no more");
        assert!(hand.begin(Urgency::Waiting, at(0)));
        assert!(!hand.begin(Urgency::Reading, at(0)), "what was meant for the least urgent went first");
        assert_eq!((hand.ready(Urgency::Reminder, at(0)), hand.ready(Urgency::Reading, at(0))), (1, 0));
        assert!(hand.begin(Urgency::Reminder, at(0)));
        assert!(!hand.begin(Urgency::Waiting, at(0)));
    }

    #[test]
    fn what_was_heard_is_told_once_and_what_is_good_no_more_goes_back() {
        let mut hand = Hand::empty();
        hand.put(Urgency::Waiting, 3, at(10));
        assert!(hand.begin(Urgency::Waiting, at(0)) && hand.begin(Urgency::Waiting, at(0)));
        let told = Told { limit: 300, remaining: 7, resets_at: at(60) };
        hand.end(Heard { told: Some(told), refused: None });
        hand.end(Heard::default());
        let returned = hand.give_back(false, at(9));
        assert_eq!((returned.ended, returned.unheard, returned.told, returned.calls()), (2, 1, Some(told), 2));
        assert_eq!(hand.give_back(false, at(10)).calls(), 1);
        assert!(hand.is_empty());
    }
}
