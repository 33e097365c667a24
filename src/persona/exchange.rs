//! One HTTP exchange with Persona: the headers every call carries, a bounded body, the budget, the span.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Request, RequestBuilder, Response, redirect};
use serde_json::Value;
use tracing::Span;
use url::Url;

use crate::clock::Clock;
use crate::domain::budget::{Told, Urgency};
use crate::persona::budget::{self, Busy, Gate, Gauge, Pass};
use crate::persona::date::Ahead;
use crate::persona::error::PersonaError;
use crate::persona::request::IdempotencyKey;
use crate::persona::settings::{ClientSettings, InvalidSettings};
use crate::persona::wire;
use crate::tls;

/// Largest answer that is read. A page of 100 inquiries is well under 1 MiB; without a bound a broken server could
/// fill the memory.
pub(super) const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// One client's exchanges, as urgent as it is.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    shared: Arc<Shared>,
    urgency: Urgency,
}

/// What all clones of a client share.
#[derive(Debug)]
struct Shared {
    http: Client,
    base: Url,
    gauge: Gauge,
    ahead: Ahead,
    gate: Arc<dyn Gate>,
    clock: Clock,
    /// Set once the key has shown that it may not include templates.
    without_include: AtomicBool,
}

/// An answer of success.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: Option<String>,
    pub(super) body: Value,
}

impl Answer {
    /// The error for an answer that lacks what was asked for.
    pub(super) fn malformed(&self, lacks: &'static str) -> PersonaError {
        PersonaError::Malformed { status: self.status, lacks, request_id: self.request_id.clone() }
    }
}

