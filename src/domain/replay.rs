//! Doing many things again: what would be passed over and why, and an even sample of more than can be looked at.

use std::fmt;

use crate::domain::action::{Action, State};
use crate::domain::plan::{Guard, Quiet, Situation, Standing};
use crate::domain::status::Status;

/// Declares every reason for passing something over: its word, and what people read.
macro_rules! skips {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $says:literal;)+) => {
        /// Why something that matches a replay is passed over.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Skip {
            $($(#[$doc])* $name,)+
        }

        impl Skip {
            /// Every reason there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The reason as a word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The reason as people read it.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self {
                    $(Self::$name => $says,)+
                }
            }
        }
    };
}

skips! {
    /// The person is done, by this inquiry or another one.
    Finished = "finished", "the person is done";
    /// Another inquiry is the one to get into.
    Superseded = "superseded", "another inquiry took its place";
    /// It ended before anybody could act.
    DeadlinePassed = "deadline_passed", "its deadline has passed";
    /// An operator muted its lineage.
    Muted = "muted", "its lineage is muted";
    /// An operator paused its lane.
    LanePaused = "lane_paused", "its lane is paused";
    /// The person's data was erased.
    Erased = "erased", "the person's data was erased";
    /// So much was tried for the verification that it is enough.
    GivenUp = "given_up", "enough was tried for this verification";
    /// The plan does not want it any more.
    Unwanted = "unwanted", "the plan no longer wants it";
    /// Its inquiry was taken away, or nothing is known of it.
    UnknownInquiry = "unknown_inquiry", "nothing is known of its inquiry";
    /// It is no longer as it was when it was looked for.
    Changed = "changed", "somebody or something was faster";
    /// Its body, or the key to it, is gone.
    BodyGone = "body_gone", "its body or its key is gone";
    /// Its body is still not understood.
    Unreadable = "unreadable", "its body is still not understood";
    /// An operator discarded it.
    Discarded = "discarded", "an operator discarded it";
}

impl Skip {
    /// Reads what [`Skip::as_str`] writes.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|skip| skip.as_str() == word)
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An ended action as it is once it is made due again: that is how the plan has to be asked about it.
#[must_use]
pub fn made_due(action: Action) -> Action {
    Action { state: State::Planned, attempts: 0, cancelled_by: None, reason: None, finished_at: None, ..action }
}

/// Why an action that is made due again would not be performed; `None` when it would, now or a little later.
///
/// The same guard that a worker asks right before; the situation has to hold the action as [`made_due`] makes it.
#[must_use]
pub fn skipped(situation: &Situation<'_>, action: &Action) -> Option<Skip> {
    let Guard::Object(_) = situation.guard(action) else { return None };
    let Some(inquiry) = situation.group.iter().find(|inquiry| inquiry.id == action.planned.inquiry) else {
        return Some(Skip::UnknownInquiry);
    };
    Some(match situation.standing(inquiry) {
        Standing::Quiet(quiet) => of_quiet(&quiet),
        Standing::Replaced(_) => Skip::Superseded,
        Standing::Revived(_) if action.planned.work.reminder().is_some() => Skip::DeadlinePassed,
        Standing::Revived(_) | Standing::Reminded { .. } => Skip::Unwanted,
    })
}

fn of_quiet(quiet: &Quiet) -> Skip {
    match quiet {
        Quiet::Status(Status::Expired) | Quiet::DeadlinePassed(_) => Skip::DeadlinePassed,
        Quiet::Status(_) | Quiet::FinishedAnother(_) => Skip::Finished,
        Quiet::Redacted => Skip::Erased,
        Quiet::ReplacedBy(_) | Quiet::NewerOpen(_) | Quiet::Elsewhere(_) => Skip::Superseded,
        Quiet::Muted | Quiet::Suppressed => Skip::Muted,
        Quiet::GivenUp(_) => Skip::GivenUp,
        Quiet::StatusUnknown => Skip::UnknownInquiry,
        Quiet::NoDeadline | Quiet::NobodyToTell => Skip::Unwanted,
    }
}

/// Whether what matches changed so much since it was previewed that somebody should look again: by more than ten, and by
/// more than a tenth.
#[must_use]
pub const fn differs_much(then: u64, now: u64) -> bool {
    let apart = then.abs_diff(now);
    apart > 10 && apart > then / 10
}

/// An even sample of a sequence whose length nobody knows beforehand: all of it while it is short, then every second,
/// every fourth … of its members.
#[derive(Debug, Clone)]
pub struct Sample<T> {
    most: usize,
    stride: u64,
    seen: u64,
    kept: Vec<T>,
}

impl<T> Sample<T> {
    /// A sample of at most so many, and of at least one.
    #[must_use]
    pub const fn of(most: usize) -> Self {
        Self { most, stride: 1, seen: 0, kept: Vec::new() }
    }

    /// Shows it the next member.
    pub fn see(&mut self, member: T) {
        if self.seen.is_multiple_of(self.stride) {
            if self.kept.len() >= self.most.max(1) {
                let mut at = 0_usize;
                self.kept.retain(|_| {
                    at += 1;
                    !at.is_multiple_of(2)
                });
                self.stride = self.stride.saturating_mul(2);
            }
            if self.seen.is_multiple_of(self.stride) {
                self.kept.push(member);
            }
        }
        self.seen += 1;
    }

    /// How many there were.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// Whether it holds every one.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.stride == 1
    }

    /// Its members.
    #[must_use]
    pub fn kept(&self) -> &[T] {
        &self.kept
    }
}

/// What a number found in a sample comes to in all; itself where the sample holds every one.
#[must_use]
pub fn scaled(found: u64, sampled: u64, all: u64) -> u64 {
    if sampled == 0 || sampled >= all {
        return found;
    }
    let scaled = u128::from(found) * u128::from(all) / u128::from(sampled);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_no_two_are_the_same() {
        for skip in Skip::ALL {
            assert_eq!(Skip::parse(skip.as_str()), Some(*skip));
        }
        assert_eq!(Skip::parse("because"), None);
    }

    #[test]
    fn a_sample_is_all_of_few_and_even_of_many() {
        for (length, most, exact) in [(0_u64, 5, true), (5, 5, true), (6, 5, false), (1_000, 10, false), (3, 0, false)]
        {
            let mut sample = Sample::of(most);
            (0..length).for_each(|member| sample.see(member));
            assert_eq!((sample.seen(), sample.is_exact()), (length, exact), "{length} of {most}");
            assert!(sample.kept().len() <= most.max(1), "{length} of {most}: {:?}", sample.kept());
            let gaps: Vec<u64> = sample.kept().windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(gaps.windows(2).all(|pair| pair[0] == pair[1]), "evenly: {:?}", sample.kept());
            if length >= 1_000 {
                assert!(sample.kept().len() >= most / 2, "not too few: {:?}", sample.kept());
            }
        }
    }

    #[test]
    fn what_is_found_in_a_part_is_told_of_the_whole() {
        assert_eq!(
            (scaled(3, 10, 10), scaled(3, 10, 1_000), scaled(3, 0, 9), scaled(u64::MAX, 1, 2)),
            (3, 300, 3, u64::MAX)
        );
    }

    #[test]
    fn few_more_or_fewer_are_no_reason_to_look_again() {
        for (then, now, much) in
            [(2, 12, false), (2, 13, true), (1_000, 900, false), (1_000, 899, true), (20, 5, true), (0, 10, false)]
        {
            assert_eq!(differs_much(then, now), much, "{then} then, {now} now");
        }
    }
}
