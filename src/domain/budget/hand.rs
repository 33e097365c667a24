//! What one process may ask without looking at the ledger, and what it has to tell it.

use jiff::SignedDuration;

use crate::domain::budget::{Heard, Refused, SET_BACK, Told, URGENCIES, Urgency};
use crate::domain::time::Timestamp;

/// The calls one process has in hand, and what became of those it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    calls: [u32; URGENCIES],
    /// Until when they may be begun, by our clock.
    good_until: Timestamp,
    under_way: u32,
    heard: Returned,
    /// The last time it saw, by our clock.
    seen_at: Option<Timestamp>,
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
    /// Whether the giver's clock may have been set back since it last gave back: it saw that, or it has only begun.
    pub clock_in_doubt: bool,
}

impl Hand {
    /// An empty hand.
    #[must_use]
    pub fn empty() -> Self {
        let heard = Returned { clock_in_doubt: true, ..Returned::default() };
        Self { calls: [0; URGENCIES], good_until: NEVER, under_way: 0, heard, seen_at: None }
    }

    /// Takes calls that the ledger granted; they may be begun until then.
    pub fn put(&mut self, urgency: Urgency, calls: u32, good_until: Timestamp) {
        self.calls[urgency.place()] += calls;
        self.good_until = good_until;
    }

    /// Begins a call, if one is in hand for that urgency or for a lesser one. Each must end with [`Hand::end`].
    pub fn begin(&mut self, urgency: Urgency, now: Timestamp) -> bool {
        self.see(now);
        if !self.is_good(now) {
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
    pub fn end(&mut self, heard: Heard, now: Timestamp) {
        self.see(now);
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
        if self.is_good(now) { self.calls[urgency.place()..].iter().sum() } else { 0 }
    }

    /// Whether there is anything the ledger should know, now or later.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.under_way == 0 && self.heard.ended == 0 && self.calls.iter().all(|calls| *calls == 0)
    }

    /// What the ledger is to be told: what was heard, and calls that are good no more, or `all` that are in hand.
    pub fn give_back(&mut self, all: bool, now: Timestamp) -> Returned {
        self.see(now);
        let mut returned = std::mem::take(&mut self.heard);
        if all || !self.is_good(now) {
            returned.unused = std::mem::take(&mut self.calls);
        }
        returned
    }

    /// Forgets the calls in hand: nobody knows any more whether they are, nor what the ledger was told.
    pub fn drop_calls(&mut self) {
        self.calls = [0; URGENCIES];
        self.heard.clock_in_doubt = true;
    }

    fn is_good(&self, now: Timestamp) -> bool {
        // What is good for longer than anything is was put there before the clock was set back.
        now < self.good_until && self.good_until <= now.plus(SET_BACK)
    }

    /// Sees the time; when that is clearly before what it saw last, what was heard is told by the clock as it is now.
    fn see(&mut self, now: Timestamp) {
        let back = self.seen_at.replace(now).map_or(SignedDuration::ZERO, |seen| seen.since(now));
        if back > SET_BACK {
            self.good_until = NEVER;
            self.heard.told = self.heard.told.map(|told| told.earlier(back));
            self.heard.refused = self.heard.refused.map(|refused| refused.earlier(back));
            self.heard.clock_in_doubt = true;
        }
    }
}

/// Before any time there is.
const NEVER: Timestamp = Timestamp::from_micros(0);

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
        hand.end(Heard { told: Some(told), refused: None }, at(1));
        hand.end(Heard::default(), at(2));
        let returned = hand.give_back(false, at(9));
        assert_eq!((returned.ended, returned.unheard, returned.told, returned.calls()), (2, 1, Some(told), 2));
        assert_eq!(hand.give_back(false, at(10)).calls(), 1);
        assert!(hand.is_empty());
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nothing_in_hand_and_what_was_heard_is_told_by_it() {
        let mut hand = Hand::empty();
        assert!(hand.give_back(false, at(1_000)).clock_in_doubt, "who has only begun can't know");
        hand.put(Urgency::Waiting, 2, at(1_002));
        assert!(hand.begin(Urgency::Waiting, at(1_000)));
        let told = Told { limit: 300, remaining: 7, resets_at: at(1_060) };
        let refused = Refused { begun_at: at(1_000), until: Some(at(1_030)) };
        hand.end(Heard { told: Some(told), refused: Some(refused) }, at(1_001));
        let mut a_little = hand.clone();
        assert!(!a_little.give_back(false, at(992)).clock_in_doubt, "clocks are corrected all the time");
        assert_eq!((hand.ready(Urgency::Waiting, at(761)), hand.begin(Urgency::Waiting, at(761))), (0, false));
        let returned = hand.give_back(false, at(761));
        assert!(returned.clock_in_doubt);
        assert_eq!(returned.unused, [1, 0, 0, 0, 0]);
        assert_eq!(returned.told, Some(Told { resets_at: at(820), ..told }));
        assert_eq!(returned.refused, Some(Refused { begun_at: at(760), until: Some(at(790)) }));
        assert!(!hand.give_back(false, at(762)).clock_in_doubt, "that is told once");
    }
}
