//! Events: what happened, kept as the API would have shown the object at that moment
//! (<https://docs.withpersona.com/events>).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::times::{whole_millisecond, written};
use super::webhook::Included;
use super::world::{EnvironmentHandle, World};
use super::{payload, render};
use crate::domain::ids::{EventId, InquiryId, SessionId};
use crate::domain::time::Timestamp;

/// An event in its newest shape, with kebab keys.
pub(super) struct Event {
    pub(super) id: EventId,
    pub(super) sequence: u64,
    pub(super) environment: EnvironmentHandle,
    pub(super) name: &'static str,
    /// The id of the object it is about.
    pub(super) object: String,
    pub(super) created_at: Timestamp,
    /// As JSON text, which takes a fraction of the room.
    payload: String,
}

/// What is about to become an event.
pub(super) struct Occurrence<'a> {
    pub(super) environment: EnvironmentHandle,
    pub(super) name: &'static str,
    pub(super) object: &'a str,
    /// The object, and what may stand in `included`.
    pub(super) payload: (Value, Vec<Value>),
    pub(super) at: Timestamp,
}

/// All events, the oldest first.
#[derive(Default)]
pub(super) struct Events {
    all: Vec<Event>,
    by_id: HashMap<EventId, usize>,
}

impl Events {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Event> {
        self.all.iter()
    }

    pub(super) fn get(&self, id: &EventId) -> Option<&Event> {
        self.by_id.get(id).and_then(|at| self.all.get(*at))
    }

    fn push(&mut self, event: Event) {
        self.by_id.insert(event.id.clone(), self.all.len());
        self.all.push(event);
    }
}

impl Event {
    /// The object as it was.
    pub(super) fn object_as_it_was(&self) -> Value {
        self.payload()["data"].take()
    }

    /// The object as it was, with its related objects where the webhook of that time was to see any.
    pub(super) fn payload(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap_or_else(|_| unreachable!("an event is kept as the JSON it was"))
    }

    /// The event as a document, with this payload.
    pub(super) fn document(&self, payload: &Value) -> Value {
        json!({
            "type": "event",
            "id": self.id.as_str(),
            "attributes": { "name": self.name, "payload": payload, "created-at": written(self.created_at) },
        })
    }
}

impl World {
    /// Keeps an event, and puts it on its way when the environment's webhook wants it.
    pub(super) fn record(&mut self, occurrence: Occurrence<'_>) {
        let id = self.random.mint("evt", EventId::parse);
        let (object_as_it_was, included) = occurrence.payload;
        let payload = json!({ "data": object_as_it_was, "included": included }).to_string();
        let event = Event {
            id: id.clone(),
            sequence: self.next_sequence(),
            environment: occurrence.environment,
            name: occurrence.name,
            object: occurrence.object.to_owned(),
            created_at: whole_millisecond(occurrence.at),
            payload,
        };
        let webhooks = self.environment(occurrence.environment).webhooks.iter();
        let wanting = webhooks.filter(|webhook| payload::is_wanted(&event, &webhook.settings));
        let bodies: Vec<_> =
            wanting.map(|webhook| (webhook.id.clone(), payload::body(&event, &webhook.settings))).collect();
        for (webhook, body) in bodies {
            self.deliveries.schedule(&event, webhook, body, occurrence.at);
        }
        self.events.push(event);
    }

    /// Puts an event on its way once more, as the Dashboard's resend does.
    pub(super) fn resend(&mut self, id: &EventId, now: Timestamp) -> Result<(), Refusal> {
        let event = self.events.get(id).ok_or_else(Refusal::not_found)?;
        let webhooks = &self.environment(event.environment).webhooks;
        let webhook = webhooks.first().ok_or_else(|| Refusal::conflict("The environment has no webhook"))?;
        let (webhook, body) = (webhook.id.clone(), payload::body(event, &webhook.settings));
        self.deliveries.schedule(event, webhook, body, now);
        Ok(())
    }

    pub(super) fn announce_inquiry(
        &mut self,
        id: &InquiryId,
        name: &'static str,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let inquiry = self.inquiry(id)?;
        let environment = inquiry.environment;
        let shows_related = self.shows_related(environment);
        let payload = (render::inquiry(self, inquiry), render::related_to_inquiry(self, inquiry, |_| shows_related));
        self.record(Occurrence { environment, name, object: id.as_str(), payload, at });
        Ok(())
    }

    pub(super) fn announce_session(&mut self, id: &SessionId, name: &'static str, at: Timestamp) {
        let Some(session) = self.sessions.get(id) else { return };
        let environment = session.environment;
        let inquiry = self.inquiries.get(&session.inquiry).filter(|_| self.shows_related(environment));
        let related = inquiry.map(|inquiry| render::inquiry(self, inquiry)).into_iter().collect();
        let payload = (render::session(session), related);
        self.record(Occurrence { environment, name, object: id.as_str(), payload, at });
    }

    fn shows_related(&self, environment: EnvironmentHandle) -> bool {
        let webhooks = &self.environment(environment).webhooks;
        webhooks.iter().any(|webhook| webhook.settings.included != Included::None)
    }
}
