//! What people are written about.

use std::fmt;
use std::str::FromStr;

/// What a letter to a person is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LetterKind {
    /// The inquiry waits for them, and time is running out.
    Reminder,
    /// It had run out, and was opened again.
    Revived,
    /// It was replaced by a new one, and older links lead nowhere.
    Replaced,
    /// They asked for a new link.
    Invitation,
}

impl LetterKind {
    /// Every kind there is.
    pub const ALL: [Self; 4] = [Self::Reminder, Self::Revived, Self::Replaced, Self::Invitation];

    /// The kind as text, as in the name of its template.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Revived => "revived",
            Self::Replaced => "replaced",
            Self::Invitation => "invitation",
        }
    }
}

impl fmt::Display for LetterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LetterKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or("is no kind of letter; use \"reminder\", \"revived\", \"replaced\" or \"invitation\"")
    }
}
