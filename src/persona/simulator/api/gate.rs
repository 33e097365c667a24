//! What every API request passes: key, limit, idempotency and faults, in Persona's order. A request that is refused for
//! its key or for the limit never reaches the memory of idempotency keys (<https://docs.withpersona.com/errors>).

use bytes::Bytes;
use serde_json::{Value, json};

use super::call::Call;
use crate::domain::time::Timestamp;
use crate::persona::simulator::dialect::Dialect;
use crate::persona::simulator::faults::{Failure, FailureKind, FailureMoment};
use crate::persona::simulator::idempotency::{Fingerprint, Recall, Remembered};
use crate::persona::simulator::limits::Allowance;
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::requests::RequestRecord;
use crate::persona::simulator::unknowns::{QuotaHeaders, RefusalStatus};
use crate::persona::simulator::world::{EnvironmentHandle, World};

/// Where the API begins.
const BASE: &str = "/api/v1";

/// A request as it came.
pub(in crate::persona::simulator) struct Incoming {
    pub(in crate::persona::simulator) method: String,
    pub(in crate::persona::simulator) path: String,
    pub(in crate::persona::simulator) query: String,
    /// The value of `Authorization`.
    pub(in crate::persona::simulator) authorization: Option<String>,
    pub(in crate::persona::simulator) idempotency_key: Option<String>,
    pub(in crate::persona::simulator) version: Option<String>,
    pub(in crate::persona::simulator) inflection: Option<String>,
    pub(in crate::persona::simulator) body: Bytes,
}

/// What the caller sees.
pub(in crate::persona::simulator) enum Reply {
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: Bytes },
    ConnectionDropped,
}

/// An answer on its way through the gate.
struct Rendered {
    status: u16,
    body: Bytes,
    quota: Option<Allowance>,
    replayed: bool,
}

impl Rendered {
    const fn new(status: u16, body: Bytes) -> Self {
        Self { status, body, quota: None, replayed: false }
    }
}

/// Answers one API request, and logs it.
pub(in crate::persona::simulator) fn answer(world: &mut World, request: &Incoming, now: Timestamp) -> Reply {
    world.tick(now);
    let key = request.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
    let Some(environment) = key.and_then(|key| world.environment_of_key(key.trim())) else {
        let refused = refused(&Refusal::unauthenticated(), Dialect::default());
        log(world, request, None, Some(&refused), now);
        return Reply::Answer { status: refused.status, headers: Vec::new(), body: refused.body };
    };
    let limit = world.settings.requests_per_minute;
    let allowance = world.environment_mut(environment).requests.take(limit, now);
    let rendered = if allowance.granted {
        pass_faults(world, request, environment, now)
    } else {
        let details = format!("You have hit your rate limit of {limit} requests / min.");
        Some(refused(&RefusalStatus::TooManyRequests.because(details), Dialect::default()))
    };
    log(world, request, Some(environment), rendered.as_ref(), now);
    match rendered {
        Some(rendered) => {
            let headers = headers(world, environment, allowance, rendered.quota);
            Reply::Answer { status: rendered.status, headers, body: rendered.body }
        }
        None => Reply::ConnectionDropped,
    }
}

/// Nothing when the connection is dropped.
fn pass_faults(
    world: &mut World,
    request: &Incoming,
    environment: EnvironmentHandle,
    now: Timestamp,
) -> Option<Rendered> {
    let line = format!("{} {}", request.method, request.path);
    let failure = world.faults.draw(&line, &mut world.random);
    let drops = failure.filter(|failure| failure.kind == FailureKind::ConnectionDropped);
    if drops.is_some_and(|failure| failure.moment == FailureMoment::BeforeActing) {
        return None;
    }
    let rendered = recall_or_act(world, request, environment, failure, now);
    drops.is_none().then_some(rendered)
}

