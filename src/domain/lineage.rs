//! Lineages: the succession of inquiries that stand for one person's one verification.
//!
//! An inquiry is locked to the template version it was made from, can be too old to be resumed, and can run out of
//! sessions (<https://docs.withpersona.com/resuming-inquiries>). Then another one is made in its place. Every arrow of
//! that is a stage on disk, so that a process that dies at any of them is gone on with.

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::ids::InquiryId;
use crate::domain::time::Timestamp;

/// Why an inquiry is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Its template has a newer published version.
    NewVersion,
    /// It expired, and can no longer be resumed under the rules.
    TooOld,
    /// It has had all its sessions.
    SessionLimit,
    /// The person failed it, and the rules give another chance.
    Failed,
    /// The person's data was erased, and the rules begin anew.
    Redacted,
}

/// How often a verification was begun anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replacements {
    /// Because a new version of the template was published: the operator's doing, whoever the person is.
    pub for_versions: usize,
    /// For any other cause.
    pub otherwise: usize,
}

impl Cause {
    /// Every cause there is.
    pub const ALL: [Self; 5] = [Self::NewVersion, Self::TooOld, Self::SessionLimit, Self::Failed, Self::Redacted];

    /// The cause as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewVersion => "new-version",
            Self::TooOld => "too-old",
            Self::SessionLimit => "session-limit",
            Self::Failed => "failed",
            Self::Redacted => "redacted",
        }
    }

    /// Reads what [`Cause::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == text)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a replacement is. Each stage is committed before the call that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// It is decided; nothing has been asked of Persona.
    Superseding,
    /// The old inquiry is not open at Persona, and was read there since.
    Closed,
    /// The new inquiry may have been asked for: before that is done under another key, Persona is asked what there is.
    Creating,
    /// The new inquiry is known.
    Replaced,
    /// Called off: the person finished meanwhile, or can get in without.
    Kept,
}

impl Stage {
    /// Every stage there is.
    pub const ALL: [Self; 5] = [Self::Superseding, Self::Closed, Self::Creating, Self::Replaced, Self::Kept];

    /// The stage as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superseding => "superseding",
            Self::Closed => "closed",
            Self::Creating => "creating",
            Self::Replaced => "replaced",
            Self::Kept => "kept",
        }
    }

    /// Reads what [`Stage::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// Whether the replacement was begun and has no end yet.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Superseding | Self::Closed | Self::Creating)
    }
}

/// One inquiry taking another one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The one that is replaced.
    pub inquiry: InquiryId,
    /// The first inquiry of the lineage.
    pub lineage: InquiryId,
    /// Why.
    pub cause: Cause,
    /// Whether somebody came and waits, so that they need not be told.
    pub asked: bool,
    /// How far it is.
    pub stage: Stage,
    /// The one that takes its place, once known.
    pub successor: Option<InquiryId>,
    /// When it was decided, by our clock.
    pub began_at: Timestamp,
    /// When it came to its stage, by our clock.
    pub changed_at: Timestamp,
}

/// What is known of the lineages of some inquiries. An inquiry that nothing is known of is a lineage by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineages {
    /// Every replacement among them.
    pub successions: Vec<Succession>,
    /// The muted lineages, by their first inquiries: nobody is told anything about them.
    pub muted: BTreeSet<InquiryId>,
}

impl Lineages {
    /// The first inquiry of an inquiry's lineage.
    #[must_use]
    pub fn first<'a>(&'a self, id: &'a InquiryId) -> &'a InquiryId {
        let known = self.successions.iter().find(|one| one.inquiry == *id || one.successor.as_ref() == Some(id));
        known.map_or(id, |succession| &succession.lineage)
    }

    /// Whether two inquiries stand for the same verification.
    #[must_use]
    pub fn are_one(&self, one: &InquiryId, other: &InquiryId) -> bool {
        self.first(one) == self.first(other)
    }

