//! What the API for applications bears.

use super::reader::Section;

/// What the API for applications bears. Both are counted by each process for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiSettings {
    /// The most calls a minute with one token.
    pub calls_per_minute: u32,
    /// The most calls a minute from one address with a token that is none.
    pub failures_per_minute: u32,
}

pub(super) fn api(mut section: Section<'_>) -> ApiSettings {
    let settings = ApiSettings {
        calls_per_minute: section.number("calls_per_minute", 600, 1..=1_000_000),
        failures_per_minute: section.number("failures_per_minute", 20, 1..=10_000),
    };
    section.finish();
    settings
}
