//! Every metric there is: what `docs/metrics.md` says, what dashboards and alert rules may name, and nothing else.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// How a metric is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only rises, from 0 at each process's start.
    Counter,
    /// It is what it is now.
    Gauge,
    /// How often a value was within each bound.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name, which stays.
    pub name: &'static str,
    /// How it is counted.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub text: &'static str,
}

/// Durations are histograms, and their names end so.
pub(super) const SECONDS: &str = "_seconds";

/// Histograms of counts end so.
pub(super) const EVENTS: &str = "_events";

use Kind::{Counter, Gauge, Histogram};

/// Every metric there is. What isn't here isn't recorded, and a test holds both to it.
pub const METRICS: &[Metric] = &[
    metric("rekindle_deliveries_total", Counter, &["environment", "outcome"], "Webhook deliveries"),
    metric("rekindle_delivery_seconds", Histogram, &[], "From a delivery's head to its answer"),
    metric("rekindle_last_delivery_at", Gauge, &["environment"], "When the last delivery came, in seconds since 1970"),
    metric("rekindle_commit_waiting", Gauge, &[], "Deliveries that wait to be committed"),
    metric("rekindle_commit_events", Histogram, &[], "Deliveries committed together"),
    metric("rekindle_commit_seconds", Histogram, &[], "How long it took to commit what was committed together"),
    metric(
        "rekindle_set_aside",
        Gauge,
        &["environment", "outcome"],
        "Events that wait for somebody: quarantined, or unreadable; at most 10,000 are counted",
    ),
    metric("rekindle_actions", Gauge, &["environment", "kind", "state"], "Actions; failed ones are dead letters"),
    metric(
        "rekindle_oldest_due_seconds",
        Gauge,
        &["environment", "kind"],
        "How long the action that is overdue most has waited",
    ),
    metric("rekindle_lanes_paused", Gauge, &["environment", "kind"], "Whether an operator paused a lane"),
    metric(
        "rekindle_unsubscribe_requests_total",
        Counter,
        &["purpose", "outcome"],
        "Requests of whoever wants no more notices; purpose is look or unsubscribe",
    ),
    metric(
        "rekindle_notifier_broken",
        Gauge,
        &["notifier"],
        "Whether a notifier fails for everyone, so that its notices wait, as this process sees it",
    ),
    metric("rekindle_attempts_total", Counter, &["kind", "outcome"], "Attempts at actions"),
    metric("rekindle_attempt_seconds", Histogram, &["kind"], "How long an attempt took"),
    metric(
        "rekindle_persona_call_seconds",
        Histogram,
        &["method", "route", "outcome"],
        "How long Persona took to answer a call; outcome is the class of its answer, 429, timeout or unreachable",
    ),
    metric(
        "rekindle_budget_left",
        Gauge,
        &["environment"],
        "Calls to Persona left in this window, those under way among them",
    ),
    metric("rekindle_budget_pace", Gauge, &["environment"], "How much of the rate limit is used, in per cent"),
    metric("rekindle_budget_refusals_total", Counter, &["environment", "urgency"], "Times the budget had nothing left"),
    metric(
        "rekindle_reconciled_at",
        Gauge,
        &["environment"],
        "Until when what changed at Persona is known for certain, in seconds since 1970",
    ),
    metric("rekindle_reconciliation_lag_seconds", Gauge, &["environment"], "How long ago that is"),
    metric("rekindle_recovered_total", Counter, &["environment", "what"], "What reconciliation found"),
    metric(
        "rekindle_people_finished",
        Gauge,
        &["environment", "window"],
        "People who finished in the last 24h or 30d, by all processes together",
    ),
    metric(
        "rekindle_people_came_back",
        Gauge,
        &["environment", "window"],
        "Of those who finished, the ones who came back through Rekindle",
    ),
    metric(
        "rekindle_access_seconds",
        Histogram,
        &["outcome"],
        "How long it took to let somebody in, or to say why not",
    ),
    metric(
        "rekindle_link_requests_total",
        Counter,
        &["purpose", "outcome"],
        "Requests for access links; the purpose scan is a look by a program",
    ),
    metric("rekindle_api_requests_total", Counter, &["route", "method", "status"], "Requests of the API"),
    metric("rekindle_api_request_seconds", Histogram, &["route", "method"], "How long a request of the API took"),
    metric("rekindle_alerts", Gauge, &["environment", "alert"], "Whether an alert of our own fires"),
    metric("rekindle_pruned_total", Counter, &["kind"], "Rows that served their time"),
];

const fn metric(name: &'static str, kind: Kind, labels: &'static [&'static str], text: &'static str) -> Metric {
    Metric { name, kind, labels, text }
}

impl Metric {
    /// As a row of `docs/metrics.md`.
    #[must_use]
    pub fn row(&self) -> String {
        let kind = match self.kind {
            Counter => "counter",
            Gauge => "gauge",
            Histogram => "histogram",
        };
        let labels: Vec<String> = self.labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{}` | {kind} | {} | {} |", self.name, labels.join(", "), self.text)
    }
}

pub(super) fn describe() {
    for Metric { name, kind, text, .. } in METRICS.iter().copied() {
        match kind {
            Counter => describe_counter!(name, Unit::Count, text),
            Gauge => describe_gauge!(name, text),
            Histogram if name.ends_with(SECONDS) => describe_histogram!(name, Unit::Seconds, text),
            Histogram => describe_histogram!(name, Unit::Count, text),
        }
    }
}
