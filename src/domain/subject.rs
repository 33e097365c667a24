//! Whom a payload is about: what its key goes by, and goes with.
//!
//! People's data is sealed under one key per subject, so that destroying the key erases what was sealed under it.

use std::fmt;

use serde_json::Value;

use crate::domain::ids::{AccountId, EventId, InquiryId, ReferenceId, WebhookId};
use crate::domain::resource::{get, id_of, is, path, related};

/// The longest kind of a resource that becomes part of a name, in bytes.
const MAX_KIND_BYTES: usize = 64;

const INQUIRY: &str = "inquiry/";
const ACCOUNT: &str = "account/";

/// The subject of a payload, within an environment: `inquiry/inq_…`, `account/act_…`, or whatever else it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId(String);

impl SubjectId {
    /// An inquiry, with everything that was said in its course.
    #[must_use]
    pub fn inquiry(id: &InquiryId) -> Self {
        Self(format!("{INQUIRY}{id}"))
    }

    /// An account.
    #[must_use]
    pub fn account(id: &AccountId) -> Self {
        Self(format!("{ACCOUNT}{id}"))
    }

    /// An event of which nobody knows whom it is about.
    #[must_use]
    pub fn event(id: &EventId) -> Self {
        Self(format!("event/{id}"))
    }

    /// A webhook, whose secrets are sealed.
    #[must_use]
    pub fn webhook(id: &WebhookId) -> Self {
        Self(format!("webhook/{id}"))
    }

    /// Somebody as they are reached, by whose person they are and the application's name for them.
    #[must_use]
    pub fn addressee(customer: &str, reference_id: &ReferenceId) -> Self {
        Self(format!("addressee/{customer}/{reference_id}"))
    }

    /// A subject as it was stored.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The inquiry it is, if it is one.
    #[must_use]
    pub fn as_inquiry(&self) -> Option<&str> {
        self.0.strip_prefix(INQUIRY)
    }

    /// The account it is, if it is one.
    #[must_use]
    pub fn as_account(&self) -> Option<AccountId> {
        AccountId::parse(self.0.strip_prefix(ACCOUNT)?).ok()
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom a payload is about, and whether it says that Persona erased what it knew of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// `None` where the payload does not say.
    pub subject: Option<SubjectId>,
    /// Whether it was redacted (<https://docs.withpersona.com/model-lifecycle>).
    pub redacted: bool,
}

/// Reads whom an event's payload is about: the inquiry it is, or belongs to; else such an account; else the object.
#[must_use]
pub fn about(name: &str, payload: &Value, inquiry: Option<&InquiryId>) -> About {
    let object = get(payload, "data").unwrap_or(&Value::Null);
    let itself = itself(object);
    let of_inquiry = || inquiry.cloned().or_else(|| related(object, "inquiry", InquiryId::parse).flatten());
    let of_account = || related(object, "account", AccountId::parse).flatten();
    let subject = of_inquiry()
        .map(|id| SubjectId::inquiry(&id))
        .or_else(|| itself.clone().filter(|own| own.as_inquiry().is_some()))
        .or_else(|| of_account().map(|id| SubjectId::account(&id)))
        .or_else(|| itself.clone());
    let said =
        name.ends_with(".redacted") || path(object, &["attributes", "redacted-at"]).is_some_and(Value::is_string);
    // What was erased of a document says nothing of the inquiry it belongs to.
    About { redacted: said && subject.is_some() && subject == itself, subject }
}

/// Whether a reference id looks like an e-mail address or a phone number. Persona advises against such ids, and they
/// are stored in the clear (<https://docs.withpersona.com/accounts>).
#[must_use]
pub fn looks_personal(reference_id: &str) -> bool {
    let address = reference_id.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !reference_id.contains(char::is_whitespace)
    });
    let digits = reference_id.chars().filter(char::is_ascii_digit).count();
    let dialled = reference_id.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
    let written = reference_id.starts_with('+') || reference_id.contains(['(', ' ']);
    address || (dialled && written && (8..=15).contains(&digits))
}

