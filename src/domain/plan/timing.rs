//! Moments that suit a person: outside quiet times, within limits, and before the deadline wherever there is one.
//!
//! A moment depends on the time of planning only as far as it must: planned again, it is the same until it has passed
//! unused and its quiet time has begun.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::domain::addressee::{Addressee, Occasion};
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::reminders::LAST_CALL;
use crate::domain::rules::{Rules, Step};
use crate::domain::time::Timestamp;

/// What has to come before quiet times comes so long before they begin: workers are busy, and mail takes its time.
const BEFORE_QUIET: SignedDuration = SignedDuration::from_mins(30);

/// What the moments of one inquiry's reminders are made from.
pub(super) struct Timing<'a> {
    pub(super) inquiry: &'a Inquiry,
    pub(super) began: Timestamp,
    pub(super) deadline: Timestamp,
    pub(super) rules: &'a Rules,
    pub(super) addressee: &'a Addressee,
    pub(super) now: Timestamp,
}

/// A step and its moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The moment.
    pub(super) at: Timestamp,
    /// When the rule wants it.
    pub(super) due: Timestamp,
    pub(super) step: Step,
    /// Whether quiet times or limits moved it.
    pub(super) moved: bool,
}

impl Timing<'_> {
    /// The latest moment at which a step that is due then is of use.
    pub(super) fn last_call(&self, due: Timestamp) -> Timestamp {
        self.deadline.minus(LAST_CALL).max(due)
    }

    /// A moment for each step, in time order, and the steps for which there is none. Of several that end up at the same
    /// moment the last is left: it says how little time there is.
    pub(super) fn slots(&self, steps: &[(Timestamp, Step)]) -> (Vec<Slot>, Vec<Step>) {
        let (mut slots, mut left_out): (Vec<Slot>, Vec<Step>) = (Vec::new(), Vec::new());
        for (due, step) in steps {
            let after = slots.last().map_or(self.began, |slot| slot.at);
            match self.slot(*due, *step, after, &[]) {
                Some(slot) => {
                    // One that would come after a later one says what is no longer true.
                    while slots.pop_if(|last| last.at >= slot.at).is_some() {}
                    slots.push(slot);
                }
                None => left_out.push(*step),
            }
        }
        (slots, left_out)
    }

    /// The same, each within the limits that the ones before leave it.
    pub(super) fn spaced(&self, slots: Vec<Slot>, still_to_come: impl Fn(&Slot) -> bool) -> (Vec<Slot>, Vec<Step>) {
        if self.rules.courtesy.limits.is_none() {
            return (slots, Vec::new());
        }
        let (mut kept, mut crowded): (Vec<Slot>, Vec<Step>) = (Vec::new(), Vec::new());
        let mut before: Vec<Timestamp> = Vec::new();
        for slot in slots {
            let after = kept.last().map_or(self.began, |slot: &Slot| slot.at);
            match self.slot(slot.due, slot.step, after, &before) {
                Some(slot) => {
                    if still_to_come(&slot) {
                        before.push(slot.at.max(self.now));
                    }
                    kept.push(slot);
                }
                None => crowded.push(slot.step),
            }
        }
        (kept, crowded)
    }

    /// Whether quiet times and limits let the person be told of a step now.
    pub(super) fn is_open_now(&self, step: Step) -> bool {
        let quiet = &self.rules.courtesy.quiet;
        quiet.is_open(self.now, self.zone()) && self.earliest(step, self.now, &[]) <= self.now
    }

    /// The moment of a step that is due then: when it is due, else as soon as possible after, else before; not before
    /// `after`. `before` are notices that are to come before it.
    fn slot(&self, due: Timestamp, step: Step, after: Timestamp, before: &[Timestamp]) -> Option<Slot> {
        let wished = self.not_while_active(due);
        let slot = |at: Timestamp| Slot { at, due, step, moved: at != wished };
        let (quiet, zone, limit) = (&self.rules.courtesy.quiet, self.zone(), self.last_call(due));
        let allowed = self.earliest(step, wished, before);
        // Late is late, but not at night.
        let overslept = allowed < self.now && !quiet.is_open(self.now, zone);
        let from = if overslept { self.now } else { allowed };
        if quiet.is_open(from, zone) {
            return (from <= limit).then(|| slot(from));
        }
        if let Some(later) = quiet.next_open(from, limit, zone) {
            return Some(slot(later));
        }
        let active_until = self.inquiry.last_active.map(|active| active.plus(self.rules.quiet_while_active));
        let least = [Some(after), active_until, Some(self.earliest(step, self.began, before))];
        let least = least.into_iter().flatten().fold(self.began, Timestamp::max);
        let (opens, closes) = quiet.last_open(from.min(limit), least.max(self.now), zone)?;
        Some(slot(closes.minus(BEFORE_QUIET).max(opens).max(least)))
    }

    fn earliest(&self, step: Step, from: Timestamp, before: &[Timestamp]) -> Timestamp {
        let limits = &self.rules.courtesy.limits;
        if limits.is_none() {
            return from;
        }
        let occasion = Occasion::of(&self.inquiry.id, self.deadline, step);
        limits.earliest(self.addressee.told_otherwise(&occasion).chain(before.iter().copied()), from)
    }

    fn zone(&self) -> &TimeZone {
        self.addressee.time_zone.as_ref().unwrap_or(&self.rules.courtesy.quiet.time_zone)
    }
}
