//! What operators see of a running process: log lines on standard error, and numbers for Prometheus.
//!
//! Secrets and people's data reach neither: metrics carry names of our own making as labels, never ids.

use std::io::{IsTerminal, stderr};

use anyhow::Context;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, LogSettings};

/// Starts logging to standard error. `RUST_LOG` wins over the configured filter.
///
/// # Errors
/// When `RUST_LOG` is no filter, or logging was started before.
pub fn install(settings: &LogSettings) -> anyhow::Result<()> {
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let json = is_json(settings.format, stderr().is_terminal());
    let subscriber = subscriber(settings, wanted.as_deref(), json, stderr)?;
    subscriber.try_init().context("logging was started before")
}

/// Starts counting. The handle renders what was counted, in Prometheus' text format, for `GET /metrics`.
///
/// # Errors
/// When counting was started before.
pub fn install_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = builder()?.install_recorder().context("metrics were started before")?;
    describe();
    Ok(handle)
}

/// Durations are histograms, and their names end so.
const SECONDS: &str = "_seconds";

/// In seconds, from an answer out of memory to a hopeless one; 5 s is where Persona stops waiting for us.
const BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Histograms of counts end so.
const EVENTS: &str = "_events";

/// From one alone to as many as are committed together at most.
const COUNTS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 256.0];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Every metric there is: its name, its kind, and what it says and by which labels. What isn't here isn't recorded.
const METRICS: [(&str, Kind, &str); 18] = [
    ("rekindle_api_requests_total", Kind::Counter, "Requests of the API by route, method and status"),
    ("rekindle_deliveries_total", Kind::Counter, "Webhook deliveries by environment and outcome"),
    ("rekindle_delivery_seconds", Kind::Histogram, "From a delivery's head to its answer"),
    ("rekindle_commit_waiting", Kind::Gauge, "Deliveries that wait to be committed"),
    ("rekindle_commit_events", Kind::Histogram, "Deliveries committed together"),
    ("rekindle_commit_seconds", Kind::Histogram, "How long it took to commit what was committed together"),
    ("rekindle_attempts_total", Kind::Counter, "Attempts at actions by kind and outcome"),
    ("rekindle_actions", Kind::Gauge, "Actions by environment, kind and state; failed ones are dead letters"),
    (
        "rekindle_notifier_broken",
        Kind::Gauge,
        "Whether a notifier fails for everyone, so that its notices wait, as this process sees it; by notifier",
    ),
    ("rekindle_lanes_paused", Kind::Gauge, "Whether an operator paused a lane, by environment and kind"),
    (
        "rekindle_oldest_due_seconds",
        Kind::Gauge,
        "How long the action that is overdue most has waited, by environment and kind",
    ),
    (
        "rekindle_reconciled_at",
        Kind::Gauge,
        "Until when what changed at Persona is known for certain, in seconds since 1970, by environment",
    ),
    ("rekindle_recovered_total", Kind::Counter, "What reconciliation found by environment and what it was"),
    (
        "rekindle_link_requests_total",
        Kind::Counter,
        "Requests for access links by purpose (scan is a look by a program) and outcome",
    ),
    (
        "rekindle_budget_left",
        Kind::Gauge,
        "Calls to Persona left in this window, those under way among them, by environment",
    ),
    ("rekindle_budget_pace", Kind::Gauge, "How much of the rate limit is used, in per cent, by environment"),
    ("rekindle_budget_refusals_total", Kind::Counter, "Times the budget had nothing left, by environment and urgency"),
    ("rekindle_pruned_total", Kind::Counter, "Rows that served their time, by kind"),
];

fn is_json(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    }
}

fn subscriber<W>(
    settings: &LogSettings,
    wanted: Option<&str>,
    json: bool,
    writer: W,
) -> anyhow::Result<Box<dyn Subscriber + Send + Sync>>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = match wanted.filter(|wanted| !wanted.is_empty()) {
        Some(wanted) => EnvFilter::try_new(wanted).context("RUST_LOG is no log filter")?,
        None => EnvFilter::try_new(&settings.filter).context("log.filter is no log filter")?,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(if json {
        Box::new(lines.json().flatten_event(true).with_current_span(true).with_span_list(false).finish())
    } else {
        Box::new(lines.with_ansi(stderr().is_terminal()).with_target(false).finish())
    })
}

fn builder() -> anyhow::Result<PrometheusBuilder> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix(SECONDS.to_owned()), &BUCKETS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix(EVENTS.to_owned()), &COUNTS))
        .context("the buckets of histograms are not in order")
}

fn describe() {
    for (name, kind, text) in METRICS {
        match kind {
            Kind::Counter => describe_counter!(name, Unit::Count, text),
            Kind::Gauge => describe_gauge!(name, text),
            Kind::Histogram if name.ends_with(SECONDS) => describe_histogram!(name, Unit::Seconds, text),
            Kind::Histogram => describe_histogram!(name, Unit::Count, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(settings: &LogSettings, wanted: Option<&str>, json: bool) -> String {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = subscriber(settings, wanted, json, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(count = 3, "told");
            tracing::debug!("whispered");
        });
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    fn settings(filter: &str) -> LogSettings {
        LogSettings { format: LogFormat::Auto, filter: filter.to_owned() }
    }

    #[test]
    fn a_terminal_gets_text_and_a_pipe_gets_json() {
        assert!(!is_json(LogFormat::Auto, true) && is_json(LogFormat::Auto, false));
        assert!(is_json(LogFormat::Json, true) && !is_json(LogFormat::Text, false));
    }

    #[test]
    fn a_json_line_is_one_object() {
        let text = logged(&settings("info"), None, true);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((line["message"].as_str(), line["count"].as_i64()), (Some("told"), Some(3)));
        assert!(logged(&settings("info"), None, false).contains("told count=3"));
    }

    #[test]
    fn the_filter_holds_and_rust_log_wins_over_it() {
        assert!(!logged(&settings("info"), None, false).contains("whispered"));
        assert!(logged(&settings("info"), Some("debug"), false).contains("whispered"));
        assert!(logged(&settings("debug"), Some(""), false).contains("whispered"), "an empty RUST_LOG says nothing");
        let wrong = subscriber(&settings("info"), Some("rekindle=loud"), false, std::io::sink).err().unwrap();
        assert_eq!(wrong.to_string(), "RUST_LOG is no log filter");
    }

    #[test]
    fn metrics_are_rendered_with_their_descriptions_and_buckets() {
        let recorder = builder().unwrap().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            for (name, kind, _) in METRICS {
                match kind {
                    Kind::Counter => metrics::counter!(name).increment(1),
                    Kind::Gauge => metrics::gauge!(name).set(1.0),
                    Kind::Histogram => metrics::histogram!(name).record(0.02),
                }
            }
        });
        handle.run_upkeep();
        let text = handle.render();
        for (name, kind, description) in METRICS {
            assert!(text.contains(&format!("# HELP {name} {description}")), "{name} in {text}");
            assert_eq!(
                text.contains(&format!("{name}_bucket{{le=\"5\"}} 1")),
                kind == Kind::Histogram,
                "{name} in {text}"
            );
        }
        assert!(text.contains("rekindle_delivery_seconds_bucket{le=\"0.01\"} 0"), "{text}");
    }
}
