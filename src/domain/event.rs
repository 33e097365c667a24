//! Persona's events, turned into our own words at the door.
//!
//! Unknown names, keys and statuses are kept, never lost: an event that can't be understood as far as its
//! id and name is [`Unreadable`], and everything else is an [`Event`], of which as much is understood as is there.

use std::fmt;

use serde_json::Value;

use crate::domain::ids::{EventId, InquiryId, SessionId, TemplateId, TemplateVersionId};
use crate::domain::observation::{Attributes, Observation, ObservedAt, Source};
use crate::domain::resource::{self, get, id_of, is, path, related};
use crate::domain::status::Status;
use crate::domain::subject::{self, About, SubjectId};
use crate::domain::template::{Template, TemplateSource};
use crate::domain::time::Timestamp;

/// The names of the events that can tell something of an inquiry or a template, of those that Persona documents
/// (<https://docs.withpersona.com/events>). Others are understood too when they come; these are asked for.
pub const FOLLOWED_NAMES: [&str; 20] = [
    "inquiry.approved",
    "inquiry.completed",
    "inquiry.created",
    "inquiry.declined",
    "inquiry.expired",
    "inquiry.failed",
    "inquiry.marked-for-review",
    "inquiry.redacted",
    "inquiry.reusable-persona-assurance-failed",
    "inquiry.reusable-persona-created",
    "inquiry.reusable-persona-updated",
    "inquiry.reusable-persona-used",
    "inquiry.started",
    "inquiry.transitioned",
    "inquiry.updated-tags",
    "inquiry-session.canceled",
    "inquiry-session.expired",
    "inquiry-session.started",
    "inquiry-template-version.created",
    "inquiry-template-version.published",
];

/// What Persona says happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Persona's id of it.
    pub id: EventId,
    /// Its name, as Persona wrote it (`inquiry.started`).
    pub name: String,
    /// When it happened, by Persona's clock; where it does not say, the inquiry's `updated-at`, else when we got it.
    pub occurred_at: Timestamp,
    /// What it says of an inquiry.
    pub subject: Subject,
    /// What it says of templates.
    pub templates: Vec<Template>,
    /// Whom its payload is about, inquiry or not.
    pub about: About,
}

/// What an event says of an inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Something: one observation, of one inquiry.
    Inquiry(Box<Observation>),
    /// Nothing, and why.
    None(NotAboutAnInquiry),
}

/// Why an event changes no inquiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAboutAnInquiry {
    /// Its name is of another kind of object.
    OtherKind,
    /// It is about a template.
    Template,
    /// By its name it is about an inquiry, but the payload names none.
    NoInquiryNamed,
}

impl fmt::Display for NotAboutAnInquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherKind => "it is not about an inquiry",
            Self::Template => "it is about a template",
            Self::NoInquiryNamed => "its payload names no inquiry",
        })
    }
}

/// Why a verified body is no event. The texts name no content, so they can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or nested deeper than 128 levels.
    #[error("the body is not JSON we can read")]
    NotJson,
    /// JSON, but `data.type` is not `event`.
    #[error("the body is not a Persona event: data.type is not \"event\"")]
    NotAnEvent,
    /// No usable `data.id`.
    #[error("the event has no usable data.id")]
    NoId,
    /// No usable `data.attributes.name`.
    #[error("the event has no usable data.attributes.name")]
    NoName,
}

impl Event {
    /// The inquiry it speaks of.
    #[must_use]
    pub fn inquiry(&self) -> Option<&InquiryId> {
        match &self.subject {
            Subject::Inquiry(observation) => Some(&observation.inquiry),
            Subject::None(_) => None,
        }
    }

    /// Whom its payload is about; the event itself where nobody knows.
    #[must_use]
    pub fn subject_id(&self) -> SubjectId {
        self.about.subject.clone().unwrap_or_else(|| SubjectId::event(&self.id))
    }

    /// Whether it says that Persona erased what it knew of its subject.
    #[must_use]
    pub fn redacts(&self) -> bool {
        let of_inquiry = match &self.subject {
            Subject::Inquiry(observation) => observation.redacts(),
            Subject::None(_) => false,
        };
        of_inquiry || self.about.redacted
    }

    /// Reads a webhook's body, or the API's answer for one event: both have the same shape.
    ///
    /// `received_at` stands in where the event does not say when it happened.
    ///
    /// # Errors
    /// [`Unreadable`] when there is no JSON, no event, no id or no name in it.
    pub fn parse(body: &[u8], received_at: Timestamp) -> Result<Self, Unreadable> {
        let body: Value = serde_json::from_slice(body).map_err(|_| Unreadable::NotJson)?;
        Self::of(&body, received_at)
    }