fn recall_or_act(
    world: &mut World,
    request: &Incoming,
    environment: EnvironmentHandle,
    failure: Option<Failure>,
    now: Timestamp,
) -> Rendered {
    let key = request.idempotency_key.as_deref().filter(|_| request.method == "POST");
    let Some(key) = key else { return fail_or_act(world, request, environment, failure, now) };
    let fingerprint =
        Fingerprint { path_and_query: format!("{}?{}", request.path, request.query), body: request.body.clone() };
    match world.environment_mut(environment).recall(key, &fingerprint, now) {
        Recall::First => {
            let rendered = fail_or_act(world, request, environment, failure, now);
            let (status, body) = (rendered.status, rendered.body.clone());
            let remembered = Remembered { request: fingerprint, status, body, at: now };
            world.environment_mut(environment).remembered.insert(key.to_owned(), remembered);
            rendered
        }
        Recall::Repetition(status, body) => Rendered { replayed: true, ..Rendered::new(status, body) },
        Recall::Mismatch => {
            let details = "Idempotency key was used with other parameters before";
            refused(&world.unknowns.idempotency_mismatch.because(details), Dialect::default())
        }
    }
}

fn fail_or_act(
    world: &mut World,
    request: &Incoming,
    environment: EnvironmentHandle,
    failure: Option<Failure>,
    now: Timestamp,
) -> Rendered {
    match failure {
        Some(Failure { kind: FailureKind::Status(status), moment }) => {
            if moment == FailureMoment::AfterActing {
                act(world, request, environment, now);
            }
            let refusal = Refusal { status, title: "Service unavailable", details: String::new() };
            refused(&refusal, Dialect::default())
        }
        _ => act(world, request, environment, now),
    }
}

fn act(world: &mut World, request: &Incoming, environment: EnvironmentHandle, now: Timestamp) -> Rendered {
    let quota = (request.method == "POST" && request.path == "/api/v1/inquiries").then(|| {
        let limit = world.settings.creations_per_minute;
        world.environment_mut(environment).creations.take(limit, now)
    });
    if quota.is_some_and(|quota| !quota.granted) {
        let refusal = world.unknowns.quota_refusal.because("The quota of inquiry creations has been exceeded");
        return Rendered { quota, ..refused(&refusal, Dialect::default()) };
    }
    let call = match Call::read(request, environment, world.unknowns.bad_parameters, now) {
        Ok(call) => call,
        Err(refusal) => return Rendered { quota, ..refused(&refusal, Dialect::default()) },
    };
    let path = request.path.strip_prefix(BASE).unwrap_or(&request.path);
    let rendered = match super::route(world, &request.method, path, &call) {
        Ok(answered) => Rendered::new(answered.status, bytes(&call.finish(answered.document))),
        Err(refusal) => refused(&refusal, call.dialect),
    };
    Rendered { quota, ..rendered }
}

fn refused(refusal: &Refusal, dialect: Dialect) -> Rendered {
    let mut error = json!({ "title": refusal.title });
    if !refusal.details.is_empty() {
        error["details"] = json!(refusal.details);
    }
    Rendered::new(refusal.status, bytes(&dialect.rewrite(json!({ "errors": [error] }))))
}

fn bytes(document: &Value) -> Bytes {
    Bytes::from(document.to_string())
}

fn headers(
    world: &mut World,
    environment: EnvironmentHandle,
    allowance: Allowance,
    quota: Option<Allowance>,
) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("ratelimit-limit", allowance.limit.to_string()),
        ("ratelimit-remaining", allowance.remaining.to_string()),
        ("ratelimit-reset", allowance.seconds_to_reset.to_string()),
        ("request-id", world.random.id("req")),
        ("persona-environment-id", world.environment(environment).id.clone()),
        ("persona-organization-id", world.organization_id.clone()),
    ];
    if let Some(quota) = quota {
        let names = match world.unknowns.quota_headers {
            QuotaHeaders::Quota => ["quota-limit", "quota-remaining", "quota-reset"],
            QuotaHeaders::QuotaLimit => ["quotalimit-limit", "quotalimit-remaining", "quotalimit-reset"],
        };
        let values = [quota.limit.to_string(), quota.remaining.to_string(), quota.seconds_to_reset.to_string()];
        headers.extend(names.into_iter().zip(values));
    }
    headers
}

fn log(
    world: &mut World,
    request: &Incoming,
    environment: Option<EnvironmentHandle>,
    rendered: Option<&Rendered>,
    now: Timestamp,
) {
    let record = RequestRecord {
        at: now,
        environment: environment.map(|environment| world.environment(environment).name.clone()),
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        idempotency_key: request.idempotency_key.clone(),
        status: rendered.map(|rendered| rendered.status),
        replayed: rendered.is_some_and(|rendered| rendered.replayed),
    };
    world.log_request(record);
}
