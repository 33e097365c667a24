//! What was found, and what to do about it.

use serde::Serialize;

/// One thing looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// `ok`, `warning` or `failed`.
    pub(super) verdict: &'static str,
    /// What was looked at.
    pub(super) subject: String,
    /// What was found, and what to do about it.
    pub(super) detail: String,
}

pub(super) fn ok(subject: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding { verdict: "ok", subject: subject.into(), detail: detail.into() }
}

pub(super) fn warning(subject: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding { verdict: "warning", subject: subject.into(), detail: detail.into() }
}

pub(super) fn failed(subject: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding { verdict: "failed", subject: subject.into(), detail: detail.into() }
}