/// The object as a subject of its own. Kinds come in the casing of the webhook.
fn itself(object: &Value) -> Option<SubjectId> {
    if is(object, "inquiry") {
        return id_of(object, InquiryId::parse).map(|id| SubjectId::inquiry(&id));
    }
    let kind = get(object, "type").and_then(Value::as_str)?;
    if kind.is_empty() || kind.len() > MAX_KIND_BYTES || kind.chars().any(char::is_control) {
        return None;
    }
    let letters = kind.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase());
    let id = id_of(object, EventId::parse)?;
    Some(SubjectId(format!("{}/{id}", letters.collect::<String>())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_and_numbers_are_told_from_opaque_ids() {
        for text in ["ada@example.com", "ada+1@mail.example.com", "+49 30 12345678", "+493012345678", "(030) 1234 5678"]
        {
            assert!(looks_personal(text), "{text}");
        }
        for text in
            ["customer-17", "8f14e45f-ceea-467f-a0e6-b0f4a1c2d3e4", "4930123456", "user@17", "@example.com", "+1"]
        {
            assert!(!looks_personal(text), "{text}");
        }
    }

    #[test]
    fn a_payload_is_about_an_inquiry_before_an_account_before_itself() {
        let linked = |kind: &str, id: &str| json!({ "data": { "type": kind, "id": id } });
        let (inquiry, account) = (linked("inquiry", "inq_1"), linked("account", "act_1"));
        let now = "2026-03-02T09:00:00Z";
        for (name, data, subject, redacted) in [
            (
                "inquiry.created",
                json!({ "type": "inquiry", "id": "inq_1", "relationships": { "account": account } }),
                "inquiry/inq_1",
                false,
            ),
            ("inquiry.redacted", json!({ "type": "inquiry", "id": "inq_1" }), "inquiry/inq_1", true),
            (
                "inquiry.approved",
                json!({ "type": "inquiry", "id": "inq_1", "attributes": { "redactedAt": now } }),
                "inquiry/inq_1",
                true,
            ),
            (
                "verification.passed",
                json!({ "type": "verification/government-id", "id": "ver_1", "relationships": { "inquiry": inquiry } }),
                "inquiry/inq_1",
                false,
            ),
            (
                "document.redacted",
                json!({ "type": "document", "id": "doc_1", "relationships": { "inquiry": inquiry } }),
                "inquiry/inq_1",
                false,
            ),
            (
                "report/watchlist.ready",
                json!({ "type": "report/watchlist", "id": "rep_1", "relationships": { "inquiry": { "data": null }, "account": account } }),
                "account/act_1",
                false,
            ),
            ("account.redacted", json!({ "type": "account", "id": "act_1" }), "account/act_1", true),
            (
                "account.created",
                json!({ "type": "Account", "id": "act_1", "attributes": { "redacted-at": null } }),
                "account/act_1",
                false,
            ),
            ("transaction.created", json!({ "type": "transactionLog", "id": "txn_1" }), "transactionlog/txn_1", false),
        ] {
            let about = about(name, &json!({ "data": data }), None);
            assert_eq!(
                (about.subject.as_ref().map(SubjectId::as_str), about.redacted),
                (Some(subject), redacted),
                "{name}"
            );
        }
        for data in
            [json!(null), json!({ "type": "thing" }), json!({ "type": 1, "id": "x" }), json!({ "type": "", "id": "x" })]
        {
            assert_eq!(about("a.redacted", &json!({ "data": data }), None), About { subject: None, redacted: false });
        }
        let session = json!({ "data": { "type": "inquiry-session", "id": "iqse_1" } });
        let about = about("inquiry-session.started", &session, InquiryId::parse("inq_1").ok().as_ref());
        assert_eq!(about.subject.unwrap().as_inquiry(), Some("inq_1"));
    }
}
