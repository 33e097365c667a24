//! Where traces go: an OpenTelemetry collector, by OTLP as protobuf over the HTTP client that is here already.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use reqwest::{Client, redirect};
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber, info, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::tls;
use crate::traces::TARGET;

/// How long one export may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long the last export may take when the process ends.
const AT_THE_END: Duration = Duration::from_secs(5);

/// Where traces go, and how many.
#[derive(Clone)]
pub struct TraceSettings {
    /// Where the collector takes OTLP over HTTP, with its path. Can hold secrets, so `Debug` shows its host only.
    pub endpoint: Url,
    /// What this installation is called there.
    pub name: String,
    /// Of how many traces anything is sent, from above 0 to 1; by the trace, so that each is there whole or not at all.
    pub share: f64,
}

/// Why traces can't be sent.
#[derive(Debug, thiserror::Error)]
pub enum InvalidExport {
    /// No TLS on this machine.
    #[error("TLS can't be set up on this machine; install its CA certificates (package ca-certificates): {0}")]
    Tls(String),
    /// The settings or `OTEL_…` variables can't be.
    #[error("traces can't be exported: {0}")]
    Settings(#[from] ExporterBuildError),
}

/// Sends what is traced, in the background.
#[derive(Debug, Clone)]
pub struct Exporter {
    provider: SdkTracerProvider,
}

/// Begins to send what is traced. `OTEL_EXPORTER_OTLP_HEADERS` adds headers, such as the key of a hosted collector.
///
/// # Errors
/// [`InvalidExport`].
///
/// # Panics
/// Outside of a tokio runtime.
pub fn exporter(settings: &TraceSettings) -> Result<Exporter, InvalidExport> {
    tls::install();
    let http = Client::builder()
        .user_agent(concat!("rekindle/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .timeout(TIMEOUT);
    let http = if tls::is_plain(&settings.endpoint) { http.no_proxy() } else { http };
    let http = http.build().map_err(|error| InvalidExport::Tls(error.to_string()))?;
    let failing = Arc::new(AtomicBool::new(false));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Sender { http, runtime: Handle::current(), failing })
        .with_endpoint(settings.endpoint.as_str())
        .with_timeout(TIMEOUT)
        .build()?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::TraceIdRatioBased(settings.share))
        .with_resource(Resource::builder().with_service_name(settings.name.clone()).build())
        .build();
    Ok(Exporter { provider })
}

/// Takes spans of ours for traces, and no events: those are for the log.
pub fn layer<S>(exporter: &Exporter) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + Send + Sync + for<'span> LookupSpan<'span>,
{
    let ours = Targets::new().with_target("rekindle", LevelFilter::INFO).with_target(TARGET, LevelFilter::TRACE);
    tracing_opentelemetry::layer()
        .with_tracer(exporter.provider.tracer("rekindle"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_filter(ours.and(filter_fn(is_span)))
}

/// A function of its own: the method belongs to one lifetime.
fn is_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
}

impl Exporter {
    /// Sends what is left, and ends.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(AT_THE_END)).await;
        if !matches!(stopped, Ok(Ok(()))) {
            warn!("the last traces could not be sent");
        }
    }
}

impl fmt::Debug for TraceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceSettings").field("host", &self.endpoint.host_str()).finish_non_exhaustive()
    }
}

/// Sends by the process's own runtime: exports are made on a thread that has none.
#[derive(Debug)]
struct Sender {
    http: Client,
    runtime: Handle,
    /// Whether the last export failed, so that an outage of the collector is two lines in the log.
    failing: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(send(self.http.clone(), request)).await?;
        let refused = match &sent {
            Ok(answer) => (!answer.status().is_success()).then(|| format!("it answered {}", answer.status().as_u16())),
            Err(why) => Some((*why).to_owned()),
        };
        let failed_before = self.failing.swap(refused.is_some(), Ordering::Relaxed);
        match refused {
            Some(why) if !failed_before => warn!(why, "the collector does not take traces; they are dropped meanwhile"),
            None if failed_before => info!("the collector takes traces again"),
            _ => {}
        }
        Ok(sent?)
    }
}

/// One export; its errors don't name the address, which may hold a secret.
async fn send(http: Client, request: Request<Bytes>) -> Result<Response<Bytes>, &'static str> {
    let (head, body) = request.into_parts();
    let url = Url::parse(&head.uri.to_string()).map_err(|_| "its address is no URL")?;
    let sent = http.request(head.method, url).headers(head.headers).body(body).send().await;
    let answer =
        sent.map_err(|error| if error.is_timeout() { "it did not answer in time" } else { "it can't be reached" })?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|_| "its answer broke off")?;
    let mut taken = Response::new(body);
    *taken.status_mut() = status;
    Ok(taken)
}