    /// Reads an event that is JSON already; see [`Event::parse`].
    ///
    /// # Errors
    /// [`Unreadable`], as for [`Event::parse`].
    pub fn of(body: &Value, received_at: Timestamp) -> Result<Self, Unreadable> {
        let event = get(body, "data").filter(|data| is(data, "event")).ok_or(Unreadable::NotAnEvent)?;
        let id = id_of(event, EventId::parse).ok_or(Unreadable::NoId)?;
        let name = path(event, &["attributes", "name"]).and_then(Value::as_str).ok_or(Unreadable::NoName)?;
        if name.is_empty() || name.len() > 255 || name.chars().any(char::is_control) {
            return Err(Unreadable::NoName);
        }
        let payload = path(event, &["attributes", "payload"]).unwrap_or(&Value::Null);
        let created_at = path(event, &["attributes", "created-at"]).and_then(timestamp);
        let updated_at = path(payload, &["data", "attributes", "updated-at"]).and_then(timestamp);
        let occurred_at = created_at.or(updated_at).unwrap_or(received_at);
        let subject = subject(name, payload, occurred_at);
        let inquiry = match &subject {
            Subject::Inquiry(observation) => Some(&observation.inquiry),
            Subject::None(_) => None,
        };
        Ok(Self {
            id,
            name: name.to_owned(),
            occurred_at,
            about: subject::about(name, payload, inquiry),
            subject,
            templates: templates(name, payload, occurred_at),
        })
    }
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    Timestamp::parse(value.as_str()?).ok()
}

fn subject(name: &str, payload: &Value, at: Timestamp) -> Subject {
    let observation = match name.split_once('.') {
        Some(("inquiry", what)) => of_inquiry(what, payload, at),
        Some(("inquiry-session", what)) => of_session(what, payload, at),
        Some(("inquiry-template-version" | "inquiry-template", _)) => {
            return Subject::None(NotAboutAnInquiry::Template);
        }
        _ => return Subject::None(NotAboutAnInquiry::OtherKind),
    };
    observation.map_or(Subject::None(NotAboutAnInquiry::NoInquiryNamed), |found| Subject::Inquiry(Box::new(found)))
}

/// An `inquiry.*` event. The status can be blocklisted; then the event's name says it.
fn of_inquiry(what: &str, payload: &Value, at: Timestamp) -> Option<Observation> {
    let mut snapshot = resource::snapshot(get(payload, "data")?)?;
    snapshot.status = snapshot.status.or_else(|| implied_status(what));
    let mut observation = Observation::of(snapshot, at, Source::Event);
    observation.active = matches!(what, "started" | "transitioned");
    Some(observation)
}

fn implied_status(what: &str) -> Option<Status> {
    Some(match what {
        "created" => Status::Created,
        "started" => Status::Pending,
        "expired" => Status::Expired,
        "failed" => Status::Failed,
        "completed" => Status::Completed,
        "marked-for-review" => Status::NeedsReview,
        "declined" => Status::Declined,
        "approved" => Status::Approved,
        _ => return None,
    })
}

/// An `inquiry-session.*` event: the inquiry is related, and sometimes included whole.
fn of_session(what: &str, payload: &Value, at: Timestamp) -> Option<Observation> {
    let session = get(payload, "data")?;
    let related = related(session, "inquiry", InquiryId::parse).flatten();
    let included = included(payload).filter(|resource| is(resource, "inquiry")).filter_map(resource::snapshot);
    let snapshot = included.into_iter().find(|snapshot| related.as_ref().is_none_or(|id| *id == snapshot.id));
    let mut observation = match (snapshot, related) {
        (Some(snapshot), _) => Observation::of(snapshot, at, Source::Event),
        (None, Some(inquiry)) => Observation {
            inquiry,
            at: ObservedAt::new(at, Source::Event, None),
            status: None,
            attributes: Attributes::default(),
            active: false,
        },
        (None, None) => return None,
    };
    observation.active = what == "started" && id_of(session, SessionId::parse).is_some();
    Some(observation)
}

fn included(payload: &Value) -> impl Iterator<Item = &Value> {
    get(payload, "included").and_then(Value::as_array).into_iter().flatten()
}

/// Templates, from `included` or from a published version, whose payload Persona does not document:
/// the likely shapes are the version with its template related, and the template itself.
fn templates(name: &str, payload: &Value, at: Timestamp) -> Vec<Template> {
    let of_included = included(payload).filter(|resource| is(resource, "inquiry-template"));
    let mut found: Vec<Template> =
        of_included.filter_map(|resource| resource::template(resource, TemplateSource::Included, at)).collect();
    if name == "inquiry-template-version.published"
        && let Some(subject) = get(payload, "data")
    {
        found.extend(published(subject, at));
    }
    found
}

fn published(subject: &Value, at: Timestamp) -> Option<Template> {
    if is(subject, "inquiry-template") {
        return resource::template(subject, TemplateSource::Published, at);
    }
    let version = id_of(subject, TemplateVersionId::parse).filter(|_| is(subject, "inquiry-template-version"))?;
    let id = related(subject, "inquiry-template", TemplateId::parse).flatten()?;
    Some(Template { id, name: None, latest_version: Some(version), observed_at: at, source: TemplateSource::Published })
}
