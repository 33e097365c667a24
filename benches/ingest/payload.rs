//! Deliveries of about 3 KB, in the shape of Persona's, about invented people.

use std::fmt::Write as _;

use rekindle::domain::signature::sign;
use rekindle::domain::time::Timestamp;
use serde_json::{Value, json};

pub const SECRET: &str = "wbhsec_11111111-2222-3333-4444-555555555555";
pub const ENVIRONMENT: &str = "sandbox";

/// Length of a body, in bytes.
const BODY_BYTES: usize = 3 * 1024;

/// Inquiries whose events are told in turns: far more than fit one batch.
const IN_TURNS: usize = 1_000;

/// How events and inquiries relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Each event is about an inquiry of its own.
    Distinct,
    /// Five events tell the life of each inquiry.
    FiveEach,
}

const LIFE: [(&str, &str); 5] = [
    ("inquiry.created", "created"),
    ("inquiry.started", "pending"),
    ("inquiry.transitioned", "pending"),
    ("inquiry.completed", "completed"),
    ("inquiry.approved", "approved"),
];

impl Shape {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distinct => "distinct inquiries",
            Self::FiveEach => "5 events each",
        }
    }

    /// Which inquiry the delivery of a number is about, and which moment of its life.
    const fn place(self, number: usize) -> (usize, usize) {
        match self {
            Self::Distinct => (number, 0),
            Self::FiveEach => {
                let (block, within) = (number / (IN_TURNS * 5), number % (IN_TURNS * 5));
                (block * IN_TURNS + within % IN_TURNS, within / IN_TURNS)
            }
        }
    }
}

/// The body of a delivery; `run` keeps the ids of several loads apart.
fn body(shape: Shape, run: u64, number: usize, now: Timestamp) -> Vec<u8> {
    let (inquiry, moment) = shape.place(number);
    let (name, status) = LIFE[moment];
    let created = now.minus(jiff::SignedDuration::from_secs(60));
    #[expect(clippy::cast_possible_wrap, reason = "a moment is less than five")]
    let at = created.plus(jiff::SignedDuration::from_secs(moment as i64));
    let text = |value: String| json!({ "type": "string", "value": value });
    let over = moment >= 3;
    let mut body = json!({ "data": {
        "type": "event",
        "id": format!("evt_{run:x}N{number:020}"),
        "attributes": {
            "name": name,
            "created-at": at.to_string(),
            "redacted-at": null,
            "payload": { "data": {
                "type": "inquiry",
                "id": format!("inq_{run:x}N{inquiry:020}"),
                "attributes": {
                    "status": status,
                    "reference-id": format!("customer-{run:x}-{inquiry}"),
                    "note": null, "behaviors": {}, "tags": [], "creator": "API", "reviewer-comment": null,
                    "created-at": created.to_string(), "updated-at": at.to_string(),
                    "started-at": (moment > 0).then(|| at.to_string()),
                    "expires-at": (!over).then(|| created.plus(jiff::SignedDuration::from_hours(24)).to_string()),
                    "completed-at": over.then(|| at.to_string()),
                    "failed-at": null, "marked-for-review-at": null, "decisioned-at": null, "expired-at": null,
                    "redacted-at": null, "previous-step-name": null, "next-step-name": format!("step_{moment}"),
                    "fields": {},
                },
                "relationships": {
                    "account": { "data": { "type": "account", "id": format!("act_{run:x}N{inquiry:020}") } },
                    "template": { "data": null },
                    "inquiry-template": { "data": { "type": "inquiry-template", "id": "itmpl_9fQxTnW3bKc7LrVd2MhYpGsE" } },
                    "inquiry-template-version":
                        { "data": { "type": "inquiry-template-version", "id": "itmplv_3hZsKq8NvRt5WcXy7JbDmFgP" } },
                    "verifications": { "data": [] }, "sessions": { "data": [] }, "documents": { "data": [] },
                },
            } },
        },
    } });
    // What people filled in makes up the length: no two alike, as compressible as names and addresses are.
    let mut field = 0;
    while serde_json::to_vec(&body).unwrap().len() < BODY_BYTES - 90 {
        let fields = &mut body["data"]["attributes"]["payload"]["data"]["attributes"]["fields"];
        fields[format!("field-number-{field}")] = text(invented(number, field));
        field += 1;
    }
    let short = BODY_BYTES.saturating_sub(serde_json::to_vec(&body).unwrap().len() + 2);
    body["data"]["attributes"]["payload"]["data"]["attributes"]["note"] = Value::String("x".repeat(short));
    serde_json::to_vec(&body).unwrap()
}

/// A text of about 20 letters that no other field has.
fn invented(number: usize, field: usize) -> String {
    let mut seed = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(field as u64 + 1);
    let mut text = String::new();
    for _ in 0..20 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let letter = b"etaoin shrdlucmfwypvbgkqjxz"[usize::try_from(seed % 27).unwrap()];
        let _ = write!(text, "{}", char::from(letter));
    }
    text
}

/// The whole HTTP request of a delivery.
pub fn request(shape: Shape, run: u64, number: usize, now: Timestamp) -> Vec<u8> {
    let body = body(shape, run, number, now);
    let signature = sign(&body, SECRET.as_bytes(), now);
    let mut request = format!(
        "POST /webhooks/persona/{ENVIRONMENT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Persona-Signature: {signature}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(&body);
    request
}
