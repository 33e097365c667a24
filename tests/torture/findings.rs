//! What the checks found.

use std::fmt;

/// Each finding in words; a run that keeps every promise has none.
#[derive(Debug, Default)]
pub struct Findings {
    /// Answered, and not there or nothing came of it; wanted, and not planned or not done.
    pub lost: Vec<String>,
    /// There twice, or done twice where once is promised.
    pub doubled: Vec<String>,
    /// Under way or overdue for ever.
    pub stuck: Vec<String>,
    /// Anything else that is not as it should be.
    pub wrong: Vec<String>,
}

impl Findings {
    pub const fn are_none(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.stuck.is_empty() && self.wrong.is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [("lost", &self.lost), ("doubled", &self.doubled), ("stuck", &self.stuck), ("wrong", &self.wrong)];
        for (kind, found) in kinds {
            for finding in found.iter().take(20) {
                writeln!(f, "{kind}: {finding}")?;
            }
            if found.len() > 20 {
                writeln!(f, "{kind}: and {} more", found.len() - 20)?;
            }
        }
        Ok(())
    }
}
