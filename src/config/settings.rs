//! The settings of this installation itself: where it listens, what it bears, how it works and what it logs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;

use super::reader::Section;

/// The two addresses we answer on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// For Persona and for people: webhooks and links.
    pub public: SocketAddr,
    /// For operators only: their API and the metrics.
    pub internal: SocketAddr,
}

/// What a client may take of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body, in bytes.
    pub body_bytes: usize,
    /// The longest request head, in bytes.
    pub header_bytes: usize,
    /// The most connections at one time, on each listener.
    pub connections: usize,
    /// How long a client may take for a request's head, and stay silent between requests.
    pub header_timeout: Duration,
    /// How long a client may take for a request's body.
    pub body_timeout: Duration,
}

/// How work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSettings {
    /// The most actions performed at one time by one process.
    pub concurrency: usize,
    /// How often to look for due work, where nothing says sooner that there is some.
    pub poll_interval: Duration,
    /// How long a claim holds without being renewed; a dead worker's actions are taken over after it.
    pub lease: Duration,
    /// How often a claim is renewed.
    pub renew: Duration,
    /// How long requests and actions under way may take to end when we are told to stop.
    pub shutdown_grace: Duration,
    /// How old what we know of an inquiry may be when someone is about to be reminded.
    pub reread_after: SignedDuration,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Readable on a terminal, JSON otherwise.
    Auto,
    /// Readable.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// How lines look.
    pub format: LogFormat,
    /// Which lines, in the words of `RUST_LOG`, which wins where it is set.
    pub filter: String,
}

impl LogFormat {
    /// As it stands in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// hyper can't be given less (`http1::Builder::max_buf_size`).
const LEAST_HEADER_BYTES: usize = 8 * 1024;
const MIB: usize = 1024 * 1024;

pub(super) fn listen(mut section: Section<'_>) -> Listen {
    let address = |text: &str| {
        text.parse()
            .map_err(|_| "is no address; write an IP address and a port, like \"127.0.0.1:8700\" or \"[::]:8700\"")
    };
    let local = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let public: SocketAddr = section.parsed("public", local(8700), address);
    let internal: SocketAddr = section.parsed("internal", local(8701), address);
    // Port 0 lets the system choose, a different one each time.
    let same_host = public.ip() == internal.ip() || public.ip().is_unspecified() || internal.ip().is_unspecified();
    if public.port() == internal.port() && public.port() != 0 && same_host {
        let trouble = format!("is taken by listen.public = \"{public}\"; give it another port");
        section.refuse("internal", Some(format!("\"{internal}\"")), trouble);
    }
    section.finish();
    Listen { public, internal }
}

pub(super) fn limits(mut section: Section<'_>) -> Limits {
    let ten = SignedDuration::from_secs(10);
    let limits = Limits {
        body_bytes: section.number("body_bytes", MIB, 64 * 1024..=64 * MIB),
        header_bytes: section.number("header_bytes", 32 * 1024, LEAST_HEADER_BYTES..=MIB),
        connections: section.number("connections", 1024, 1..=65_536),
        header_timeout: section.duration("header_timeout", ten).unsigned_abs(),
        body_timeout: section.duration("body_timeout", ten).unsigned_abs(),
    };
    section.finish();
    limits
}

pub(super) fn worker(mut section: Section<'_>) -> WorkerSettings {
    let settings = WorkerSettings {
        concurrency: section.number("concurrency", 16, 1..=1024),
        poll_interval: Duration::from_millis(section.number("poll_interval_ms", 500, 10..=60_000)),
        lease: Duration::from_millis(section.number("lease_ms", 2500, 100..=600_000)),
        renew: Duration::from_millis(section.number("renew_ms", 500, 20..=300_000)),
        shutdown_grace: section.duration("shutdown_grace", SignedDuration::from_secs(25)).unsigned_abs(),
        reread_after: section.duration("reread_after", SignedDuration::from_mins(10)),
    };
    if settings.renew * 2 > settings.lease {
        let trouble = format!(
            "is too rare for lease_ms = {}: a claim must survive one missed renewal, so use at most half of it",
            settings.lease.as_millis()
        );
        section.refuse("renew_ms", Some(settings.renew.as_millis().to_string()), trouble);
    }
    section.finish();
    settings
}

pub(super) fn log(mut section: Section<'_>) -> LogSettings {
    let format = section.parsed("format", LogFormat::Auto, |text| {
        [LogFormat::Auto, LogFormat::Text, LogFormat::Json]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or("is no format; use \"auto\", \"text\" or \"json\"")
    });
    let filter = section.parsed("filter", "info".to_owned(), |text| match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("is no log filter; write it like \"info\" or \"info,rekindle=debug\""),
    });
    section.finish();
    LogSettings { format, filter }
}
