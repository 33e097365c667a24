//! The log of API requests: tests and people can see what was asked, and that nothing else was.

use super::world::World;
use crate::domain::time::Timestamp;

/// How many requests are kept.
const KEPT: usize = 100_000;

/// One API request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// When it was answered.
    pub at: Timestamp,
    /// The environment its key opened.
    pub environment: Option<String>,
    /// `GET`, `POST` …
    pub method: String,
    /// The path, such as `/api/v1/inquiries/inq_…/resume`.
    pub path: String,
    /// The query, as sent; empty when there was none.
    pub query: String,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
    /// The answer's status; none when the connection was dropped.
    pub status: Option<u16>,
    /// Whether the answer was that of an earlier request with the same key.
    pub replayed: bool,
}

impl RequestRecord {
    /// `POST /api/v1/inquiries`, for assertions.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl World {
    pub(super) fn log_request(&mut self, record: RequestRecord) {
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(record);
    }
}
