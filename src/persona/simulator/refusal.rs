//! Why Persona would not, in the terms of its own error bodies (<https://docs.withpersona.com/errors>).

use super::unknowns::RefusalStatus;

/// A refused request: the status, title and details of Persona's error body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {title}: {details}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What kind of refusal it is.
    pub title: &'static str,
    /// What exactly is wrong; empty when Persona's body has no `details`.
    pub details: String,
}

impl RefusalStatus {
    pub(super) fn because(self, details: impl Into<String>) -> Refusal {
        let (status, title) = match self {
            Self::BadRequest => (400, "Bad Request"),
            Self::Forbidden => (403, "Forbidden"),
            Self::Conflict => (409, "Conflict"),
            Self::UnprocessableEntity => (422, "Unprocessable entity"),
            Self::TooManyRequests => (429, "Rate limit exceeded"),
        };
        Refusal { status, title, details: details.into() }
    }
}

impl Refusal {
    pub(super) fn conflict(details: impl Into<String>) -> Self {
        RefusalStatus::Conflict.because(details)
    }

    pub(super) fn forbidden(details: impl Into<String>) -> Self {
        RefusalStatus::Forbidden.because(details)
    }

    pub(super) fn bad_request(details: impl Into<String>) -> Self {
        RefusalStatus::BadRequest.because(details)
    }

    pub(super) const fn not_found() -> Self {
        Self { status: 404, title: "Record not found", details: String::new() }
    }

    pub(super) const fn unauthenticated() -> Self {
        Self { status: 401, title: "Must be authenticated to access this endpoint", details: String::new() }
    }
}
