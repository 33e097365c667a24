//! What is known of an environment, and what of it somebody should hear of.

use jiff::SignedDuration;

use crate::domain::action::Kind;
use crate::domain::alert::AlertName;
use crate::domain::alert::words::{count, long};
use crate::domain::time::Timestamp;

/// From where on something is worth an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// So many dead letters.
    pub dead_letters: u64,
    /// So many deliveries with a wrong signature within a quarter of an hour.
    pub signature_failures: u64,
    /// So many events that reconciliation found in one run and that never came.
    pub losses: u64,
    /// What changed at Persona is not known for so long.
    pub reconciliation_late: SignedDuration,
    /// No reminder could ask Persona for so long.
    pub budget_exhausted: SignedDuration,
    /// Events wait for a decision for so long.
    pub quarantine: SignedDuration,
    /// A lane has been paused for so long.
    pub lane_paused: SignedDuration,
    /// Due work waits for so long.
    pub work_late: SignedDuration,
}

/// What is known of one environment at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Dead letters by kind.
    pub dead_letters: Vec<(Kind, u64)>,
    /// When the last delivery came; `None` when none ever did.
    pub last_delivery: Option<Timestamp>,
    /// How long it may be silent; `None` where that is not known, or nobody wants to know.
    pub silent_after: Option<SignedDuration>,
    /// Deliveries with a wrong signature in the last quarter of an hour.
    pub signature_failures: u64,
    /// How many refusals a quarter of an hour usually has.
    pub usual_failures: u64,
    /// Events that never came and the latest reconciliation found, unless somebody asked for it.
    pub losses: u64,
    /// What changed at Persona before then is known; `None` where nobody can ask.
    pub reconciled_until: Option<Timestamp>,
    /// What may be asked of Persona; `None` before the first call.
    pub budget: Option<BudgetFacts>,
    /// Events that wait for a decision.
    pub quarantined: u64,
    /// Events that were not understood.
    pub unreadable: u64,
    /// Paused lanes, each since when and by whom.
    pub paused: Vec<(Kind, Timestamp, String)>,
    /// When the oldest due action of each lane was due, where people wait for them and nobody paused it.
    pub due: Vec<(Kind, Timestamp)>,
}

/// What may be asked of Persona.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetFacts {
    /// Calls that reminders could make now.
    pub for_reminders: u32,
    /// Calls left in this window.
    pub left: u32,
    /// How much of the limit is used, in per cent; less than 100 after a refusal.
    pub pace: u32,
}

/// A condition that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which alert it is for.
    pub name: AlertName,
    /// How much of it there is.
    pub value: u64,
    /// What it is, in a sentence without names of people.
    pub summary: String,
    /// How long it has to last before it is told.
    pub hold: SignedDuration,
}

const AT_ONCE: SignedDuration = SignedDuration::ZERO;

impl Facts {
    /// What somebody should hear of, at most one finding for each alert.
    #[must_use]
    pub fn findings(&self, thresholds: &Thresholds, now: Timestamp) -> Vec<Finding> {
        let found = |(name, value, summary, hold)| Finding { name, value, summary, hold };
        AlertName::ALL
            .iter()
            .filter_map(|name| {
                let (value, summary, hold) = self.finding(*name, thresholds, now)?;
                Some(found((*name, value, summary, hold)))
            })
            .collect()
    }

    fn finding(
        &self,
        name: AlertName,
        thresholds: &Thresholds,
        now: Timestamp,
    ) -> Option<(u64, String, SignedDuration)> {
        match name {
            AlertName::Silence => self.silence(now),
            AlertName::SignatureFailures => self.signature_failures(thresholds.signature_failures),
            AlertName::DeadLetters => self.dead_letters(thresholds.dead_letters),
            AlertName::WorkLate => self.work_late(thresholds.work_late, now),
            AlertName::Losses => (self.losses >= thresholds.losses.max(1)).then(|| {
                (
                    self.losses,
                    format!("the latest reconciliation fetched {} that never came", events(self.losses)),
                    AT_ONCE,
                )
            }),
            AlertName::ReconciliationLate => {
                let late = now.since(self.reconciled_until?);
                let says = || format!("what changed at Persona is not known for certain since {}", long(late));
                (late >= thresholds.reconciliation_late).then(|| (seconds(late), says(), AT_ONCE))
            }
            AlertName::BudgetExhausted => {
                let budget = self.budget.filter(|budget| budget.for_reminders == 0)?;
                let says = format!(
                    "reminders can't ask Persona: {} left, at {} % of the limit",
                    count(budget.left.into(), "call", "calls"),
                    budget.pace
                );
                Some((u64::from(budget.left), says, thresholds.budget_exhausted))
            }
            AlertName::Quarantine => (self.quarantined > 0).then(|| {
                let wait = if self.quarantined == 1 { "waits" } else { "wait" };
                (self.quarantined, format!("{} {wait} for a decision", events(self.quarantined)), thresholds.quarantine)
            }),
            AlertName::Unreadable => (self.unreadable > 0).then(|| {
                let were = if self.unreadable == 1 { "was" } else { "were" };
                (self.unreadable, format!("{} {were} not understood", events(self.unreadable)), AT_ONCE)
            }),
            AlertName::LanePaused => self.lane_paused(thresholds.lane_paused, now),
        }
    }

    fn silence(&self, now: Timestamp) -> Option<(u64, String, SignedDuration)> {
        let (silent, allowed) = (now.since(self.last_delivery?), self.silent_after?);
        let says = || format!("no delivery for {}, longer than {}", long(silent), long(allowed));
        (silent >= allowed).then(|| (seconds(silent), says(), AT_ONCE))
    }

