//! What the handle shows of the simulated Persona.

use std::fmt;

use secrecy::SecretString;

use super::deliveries::DeliveryState;
use super::sessions::SessionStatus;
use super::world::World;
use crate::domain::ids::{AccountId, EventId, InquiryId, SessionId, TemplateId, TemplateVersionId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// An inquiry as it is now.
#[derive(Debug, Clone)]
pub struct InquiryView {
    /// Its id.
    pub id: InquiryId,
    /// The name of its environment.
    pub environment: String,
    /// Its status.
    pub status: Status,
    /// Its template.
    pub template: TemplateId,
    /// The version it is locked to.
    pub version: TemplateVersionId,
    /// Its account.
    pub account: Option<AccountId>,
    /// The application's name for the person.
    pub reference_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Its deadline, while it is open.
    pub expires_at: Option<Timestamp>,
    /// When it expired.
    pub expired_at: Option<Timestamp>,
    /// When it was redacted.
    pub redacted_at: Option<Timestamp>,
    /// The step the person is to take next.
    pub next_step: Option<String>,
    /// Its sessions, the oldest first.
    pub sessions: Vec<SessionView>,
    /// Its one-time links, the oldest first.
    pub links: Vec<LinkView>,
    /// Its plain link, which works while it is `created`.
    pub plain_link: SecretString,
}

/// A session as it is now.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// Its status.
    pub status: SessionStatus,
    /// When its token and links die.
    pub expires_at: Timestamp,
    /// The plain link with its token.
    pub link: SecretString,
}

/// A one-time link as it is now.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// The session it leads into.
    pub session: SessionId,
    /// The link.
    pub url: SecretString,
    /// Its short form.
    pub short_url: SecretString,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it dies unless its session dies first.
    pub expires_at: Timestamp,
    /// When it was first used.
    pub first_used_at: Option<Timestamp>,
}

/// An event that happened.
#[derive(Clone, PartialEq)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// The name of its environment.
    pub environment: String,
    /// Its name, such as `inquiry.created`.
    pub name: &'static str,
    /// The id of the object it is about.
    pub object: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// The object as it was, in the newest version with kebab keys; holds people's data.
    pub payload: serde_json::Value,
}

/// A delivery that is not settled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// The event it carries.
    pub event: EventId,
    /// The event's name.
    pub name: &'static str,
    /// The name of its environment.
    pub environment: String,
    /// How many attempts were made.
    pub attempts_made: usize,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// How far it is.
    pub state: DeliveryState,
}

impl fmt::Debug for EventView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {} at {}", self.id, self.name, self.object, self.created_at)
    }
}

impl World {
    pub(super) fn view(&self, id: &InquiryId) -> Option<InquiryView> {
        let inquiry = self.inquiries.get(id)?;
        let sessions = inquiry.sessions.iter().filter_map(|id| self.sessions.get(id)).map(|session| SessionView {
            id: session.id.clone(),
            status: session.status,
            expires_at: session.expires_at,
            link: self.plain_link(id, Some(session)),
        });
        Some(InquiryView {
            id: id.clone(),
            environment: self.environment(inquiry.environment).name.clone(),
            status: inquiry.status.clone(),
            template: inquiry.template.clone(),
            version: inquiry.version.clone(),
            account: inquiry.account.clone(),
            reference_id: inquiry.reference_id.clone(),
            created_at: inquiry.times.created_at,
            updated_at: inquiry.times.updated_at,
            expires_at: inquiry.times.expires_at,
            expired_at: inquiry.times.expired_at,
            redacted_at: inquiry.times.redacted_at,
            next_step: inquiry.next_step.clone(),
            sessions: sessions.collect(),
            links: inquiry.links.iter().filter_map(|code| self.view_link(code)).collect(),
            plain_link: self.plain_link(id, None),
        })
    }

    fn view_link(&self, code: &str) -> Option<LinkView> {
        let link = self.links.get(code)?;
        let addresses = self.addresses(link);
        Some(LinkView {
            session: link.session.clone(),
            url: addresses.long,
            short_url: addresses.short,
            created_at: link.created_at,
            expires_at: link.expires_at,
            first_used_at: link.first_used_at,
        })
    }

    pub(super) fn event_views(&self) -> Vec<EventView> {
        let view = |event: &super::events::Event| EventView {
            id: event.id.clone(),
            environment: self.environment(event.environment).name.clone(),
            name: event.name,
            object: event.object.clone(),
            created_at: event.created_at,
            payload: event.object_as_it_was(),
        };
        self.events.iter().map(view).collect()
    }

    pub(super) fn delivery_views(&self) -> Vec<DeliveryView> {
        let view = |delivery: &super::deliveries::Delivery| DeliveryView {
            event: delivery.event.clone(),
            name: delivery.event_name,
            environment: self.environment(delivery.environment).name.clone(),
            attempts_made: delivery.attempts_made,
            last_status: delivery.last_status,
            state: delivery.state,
        };
        self.deliveries.iter().map(view).collect()
    }
}
