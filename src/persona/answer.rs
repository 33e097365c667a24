//! What Persona answers, in domain words.

use std::fmt;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::domain::event::{Event, Unreadable};
use crate::domain::ids::SessionId;
use crate::domain::observation::Snapshot;
use crate::domain::resource::{id_of, path};
use crate::domain::template::Template;
use crate::domain::time::Timestamp;

/// An inquiry as read, and its template where the key may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The inquiry.
    pub inquiry: Snapshot,
    /// Its template with the latest published version. `observed_at` is our clock at the answer: Persona's
    /// templates carry no time.
    pub template: Option<Template>,
}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, Id> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins, when there is one.
    pub next: Option<Id>,
    /// How many items were left out because they had no usable id.
    pub unreadable: usize,
}

/// An inquiry that was resumed.
#[derive(Debug, Clone)]
pub struct Resumed {
    /// The inquiry, pending again.
    pub inquiry: Snapshot,
    /// Lets its bearer into the flow.
    pub session_token: SecretString,
}

/// A fresh way in: single use, with five minutes' grace (<https://docs.withpersona.com/inquiry-one-time-links>).
#[derive(Debug, Clone)]
pub struct OneTimeLink {
    /// The link.
    pub link: SecretString,
    /// Its short form, where Persona gave one.
    pub short: Option<SecretString>,
    /// The inquiry, where the answer carried it.
    pub inquiry: Option<Snapshot>,
}

/// A session of an inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// How far it is.
    pub status: SessionStatus,
}

/// How far a session is. Persona may add values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// Made, and nobody has come yet.
    New,
    /// A device opened it.
    Active,
    /// It lets nobody in: expired, or of a status we do not know.
    Dead,
}

/// Values of an inquiry's fields by name: people's data, so `Debug` counts them only.
#[derive(Clone, Default, PartialEq)]
pub struct Fields(pub Map<String, Value>);

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fields").field(&self.0.len()).finish()
    }
}

/// One event as the API gives it: the same shape as a webhook's body, so it is stored and read like one.
#[derive(Clone, PartialEq)]
pub struct EventBody(Value);

impl EventBody {
    /// Takes an event resource, which a webhook would carry as its `data`.
    pub(super) fn of(resource: &Value) -> Self {
        let mut body = serde_json::Map::new();
        body.insert("data".to_owned(), resource.clone());
        Self(Value::Object(body))
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// The body as bytes, as a webhook would bring it.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    /// The event in it.
    ///
    /// # Errors
    /// [`Unreadable`], as for a webhook.
    pub fn parse(&self, received_at: Timestamp) -> Result<Event, Unreadable> {
        Event::of(&self.0, received_at)
    }
}

/// Payloads hold people's data, so only id and name are shown.
impl fmt::Debug for EventBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = path(&self.0, &["data"]).unwrap_or(&Value::Null);
        let id = id_of(event, crate::domain::ids::EventId::parse);
        let name = path(event, &["attributes", "name"]).and_then(Value::as_str);
        f.debug_struct("EventBody").field("id", &id).field("name", &name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_body_reads_like_a_webhook_and_shows_no_payload() {
        let body = EventBody::of(&json!({ "type": "event", "id": "evt_1", "attributes": {
            "name": "inquiry.started", "payload": { "data": { "type": "inquiry", "id": "inq_1",
            "attributes": { "fields": { "name-first": { "type": "string", "value": "Ada" } } } } } } }));
        let event = body.parse(Timestamp::from_second(5)).unwrap();
        assert_eq!(event.id.as_str(), "evt_1");
        assert_eq!(Event::parse(&body.bytes(), Timestamp::from_second(5)).unwrap(), event);
        assert!(!format!("{body:?}").contains("Ada"), "{body:?}");
    }
}
