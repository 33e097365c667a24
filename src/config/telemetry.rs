//! Where traces go, for those who want any.

use url::Url;

use super::address;
use super::reader::Section;

/// Where traces go.
#[derive(Clone, PartialEq)]
pub struct Telemetry {
    /// Where an OpenTelemetry collector takes OTLP over HTTP, with its path; none, and there are no traces. Can hold secrets, so
    /// `Debug` shows its host only.
    pub otlp_endpoint: Option<Url>,
    /// Of how many deliveries and actions there are traces, in per cent.
    pub sample_percent: u8,
    /// What this installation is called there.
    pub service_name: String,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { otlp_endpoint, sample_percent, service_name } = self;
        let endpoint = otlp_endpoint.as_ref().map(address::origin);
        f.debug_struct("Telemetry")
            .field("otlp_endpoint", &endpoint)
            .field("sample_percent", sample_percent)
            .field("service_name", service_name)
            .finish()
    }
}

/// Where a collector's traces go. Plain `http` is fine: there is nothing of people in traces, and collectors stand on
/// private networks.
fn collector(text: &str) -> Result<Url, &'static str> {
    const FORM: &str = "is no collector's address; write it like \"http://127.0.0.1:4318\"";
    let mut url = Url::parse(text).map_err(|_| FORM)?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(FORM);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password; put headers into OTEL_EXPORTER_OTLP_HEADERS instead");
    }
    if url.fragment().is_some() {
        return Err("holds a # part, which is never sent; leave it out");
    }
    if url.path() == "/" {
        url.set_path("/v1/traces");
    }
    Ok(url)
}

pub(super) fn telemetry(mut section: Section<'_>) -> Telemetry {
    let reading = section.reading;
    let otlp_endpoint = section.text("otlp_endpoint").and_then(|entry| {
        let refuse = |trouble| reading.refuse(&entry.place, Some(address::shown(&entry.text)), trouble);
        collector(&entry.text).map_err(refuse).ok()
    });
    let telemetry = Telemetry {
        otlp_endpoint,
        sample_percent: section.number("sample_percent", 100, 1..=100),
        service_name: section.parsed("service_name", "rekindle".to_owned(), |text| {
            let usable = !text.is_empty() && text.len() <= 64 && !text.chars().any(char::is_control);
            if usable { Ok(text.to_owned()) } else { Err("is no name; use at most 64 letters") }
        }),
    };
    section.finish();
    telemetry
}
