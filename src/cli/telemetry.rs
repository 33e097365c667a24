//! What operators see of a running process: log lines on standard error, and numbers for Prometheus.
//!
//! Secrets and people's data reach neither: metrics carry names of our own making as labels, never ids.

use std::io::{IsTerminal, stderr};

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::cli::metrics::{self, EVENTS, SECONDS};
use crate::config::{LogFormat, LogSettings, Telemetry};
use crate::traces::{self, Exporter, TraceSettings};

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

/// As [`install`], and sends traces where that is configured: then what is given is to be stopped at the end.
///
/// # Errors
/// As [`install`]; also when traces can't be sent.
pub fn install_traced(settings: &LogSettings, telemetry: &Telemetry) -> anyhow::Result<Option<Exporter>> {
    let Some(endpoint) = telemetry.otlp_endpoint.clone() else { return install(settings).map(|()| None) };
    let share = f64::from(telemetry.sample_percent) / 100.0;
    let wanted = TraceSettings { endpoint, name: telemetry.service_name.clone(), share };
    let exporter = traces::exporter(&wanted).context("telemetry.otlp_endpoint")?;
    let filter = filter(settings, std::env::var(EnvFilter::DEFAULT_ENV).ok().as_deref())?;
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    let lines = if is_json(settings.format, stderr().is_terminal()) {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        lines.with_ansi(stderr().is_terminal()).with_target(false).boxed()
    };
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces::layer(&exporter));
    subscriber.try_init().context("logging was started before")?;
    Ok(Some(exporter))
}

/// Starts counting. The handle renders what was counted, in Prometheus' text format, for `GET /metrics`.
///
/// # Errors
/// When counting was started before.
pub fn install_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = builder()?.install_recorder().context("metrics were started before")?;
    metrics::describe();
    Ok(handle)
}

/// In seconds, from an answer out of memory to a hopeless one; 5 s is where Persona stops waiting for us.
const BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// From one alone to as many as are committed together at most.
const COUNTS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 256.0];

fn is_json(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    }
}

fn filter(settings: &LogSettings, wanted: Option<&str>) -> anyhow::Result<EnvFilter> {
    match wanted.filter(|wanted| !wanted.is_empty()) {
        Some(wanted) => EnvFilter::try_new(wanted).context("RUST_LOG is no log filter"),
        None => EnvFilter::try_new(&settings.filter).context("log.filter is no log filter"),
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
    let filter = filter(settings, wanted)?;
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::cli::metrics::{Kind, METRICS, Metric};

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
        ::metrics::with_local_recorder(&recorder, || {
            metrics::describe();
            for Metric { name, kind, .. } in METRICS.iter().copied() {
                match kind {
                    Kind::Counter => ::metrics::counter!(name).increment(1),
                    Kind::Gauge => ::metrics::gauge!(name).set(1.0),
                    Kind::Histogram => ::metrics::histogram!(name).record(0.02),
                }
            }
        });
        handle.run_upkeep();
        let text = handle.render();
        for Metric { name, kind, text: description, .. } in METRICS.iter().copied() {
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
