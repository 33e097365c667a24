//! What is known of a person beyond their inquiries of one template: where they live, what they were told, and what
//! they do not want to be told.

use jiff::tz::TimeZone;

use crate::domain::ids::{InquiryId, NotifierName};
use crate::domain::rules::Step;
use crate::domain::time::Timestamp;

/// A person as a plan sees them. Nothing in it names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressee {
    /// The time zone they live in, where it is known.
    pub time_zone: Option<TimeZone>,
    /// What they were told lately, about whatever.
    pub told: Vec<Told>,
    /// What they are not to be told.
    pub suppressed: Vec<Suppressed>,
}

/// That a person was told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What for.
    pub occasion: Occasion,
    /// When.
    pub at: Timestamp,
}

/// What one telling is for: by however many channels it goes, a person is told once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Occasion(String);

/// What a person is not to be told, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// By this channel; by any without.
    pub notifier: Option<NotifierName>,
    /// About this lineage, by its first inquiry; about anything without.
    pub lineage: Option<InquiryId>,
    /// Why, in the words of whoever said so.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl Occasion {
    /// One step towards one deadline of one inquiry.
    #[must_use]
    pub fn of(inquiry: &InquiryId, deadline: Timestamp, step: Step) -> Self {
        Self(format!("{inquiry}/{}/{step}", deadline.as_second()))
    }

    /// An occasion as it was stored.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Addressee {
    /// When they were told something else.
    pub fn told_otherwise<'a>(&'a self, occasion: &'a Occasion) -> impl Iterator<Item = Timestamp> + 'a {
        self.told.iter().filter(|told| told.occasion != *occasion).map(|told| told.at)
    }

    /// Why they are told nothing by a channel about a lineage, where that is so.
    #[must_use]
    pub fn suppressed(&self, notifier: &NotifierName, lineage: &InquiryId) -> Option<&Suppressed> {
        self.suppressed.iter().find(|one| {
            one.notifier.as_ref().is_none_or(|channel| channel == notifier)
                && one.lineage.as_ref().is_none_or(|of| of == lineage)
        })
    }
}