impl Exchange {
    pub(super) fn new(settings: &ClientSettings, clock: Clock, gate: Arc<dyn Gate>) -> Result<Self, InvalidSettings> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, settings.authorization()?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("persona-version"), settings.version_header()?);
        headers.insert(HeaderName::from_static("key-inflection"), HeaderValue::from_static("kebab"));
        tls::install();
        let base = settings.checked_url()?;
        let http = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("rekindle/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout);
        let http = if tls::is_plain(&base) { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| InvalidSettings::Tls(error.to_string()))?;
        let (gauge, ahead, without_include) = (Gauge::default(), Ahead::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { http, base, gauge, ahead, gate, clock, without_include });
        Ok(Self { shared, urgency: Urgency::Reminder })
    }

    /// The same, as urgent as that.
    pub(super) fn at(&self, urgency: Urgency) -> Self {
        Self { shared: Arc::clone(&self.shared), urgency }
    }

    pub(super) fn budget(&self) -> Option<Told> {
        self.shared.gauge.read()
    }

    /// How far our clock is ahead of the one of Persona's last answer; negative when it is behind.
    pub(super) fn ahead(&self) -> Option<SignedDuration> {
        self.shared.ahead.read()
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(super) fn includes(&self) -> bool {
        !self.shared.without_include.load(Ordering::Relaxed)
    }

    pub(super) fn never_include_again(&self) {
        self.shared.without_include.store(true, Ordering::Relaxed);
    }

    /// A read: what `query` holds is percent-encoded.
    pub(super) async fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Answer, PersonaError> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(path, self.shared.http.request(Method::GET, url)).await
    }

    /// A question that needs a body. It takes no effect, so it carries no idempotency key: under one, Persona would
    /// give yesterday's answer again.
    pub(super) async fn ask(&self, path: &[&str], body: &Value) -> Result<Answer, PersonaError> {
        self.send(path, self.shared.http.request(Method::POST, self.url(path)?).json(body)).await
    }

    /// A call that takes effect, at most once under its key.
    pub(super) async fn post(
        &self,
        path: &[&str],
        body: Option<&Value>,
        key: &IdempotencyKey,
    ) -> Result<Answer, PersonaError> {
        let key = HeaderValue::from_bytes(key.as_str().as_bytes())
            .map_err(|_| PersonaError::Unaskable("the idempotency key is no header value"))?;
        let request = self.shared.http.request(Method::POST, self.url(path)?).header("Idempotency-Key", key);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.send(path, request).await
    }

    /// A change that comes to the same however often it is made: Persona keeps keys for `POST` only.
    pub(super) async fn patch(&self, path: &[&str], body: &Value) -> Result<Answer, PersonaError> {
        self.send(path, self.shared.http.request(Method::PATCH, self.url(path)?).json(body)).await
    }

    fn url(&self, path: &[&str]) -> Result<Url, PersonaError> {
        // The URL standard drops dot segments, which would turn one inquiry's address into another resource's.
        if path.iter().any(|segment| matches!(*segment, "." | "..")) {
            return Err(PersonaError::Unaskable("the id is no path segment"));
        }
        let mut url = self.shared.base.clone();
        url.path_segments_mut()
            .map_err(|()| PersonaError::Unaskable("api_url takes no path"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    async fn send(&self, path: &[&str], request: RequestBuilder) -> Result<Answer, PersonaError> {
        let span = Span::current();
        let clock = self.clock();
        let began = clock.now();
        let pass = Pass::through(&self.shared.gate, self.urgency, began).await;
        let pass = pass.map_err(|Busy { wait }| PersonaError::Busy { wait })?;
        let request = request.build().map_err(|_| PersonaError::Unaskable("it is no request"))?;
        let (method, sent) = (request.method().as_str().to_owned(), tokio::time::Instant::now());
        let answer = self.exchange(request, pass, &span).await;
        metrics::histogram!("rekindle_persona_call_seconds",
            "method" => method, "route" => route(path), "outcome" => outcome(&answer))
        .record(sent.elapsed().as_secs_f64());
        span.record("elapsed_ms", i64::try_from(clock.now().since(began).as_millis()).unwrap_or(i64::MAX));
        answer
    }

    async fn exchange(&self, request: Request, pass: Pass, span: &Span) -> Result<Answer, PersonaError> {
        let response = self.shared.http.execute(request).await.map_err(|error| unanswered(&error))?;
        let (status, now) = (response.status().as_u16(), self.clock().now());
        let told = self.shared.gauge.note(response.headers(), now);
        self.shared.ahead.note(response.headers(), now);
        pass.answered(status, response.headers(), told, now);
        let request_id = response.headers().get("Request-Id").and_then(request_id);
        span.record("status", status);
        if let Some(id) = &request_id {
            span.record("request_id", id.as_str());
        }
        let success = response.status().is_success();
        let wait = asked_wait(status, response.headers());
        let body = read(response).await;
        if !success {
            return Err(wire::refusal(status, &body.ok().flatten().unwrap_or_default(), request_id, wait).into());
        }
        let mut answer = Answer { status, request_id, body: Value::Null };
        let body = body?.ok_or_else(|| answer.malformed("its body is larger than 4 MiB"))?;
        answer.body = serde_json::from_slice(&body).map_err(|_| answer.malformed("its body is not JSON"))?;
        Ok(answer)
    }
}

/// What of a path is not an id.
const WORDS: [&str; 13] = [
    "inquiries",
    "inquiry-sessions",
    "inquiry-templates",
    "events",
    "webhooks",
    "search",
    "resume",
    "expire",
    "generate-one-time-link",
    "enable",
    "disable",
    "rotate-secret",
    "accounts",
];

/// A path without its ids, for metrics: `/inquiries/{id}/resume`.
fn route(path: &[&str]) -> String {
    path.iter().fold(String::new(), |route, part| route + "/" + if WORDS.contains(part) { part } else { "{id}" })
}

/// What came of a call, in a word for metrics.
fn outcome(answer: &Result<Answer, PersonaError>) -> &'static str {
    match answer {
        Ok(_) => "2xx",
        Err(PersonaError::Timeout) => "timeout",
        Err(PersonaError::Malformed { .. }) => "malformed",
        Err(error) => match error.status() {
            Some(429) => "429",
            Some(400..=499) => "4xx",
            Some(_) => "5xx",
            None => "unreachable",
        },
    }
}

/// `RateLimit-Reset` is on every answer, so it is a wait only where the limit is what refused. `Retry-After` is not
/// documented, but gateways on the way send it.
fn asked_wait(status: u16, headers: &HeaderMap) -> Option<u32> {
    let reset = budget::number(headers, budget::RESET).filter(|_| status == 429);
    reset.or_else(|| budget::number(headers, RETRY_AFTER.as_str()))
}

/// The body, in bounded pieces; `None` when it is too large.
async fn read(mut response: Response) -> Result<Option<Vec<u8>>, PersonaError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| unanswered(&error))? {
        if body.len() + piece.len() > MAX_ANSWER_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

/// reqwest's own text would name the URL.
fn unanswered(error: &reqwest::Error) -> PersonaError {
    if error.is_timeout() {
        PersonaError::Timeout
    } else if error.is_connect() {
        PersonaError::Unreachable("no connection")
    } else {
        PersonaError::Unreachable("the connection broke")
    }
}

/// A request id, when it looks like one: it goes into logs and errors.
fn request_id(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let usual = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    usual.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_holds_no_id() {
        assert_eq!(route(&["inquiries", "inq_1", "resume"]), "/inquiries/{id}/resume");
        assert_eq!(route(&["inquiries", "search"]), "/inquiries/search");
        assert_eq!(route(&["webhooks", "wbh_1", "rotate-secret"]), "/webhooks/{id}/rotate-secret");
    }

    #[test]
    fn an_outcome_is_a_word() {
        let said =
            [PersonaError::Timeout, PersonaError::Unreachable("no connection")].map(|error| outcome(&Err(error)));
        assert_eq!(said, ["timeout", "unreachable"]);
    }
}
