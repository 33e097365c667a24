//! Why a notice was not delivered, and whether another try can help.

use jiff::SignedDuration;

/// Why a notice was not delivered. Of the receiver's address only the host is named: the rest can hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// No answer in time; it may have been taken.
    #[error("{host} did not answer in time")]
    Timeout {
        /// The receiver.
        host: String,
    },
    /// No connection, or it broke; it may have been taken.
    #[error("{host} could not be reached")]
    Unreachable {
        /// The receiver.
        host: String,
    },
    /// The receiver answered with something else than 2xx.
    #[error("{host} answered {status}")]
    Refused {
        /// The receiver.
        host: String,
        /// The HTTP status.
        status: u16,
        /// How long it asked us to wait, as it said.
        asked_wait: Option<SignedDuration>,
    },
    /// A mail server refused it.
    #[error("{host} answered {code}{}", enhanced.as_deref().map(|status| format!(" {status}")).unwrap_or_default())]
    Rejected {
        /// The mail server.
        host: String,
        /// Its reply code (RFC 5321).
        code: u16,
        /// Its enhanced status code (RFC 3463), where it gave one.
        enhanced: Option<String>,
        /// Whether it is about something that can change.
        may_retry: bool,
    },
    /// No TLS with a mail server: its certificate is not trusted, or not its own.
    #[error("TLS with {host} failed; its certificate has to be valid for that name, or its authority be in ca_file")]
    Untrusted {
        /// The mail server.
        host: String,
    },
    /// A receiver's name leads into a network.
    #[error(
        "{host} leads to an address inside a network; if that is meant, set allow_private = true for this notifier"
    )]
    Inside {
        /// The receiver.
        host: String,
    },
    /// No address of the person is known.
    #[error("nobody to tell: no e-mail address of this person is known")]
    Nobody,
    /// What is known as the person's address is none.
    #[error(
        "nobody to tell: what is known as the e-mail address of this person is none; correct it in your application"
    )]
    NoAddress,
    /// The notice can't be put into a request.
    #[error("the notice can't be sent: {0}")]
    Unsendable(&'static str),
}

const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

impl NotifyError {
    /// Whether another try can help: either things change by themselves, or an operator mends them.
    #[must_use]
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Unreachable { .. } | Self::Untrusted { .. } | Self::Inside { .. } => true,
            Self::Rejected { may_retry, .. } => *may_retry,
            // One bad deploy answers anything; only "gone" says that nobody will ever take it.
            Self::Refused { status, .. } => *status != 410,
            Self::Nobody | Self::NoAddress | Self::Unsendable(_) => false,
        }
    }

    /// Whether the receiver was heard of at all, so that the channel works, whatever became of this notice.
    #[must_use]
    pub const fn was_answered(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Rejected { .. }) && !self.may_retry()
    }

    /// Whether the notice was certainly not taken. Without an answer it may have been.
    #[must_use]
    pub const fn was_not_taken(&self) -> bool {
        !matches!(self, Self::Timeout { .. } | Self::Unreachable { .. })
    }

    /// How long the receiver wants us to wait at least; `None` leaves it to the caller's backoff.
    #[must_use]
    pub fn retry_after(&self) -> Option<SignedDuration> {
        match self {
            Self::Refused { asked_wait, .. } if self.may_retry() => {
                asked_wait.map(|wait| wait.clamp(SHORTEST_WAIT, LONGEST_WAIT))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, wait: Option<i64>) -> NotifyError {
        let asked_wait = wait.map(SignedDuration::from_secs);
        NotifyError::Refused { host: "app.example.com".to_owned(), status, asked_wait }
    }

    #[test]
    fn every_status_is_tried_again_or_not() {
        let mut table = Vec::new();
        let mut previous = None;
        for status in 300..=599 {
            let retry = refused(status, None).may_retry();
            if previous != Some(retry) {
                table.push(format!("{status} {}", if retry { "retry" } else { "give up" }));
            }
            previous = Some(retry);
        }
        // Each entry holds up to the next one.
        insta::assert_snapshot!(table.join(", "), @"300 retry, 410 give up, 411 retry");
    }

    #[test]
    fn the_wait_asked_for_is_kept_within_bounds() {
        for (status, asked, kept) in
            [(429, Some(90), Some(90)), (503, Some(0), Some(1)), (503, Some(86_400), Some(3_600)), (429, None, None)]
        {
            assert_eq!(refused(status, asked).retry_after().map(|wait| wait.as_secs()), kept, "{status}");
        }
        assert_eq!(refused(410, Some(90)).retry_after(), None, "given up");
    }
}
