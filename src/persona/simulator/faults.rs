//! What can go wrong between Persona and us, switched at run time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::random::Random;

/// How a failing API request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// An answer with this 5xx status.
    Status(u16),
    /// The connection is closed without an answer.
    ConnectionDropped,
}

/// Whether a failing request takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureMoment {
    /// Nothing happened.
    BeforeActing,
    /// It happened; only the answer is lost.
    AfterActing,
}

/// How a failing API request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Failure {
    /// What the caller sees.
    pub kind: FailureKind,
    /// Whether the request took effect.
    pub moment: FailureMoment,
}

impl Default for Failure {
    fn default() -> Self {
        Self { kind: FailureKind::Status(503), moment: FailureMoment::BeforeActing }
    }
}

/// All faults; the default has none. Authentication and the rate limit come before them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Faults {
    /// How long every API answer is held back, in milliseconds of real time; the request has acted before.
    pub latency_ms: u64,
    /// How many of the next API requests fail; counts down.
    pub fail_next: u32,
    /// Which share of the API requests fails beyond those, from 0 to 1.
    pub fail_share: f64,
    /// How they fail.
    pub failure: Failure,
    /// Only requests fail whose method and path (`POST /api/v1/inquiries/…`) contain this text; all when absent.
    pub only_requests_with: Option<String>,
    /// Which share of deliveries is lost on the way though Persona holds them for delivered, from 0 to 1.
    pub deliveries_lost_share: f64,
    /// Which share of deliveries arrives twice, from 0 to 1.
    pub deliveries_repeated_share: f64,
    /// Whether deliveries that are due together go out in another order.
    pub deliveries_reordered: bool,
}

impl Faults {
    /// How long an API answer is held back.
    pub(super) const fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms)
    }

    /// Decides whether this request fails, and counts it.
    pub(super) fn draw(&mut self, request: &str, random: &mut Random) -> Option<Failure> {
        if self.only_requests_with.as_deref().is_some_and(|text| !request.contains(text)) {
            return None;
        }
        if self.fail_next > 0 {
            self.fail_next -= 1;
            return Some(self.failure);
        }
        random.chance(self.fail_share).then_some(self.failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_requests_fail_and_then_no_more() {
        let mut faults = Faults { fail_next: 2, ..Faults::default() };
        let mut random = Random::seeded(1);
        let drawn: Vec<bool> = (0..4).map(|_| faults.draw("GET /", &mut random).is_some()).collect();
        assert_eq!(drawn, [true, true, false, false]);
    }

    #[test]
    fn only_the_requests_meant_fail_and_others_do_not_count() {
        let mut faults = Faults { fail_next: 1, only_requests_with: Some("/resume".to_owned()), ..Faults::default() };
        let mut random = Random::seeded(1);
        assert_eq!(faults.draw("GET /api/v1/inquiries", &mut random), None);
        assert!(faults.draw("POST /api/v1/inquiries/inq_1/resume", &mut random).is_some());
        assert_eq!(faults.draw("POST /api/v1/inquiries/inq_1/resume", &mut random), None);
    }

    #[test]
    fn faults_are_written_in_json_as_the_control_route_takes_them() {
        let faults: Faults = serde_json::from_str(
            r#"{"fail-next": 3, "failure": {"kind": "connection-dropped", "moment": "after-acting"}}"#,
        )
        .unwrap();
        assert_eq!(faults.fail_next, 3);
        assert_eq!(faults.failure.kind, FailureKind::ConnectionDropped);
        let status: Failure = serde_json::from_str(r#"{"kind": {"status": 500}, "moment": "before-acting"}"#).unwrap();
        assert_eq!(status.kind, FailureKind::Status(500));
    }
}