    /// How an inquiry is or was replaced; not at all when that was called off.
    #[must_use]
    pub fn succession(&self, id: &InquiryId) -> Option<&Succession> {
        self.successions.iter().find(|one| one.inquiry == *id && one.stage != Stage::Kept)
    }

    /// The replacement an inquiry came from.
    #[must_use]
    pub fn origin(&self, id: &InquiryId) -> Option<&Succession> {
        self.successions.iter().find(|one| one.stage == Stage::Replaced && one.successor.as_ref() == Some(id))
    }

    /// How often the verification was begun anew: for a new template version, and for any other cause.
    #[must_use]
    pub fn replacements(&self, id: &InquiryId) -> Replacements {
        let first = self.first(id);
        let made = self.successions.iter().filter(|one| one.stage == Stage::Replaced && one.lineage == *first);
        made.fold(Replacements::default(), |mut count, one| {
            *if one.cause == Cause::NewVersion { &mut count.for_versions } else { &mut count.otherwise } += 1;
            count
        })
    }

    /// Whether nobody is to be told anything about an inquiry.
    #[must_use]
    pub fn is_muted(&self, id: &InquiryId) -> bool {
        self.muted.contains(self.first(id))
    }

    /// The last of those that took an inquiry's place, one after the other; itself when there is none.
    #[must_use]
    pub fn latest<'a>(&'a self, id: &'a InquiryId) -> &'a InquiryId {
        let mut latest = id;
        // No longer than there are successions, should they ever form a ring.
        for _ in 0..self.successions.len() {
            match self.succession(latest).and_then(|one| one.successor.as_ref()) {
                Some(next) => latest = next,
                None => break,
            }
        }
        latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> InquiryId {
        InquiryId::parse(text).unwrap()
    }

    fn replaced(old: &str, new: Option<&str>, stage: Stage) -> Succession {
        Succession {
            inquiry: id(old),
            lineage: id("inq_1"),
            cause: Cause::NewVersion,
            asked: false,
            stage,
            successor: new.map(id),
            began_at: Timestamp::from_second(0),
            changed_at: Timestamp::from_second(0),
        }
    }

    #[test]
    fn an_old_id_leads_to_the_latest_and_all_of_them_are_one() {
        let successions = vec![
            replaced("inq_2", Some("inq_3"), Stage::Replaced),
            replaced("inq_1", Some("inq_2"), Stage::Replaced),
            replaced("inq_3", None, Stage::Creating),
        ];
        let lineages = Lineages { successions, muted: BTreeSet::from([id("inq_1")]) };
        for member in ["inq_1", "inq_2", "inq_3"] {
            assert_eq!(lineages.latest(&id(member)), &id("inq_3"));
            assert_eq!(
                (lineages.first(&id(member)), lineages.replacements(&id(member)).for_versions),
                (&id("inq_1"), 2)
            );
            assert!(lineages.is_muted(&id(member)));
        }
        assert!(!lineages.are_one(&id("inq_1"), &id("inq_9")) && !lineages.is_muted(&id("inq_9")));
        assert_eq!(lineages.origin(&id("inq_3")).unwrap().inquiry, id("inq_2"));
    }

    #[test]
    fn a_ring_has_an_end_and_what_was_called_off_does_not_count() {
        let successions =
            vec![replaced("inq_1", Some("inq_2"), Stage::Replaced), replaced("inq_2", Some("inq_1"), Stage::Replaced)];
        assert_eq!(Lineages { successions, ..Lineages::default() }.latest(&id("inq_1")), &id("inq_1"));
        let kept = Lineages { successions: vec![replaced("inq_1", None, Stage::Kept)], ..Lineages::default() };
        assert_eq!((kept.succession(&id("inq_1")), kept.replacements(&id("inq_1"))), (None, Replacements::default()));
    }

    #[test]
    fn words_survive_a_round_trip() {
        for cause in Cause::ALL {
            assert_eq!(Cause::parse(cause.as_str()), Some(cause));
        }
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
        }
    }
}
