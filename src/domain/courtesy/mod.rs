//! When a person is told something, and how often: at hours that suit them, and no more than is kind.

mod limits;
mod quiet;

pub use self::limits::{Limits, Most};
pub use self::quiet::{DayOff, Night, QuietTimes};

/// What the rules of a template say about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Courtesy {
    /// When nobody is told.
    pub quiet: QuietTimes,
    /// How often one person is told at most.
    pub limits: Limits,
}

impl Courtesy {
    /// Whether a plan depends on who the person is: where they live, or what they were told.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        !self.quiet.is_none() || !self.limits.is_none()
    }

    /// A text that differs whenever a plan made under these rules could differ.
    pub(in crate::domain) fn fingerprint(&self) -> String {
        format!("{}|{}", self.quiet, self.limits)
    }
}
