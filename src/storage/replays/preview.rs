//! What a preview found, and how that is kept.

use serde::{Deserialize, Serialize};

use crate::domain::replay::{Skip, scaled};

/// What was found of a choice, before anything is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// How many match.
    pub matched: u64,
    /// Whether there are more: no further was looked.
    pub more: bool,
    /// Of how many it was asked whether they would be passed over; of all of them, the numbers are exact.
    pub asked: u64,
    /// How many there are by kind and reason, or by name and outcome; the most frequent first.
    pub groups: Vec<Group>,
    /// How many of those that were asked about would be passed over, by reason.
    pub skipped: Vec<(Skip, u64)>,
    /// Calls to Persona that the others take at most, where each succeeds at its first try.
    pub calls: u64,
    /// Notices that the others are at most, to people or to the application.
    pub messages: u64,
    /// How long it takes, in seconds, by what the budget and the pace allow.
    pub seconds: u64,
}

/// Those that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their kind, or their name.
    pub what: String,
    /// The reason they ended with, or what became of them.
    pub why: Option<String>,
    /// How many.
    pub count: u64,
}

impl Preview {
    /// Whether it was asked about every one, so that nothing is an estimate.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        !self.more && self.asked >= self.matched
    }

    /// How many would be passed over, in all.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped.iter().map(|(_, count)| self.in_all(*count)).sum()
    }

    /// How many would be begun, in all.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.matched.saturating_sub(self.skipped())
    }

    /// What a number among those that were asked about comes to in all.
    #[must_use]
    pub fn in_all(&self, found: u64) -> u64 {
        scaled(found, self.asked, self.matched)
    }

    pub(super) fn written(&self) -> String {
        let groups = self.groups.iter().map(|group| (group.what.clone(), group.why.clone(), group.count));
        let skipped = self.skipped.iter().map(|(skip, count)| (skip.as_str().to_owned(), *count));
        let written = Written {
            v: VERSION,
            matched: self.matched,
            more: self.more,
            asked: self.asked,
            groups: groups.collect(),
            skipped: skipped.collect(),
            calls: self.calls,
            messages: self.messages,
            seconds: self.seconds,
        };
        serde_json::to_string(&written).unwrap_or_default()
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let written = serde_json::from_str::<Written>(text).ok().filter(|written| written.v == VERSION)?;
        let skip = |(word, count): (String, u64)| Some((Skip::parse(&word)?, count));
        Some(Self {
            matched: written.matched,
            more: written.more,
            asked: written.asked,
            groups: written.groups.into_iter().map(|(what, why, count)| Group { what, why, count }).collect(),
            skipped: written.skipped.into_iter().map(skip).collect::<Option<_>>()?,
            calls: written.calls,
            messages: written.messages,
            seconds: written.seconds,
        })
    }
}

const VERSION: u8 = 1;

/// A preview in the row.
#[derive(Serialize, Deserialize)]
struct Written {
    v: u8,
    matched: u64,
    #[serde(default)]
    more: bool,
    asked: u64,
    groups: Vec<(String, Option<String>, u64)>,
    skipped: Vec<(String, u64)>,
    calls: u64,
    messages: u64,
    seconds: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_survives_being_written_down_and_tells_of_all() {
        let group = Group { what: "remind".to_owned(), why: None, count: 5_000 };
        let skipped = vec![(Skip::Finished, 100), (Skip::Muted, 50)];
        let groups = vec![group];
        let preview = Preview {
            matched: 5_000,
            asked: 1_000,
            groups,
            skipped,
            calls: 8_500,
            messages: 4_250,
            ..Preview::default()
        };
        assert_eq!(Preview::read(&preview.written()), Some(preview.clone()));
        assert_eq!((preview.skipped(), preview.begun(), preview.is_exact()), (750, 4_250, false));
        assert!(Preview { asked: 5_000, ..preview }.is_exact());
        assert_eq!(Preview::read("{}"), None);
    }
}
