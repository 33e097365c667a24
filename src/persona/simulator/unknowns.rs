//! What Persona's documentation leaves open, or says twice and differently: one switch each.
//!
//! A receiver that works under every setting here works whichever way Persona really behaves.

use serde::{Deserialize, Serialize};

/// The status with which Persona refuses something, where the documentation does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalStatus {
    /// 400.
    BadRequest,
    /// 403.
    Forbidden,
    /// 409.
    Conflict,
    /// 422.
    UnprocessableEntity,
    /// 429.
    TooManyRequests,
}

/// What answers a request that has nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needless {
    /// 200 with the resource as it is.
    Accepted,
    /// 409.
    Conflict,
    /// 422.
    UnprocessableEntity,
}

/// What uses a one-time link up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkUse {
    /// The first `GET`, be it a mail scanner's.
    Loading,
    /// Only the person's own click on the page.
    Continuing,
}

/// How the quota headers of creating calls are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotaHeaders {
    /// `Quota-Limit`, as <https://docs.withpersona.com/rate-limiting> writes.
    Quota,
    /// `QuotaLimit-Limit`, as <https://docs.withpersona.com/errors> writes.
    QuotaLimit,
}

/// One answer to every open question. The default is what the documents make likely; where they are silent, the less
/// comfortable answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent open question with two answers")]
pub struct Unknowns {
    /// What uses a one-time link up (its five minutes of grace begin there).
    pub link_used_by: LinkUse,
    /// Whether generating a link makes the inquiry's earlier links useless.
    pub new_link_kills_older: bool,
    /// Whether generating a link moves `expires-at`, as a resume does.
    pub new_link_moves_expiry: bool,
    /// The refusal of a link for an inquiry that is expired, finished or redacted.
    pub link_refusal: RefusalStatus,
    /// The refusal of a session beyond the limit.
    pub session_limit_refusal: RefusalStatus,
    /// Whether a retried delivery is signed anew, with a fresh `t`; else every attempt carries the first signature.
    pub retries_signed_anew: bool,
    /// Whether `resume` accepts an inquiry that is `created`; else 409.
    pub resume_accepts_created: bool,
    /// Whether resuming a `pending` inquiry gives it a new deadline.
    pub resume_of_pending_moves_expiry: bool,
    /// Whether `resume` clears `expired-at`.
    pub resume_clears_expired_at: bool,
    /// Whether `resume` fires an event. None is documented, so it comes under an undocumented name.
    pub resume_fires_event: bool,
    /// What `expire` answers for an inquiry that is not open.
    pub expire_when_not_open: Needless,
    /// Whether a `created` inquiry that was opened once asks for a session token from then on.
    pub opened_created_needs_token: bool,
    /// Whether templates and their versions can be read with a sandbox key; else 403.
    pub sandbox_reads_templates: bool,
    /// Whether `include=inquiry-template` brings anything with a sandbox key.
    pub sandbox_includes_templates: bool,
    /// Whether `inquiry-template-version.published` is sent to sandbox webhooks.
    pub sandbox_sends_version_events: bool,
    /// Whether `GET /events` lists payloads with their attributes; else abbreviated to type and id.
    pub events_listed_in_full: bool,
    /// The refusal of an idempotency key that comes again with other parameters.
    pub idempotency_mismatch: RefusalStatus,
    /// The refusal of unknown or malformed parameters.
    pub bad_parameters: RefusalStatus,
    /// The refusal of a creation beyond the quota.
    pub quota_refusal: RefusalStatus,
    /// The names of the quota headers.
    pub quota_headers: QuotaHeaders,
}

impl Default for Unknowns {
    fn default() -> Self {
        Self {
            link_used_by: LinkUse::Loading,
            new_link_kills_older: false,
            new_link_moves_expiry: false,
            link_refusal: RefusalStatus::Conflict,
            session_limit_refusal: RefusalStatus::UnprocessableEntity,
            retries_signed_anew: true,
            resume_accepts_created: false,
            resume_of_pending_moves_expiry: true,
            resume_clears_expired_at: true,
            resume_fires_event: false,
            expire_when_not_open: Needless::Conflict,
            opened_created_needs_token: false,
            sandbox_reads_templates: false,
            sandbox_includes_templates: true,
            sandbox_sends_version_events: true,
            events_listed_in_full: false,
            idempotency_mismatch: RefusalStatus::Conflict,
            bad_parameters: RefusalStatus::BadRequest,
            quota_refusal: RefusalStatus::Forbidden,
            quota_headers: QuotaHeaders::Quota,
        }
    }
}

impl Unknowns {
    /// The default, and every other answer to every single question, each under the question's name.
    #[must_use]
    pub fn all_variations() -> Vec<(&'static str, Self)> {
        let mut all = vec![("default", Self::default())];
        let mut vary = |name, change: fn(&mut Self)| {
            let mut varied = Self::default();
            change(&mut varied);
            all.push((name, varied));
        };
        vary("link_used_by", |u| u.link_used_by = LinkUse::Continuing);
        vary("new_link_kills_older", |u| u.new_link_kills_older ^= true);
        vary("new_link_moves_expiry", |u| u.new_link_moves_expiry ^= true);
        vary("link_refusal", |u| u.link_refusal = RefusalStatus::UnprocessableEntity);
        vary("session_limit_refusal", |u| u.session_limit_refusal = RefusalStatus::Conflict);
        vary("retries_signed_anew", |u| u.retries_signed_anew ^= true);
        vary("resume_accepts_created", |u| u.resume_accepts_created ^= true);
        vary("resume_of_pending_moves_expiry", |u| u.resume_of_pending_moves_expiry ^= true);
        vary("resume_clears_expired_at", |u| u.resume_clears_expired_at ^= true);
        vary("resume_fires_event", |u| u.resume_fires_event ^= true);
        vary("expire_when_not_open", |u| u.expire_when_not_open = Needless::Accepted);
        vary("expire_when_not_open", |u| u.expire_when_not_open = Needless::UnprocessableEntity);
        vary("opened_created_needs_token", |u| u.opened_created_needs_token ^= true);
        vary("sandbox_reads_templates", |u| u.sandbox_reads_templates ^= true);
        vary("sandbox_includes_templates", |u| u.sandbox_includes_templates ^= true);
        vary("sandbox_sends_version_events", |u| u.sandbox_sends_version_events ^= true);
        vary("events_listed_in_full", |u| u.events_listed_in_full ^= true);
        vary("idempotency_mismatch", |u| u.idempotency_mismatch = RefusalStatus::BadRequest);
        vary("idempotency_mismatch", |u| u.idempotency_mismatch = RefusalStatus::UnprocessableEntity);
        vary("bad_parameters", |u| u.bad_parameters = RefusalStatus::UnprocessableEntity);
        vary("quota_refusal", |u| u.quota_refusal = RefusalStatus::TooManyRequests);
        vary("quota_headers", |u| u.quota_headers = QuotaHeaders::QuotaLimit);
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_question_is_varied_and_each_variation_differs_in_its_question_alone() {
        let default = serde_json::to_value(Unknowns::default()).unwrap();
        let mut varied = BTreeSet::new();
        for (name, unknowns) in Unknowns::all_variations().into_iter().skip(1) {
            let value = serde_json::to_value(unknowns).unwrap();
            let differing: Vec<&String> = default
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| value[key.as_str()] != default[key.as_str()])
                .collect();
            assert_eq!(differing, [&name.replace('_', "-")]);
            varied.insert(name.replace('_', "-"));
        }
        assert_eq!(varied, default.as_object().unwrap().keys().cloned().collect());
    }
}