    /// Rising: beyond the threshold, and more than twice what is usual, so that strangers who try all day are no alert.
    fn signature_failures(&self, threshold: u64) -> Option<(u64, String, SignedDuration)> {
        let (failures, usual) = (self.signature_failures, self.usual_failures);
        let says = || format!("{} with a wrong signature within 15 minutes", count(failures, "delivery", "deliveries"));
        (failures >= threshold.max(1) && failures > usual.saturating_mul(2)).then(|| (failures, says(), AT_ONCE))
    }

    fn dead_letters(&self, threshold: u64) -> Option<(u64, String, SignedDuration)> {
        let all: u64 = self.dead_letters.iter().map(|(_, count)| count).sum();
        if all < threshold.max(1) {
            return None;
        }
        let kinds: Vec<String> = self
            .dead_letters
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let were = if all == 1 { "was" } else { "were" };
        Some((all, format!("{} {were} given up ({})", count(all, "action", "actions"), kinds.join(", ")), AT_ONCE))
    }

    fn work_late(&self, allowed: SignedDuration, now: Timestamp) -> Option<(u64, String, SignedDuration)> {
        let (kind, due) = self.due.iter().min_by_key(|(_, due)| *due)?;
        let late = now.since(*due);
        let says = || format!("the oldest due action ({kind}) waits for {}", long(late));
        (late >= allowed).then(|| (seconds(late), says(), AT_ONCE))
    }

    fn lane_paused(&self, allowed: SignedDuration, now: Timestamp) -> Option<(u64, String, SignedDuration)> {
        let long_ago = || self.paused.iter().filter(|(_, since, _)| now.since(*since) >= allowed);
        let (kind, since, by) = long_ago().min_by_key(|(_, since, _)| *since)?;
        let more = long_ago().count() - 1;
        let others = if more == 0 { String::new() } else { format!(", and {more} more") };
        let says = format!("{kind} has been paused for {} by {by}{others}", long(now.since(*since)));
        Some((seconds(now.since(*since)), says, AT_ONCE))
    }
}

fn events(number: u64) -> String {
    count(number, "event", "events")
}

fn seconds(long: SignedDuration) -> u64 {
    u64::try_from(long.as_secs()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn thresholds() -> Thresholds {
        Thresholds {
            dead_letters: 2,
            signature_failures: 10,
            losses: 5,
            reconciliation_late: HOUR,
            budget_exhausted: HOUR,
            quarantine: HOUR,
            lane_paused: HOUR,
            work_late: HOUR,
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_767_225_600)
    }

    fn ago(hours: i64) -> Timestamp {
        now().minus(SignedDuration::from_hours(hours))
    }

    fn said(facts: &Facts) -> Vec<String> {
        let findings = facts.findings(&thresholds(), now());
        findings.into_iter().map(|finding| format!("{} {}: {}", finding.name, finding.value, finding.summary)).collect()
    }

    #[test]
    fn a_good_hour_has_nothing_to_say() {
        assert_eq!(said(&Facts::default()), Vec::<String>::new());
        let calm = Facts {
            dead_letters: vec![(Kind::Remind, 1)],
            last_delivery: Some(ago(1)),
            silent_after: Some(HOUR * 2),
            signature_failures: 9,
            losses: 4,
            reconciled_until: Some(ago(0)),
            budget: Some(BudgetFacts { for_reminders: 1, left: 9, pace: 50 }),
            paused: vec![(Kind::Remind, ago(0), "ada".to_owned())],
            due: vec![(Kind::Remind, ago(0))],
            ..Facts::default()
        };
        assert_eq!(said(&calm), Vec::<String>::new());
    }

    #[test]
    fn a_bad_hour_says_what_is_wrong_and_how_much() {
        let bad = Facts {
            dead_letters: vec![(Kind::Remind, 2), (Kind::Replace, 0), (Kind::Tell, 1)],
            last_delivery: Some(ago(5)),
            silent_after: Some(HOUR * 2),
            signature_failures: 12,
            usual_failures: 5,
            losses: 7,
            reconciled_until: Some(ago(2)),
            budget: Some(BudgetFacts { for_reminders: 0, left: 1, pace: 25 }),
            quarantined: 1,
            unreadable: 2,
            paused: vec![(Kind::Remind, ago(3), "ada".to_owned()), (Kind::Revive, ago(30), "olga".to_owned())],
            due: vec![(Kind::Remind, ago(2)), (Kind::Tell, ago(1))],
        };
        insta::assert_snapshot!(said(&bad).join("\n"), @"
        silence 18000: no delivery for 5h, longer than 2h
        signature_failures 12: 12 deliveries with a wrong signature within 15 minutes
        dead_letters 3: 3 actions were given up (2 remind, 1 tell)
        work_late 7200: the oldest due action (remind) waits for 2h
        losses 7: the latest reconciliation fetched 7 events that never came
        reconciliation_late 7200: what changed at Persona is not known for certain since 2h
        budget_exhausted 1: reminders can't ask Persona: 1 call left, at 25 % of the limit
        quarantine 1: 1 event waits for a decision
        unreadable 2: 2 events were not understood
        lane_paused 108000: revive has been paused for 1d 6h by olga, and 1 more
        ");
    }

    #[test]
    fn what_is_usual_is_no_alert() {
        let noisy = Facts { signature_failures: 40, usual_failures: 20, ..Facts::default() };
        assert_eq!(said(&noisy), Vec::<String>::new());
        assert_eq!(said(&Facts { signature_failures: 41, ..noisy }).len(), 1, "twice as much is");
    }
}
