//! An inquiry's status, and which of two statuses is further along.

use std::fmt;

/// Persona's inquiry status. The list is open: Persona may add values without a new API version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Made, not begun.
    Created,
    /// Begun: a verification was created or submitted.
    Pending,
    /// The deadline passed; can be resumed.
    Expired,
    /// The person reached the failure screen.
    Failed,
    /// The person reached the success screen.
    Completed,
    /// Waits for a human's decision.
    NeedsReview,
    /// Decided against.
    Declined,
    /// Decided for.
    Approved,
    /// A status we do not know; kept as Persona wrote it, and nothing is planned on it.
    Other(String),
}

/// How far along a status is. A later phase is never undone by an earlier one, whatever arrives when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Created, pending, expired, and what we do not know: time alone decides among them.
    Underway,
    /// Completed or failed: the person is through the flow.
    Finished,
    /// Needs review, approved or declined.
    Decided,
}

impl Status {
    /// Reads a status as Persona writes it, in any casing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().replace(['-', ' '], "_").as_str() {
            "created" => Self::Created,
            "pending" => Self::Pending,
            "expired" => Self::Expired,
            "failed" => Self::Failed,
            "completed" => Self::Completed,
            "needs_review" | "needsreview" => Self::NeedsReview,
            "declined" => Self::Declined,
            "approved" => Self::Approved,
            other => Self::Other(other.to_owned()),
        }
    }

    /// As Persona writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Completed => "completed",
            Self::NeedsReview => "needs_review",
            Self::Declined => "declined",
            Self::Approved => "approved",
            Self::Other(text) => text,
        }
    }

    /// How far along this status is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Created | Self::Pending | Self::Expired | Self::Other(_) => Phase::Underway,
            Self::Failed | Self::Completed => Phase::Finished,
            Self::NeedsReview | Self::Declined | Self::Approved => Phase::Decided,
        }
    }

    /// Which of two statuses of one phase wins when both were observed at the same moment; higher wins.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Other(_) => 0,
            Self::Created => 1,
            Self::Pending => 2,
            Self::Expired => 3,
            Self::Failed => 4,
            Self::Completed => 5,
            Self::NeedsReview => 6,
            Self::Declined => 7,
            Self::Approved => 8,
        }
    }

    /// Whether the person can still be in the flow, given a way in.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Created | Self::Pending)
    }

    /// Whether the person is through the flow, with whatever result.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase() >= Phase::Finished
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_status_survives_a_round_trip_in_every_casing() {
        for text in ["created", "pending", "expired", "failed", "completed", "needs_review", "declined", "approved"] {
            assert_eq!(Status::parse(text).as_str(), text);
            assert_eq!(Status::parse(&text.to_uppercase()).as_str(), text);
        }
        assert_eq!(Status::parse("needs-review"), Status::NeedsReview);
        assert_eq!(Status::parse("needsReview"), Status::NeedsReview);
    }

    #[test]
    fn an_unknown_status_is_kept_and_is_neither_open_nor_over() {
        let status = Status::parse("on_hold");
        assert_eq!(status.as_str(), "on_hold");
        assert!(!status.is_open() && !status.is_over());
    }
}
