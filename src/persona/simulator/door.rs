//! The door people come in by: what a link leads to (<https://docs.withpersona.com/hosted-flow-parameters>).

use std::fmt;

use secrecy::ExposeSecret;

use super::inquiries::{Inquiry, NewInquiry};
use super::links::GRACE;
use super::sessions::{Session, SessionStatus};
use super::unknowns::LinkUse;
use super::world::World;
use crate::domain::ids::{InquiryId, SessionId, TemplateId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// What came of opening a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The person is in the flow.
    Inside {
        /// Of this inquiry.
        inquiry: InquiryId,
        /// In this session.
        session: SessionId,
    },
    /// The person is not let in.
    Refused(RefusedReason),
}

/// Why a person is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedReason {
    /// There is no such link, inquiry or template.
    Unknown,
    /// The one-time link outlived its life.
    LinkExpired,
    /// The one-time link was used, longer ago than its grace.
    LinkUsed,
    /// A newer one-time link has taken its place.
    LinkReplaced,
    /// The session is over, or there is none: what people know as "Session expired".
    SessionExpired,
    /// The inquiry is expired; it would have to be resumed.
    InquiryExpired,
    /// The inquiry is completed, failed or decided.
    Finished,
    /// The inquiry is redacted.
    Redacted,
    /// The inquiry has had all its sessions.
    SessionLimit,
}

/// A link taken apart.
pub(super) enum Door {
    Code(String),
    Inquiry { id: String, token: Option<String> },
    Template { new: Box<NewInquiry>, environment: Option<String> },
    Nowhere,
}

/// Whether the person has come, or something has only looked at the link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    /// The page is loaded.
    Loading,
    /// The person clicks on.
    Continuing,
}

/// What came of a visit.
pub(super) enum Visited {
    Opened(Opened),
    /// The door would open, but only a click of the person's uses the link.
    AtTheDoor(InquiryId),
}

/// A way in that is open.
struct Way {
    inquiry: InquiryId,
    /// Absent where opening makes one.
    session: Option<SessionId>,
    code: Option<String>,
}

impl Door {
    /// Takes a link apart, or takes a bare code.
    pub(super) fn at(link: &str) -> Self {
        let Ok(url) = url::Url::parse(link) else { return Self::Code(link.to_owned()) };
        match url.path().rsplit_once("/v/") {
            Some((_, code)) => Self::Code(code.to_owned()),
            None => Self::of_query(url.query().unwrap_or_default()),
        }
    }

    /// Takes the query of a hosted-flow link apart.
    pub(super) fn of_query(query: &str) -> Self {
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone().into_owned());
        if let Some(code) = get("code") {
            return Self::Code(code);
        }
        if let Some(id) = get("inquiry-id") {
            return Self::Inquiry { id, token: get("session-token") };
        }
        let Some(template) = get("inquiry-template-id").and_then(|id| TemplateId::parse(&id).ok()) else {
            return Self::Nowhere;
        };
        let new = NewInquiry {
            template: Some(template),
            reference_id: get("reference-id"),
            account_id: get("account-id"),
            redirect_uri: get("redirect-uri"),
            ..NewInquiry::default()
        };
        Self::Template { new: Box::new(new), environment: get("environment-id") }
    }
}

impl World {
    /// Opens a door. Under [`LinkUse::Continuing`] loading a one-time link leads only to the door.
    pub(super) fn visit(&mut self, door: Door, visit: Visit, now: Timestamp) -> Visited {
        let way = match self.way_through(door, now) {
            Ok(way) => way,
            Err(reason) => return Visited::Opened(Opened::Refused(reason)),
        };
        if way.code.is_some() && visit == Visit::Loading && self.unknowns.link_used_by == LinkUse::Continuing {
            return Visited::AtTheDoor(way.inquiry);
        }
        Visited::Opened(self.go(way, now))
    }

    fn go(&mut self, way: Way, now: Timestamp) -> Opened {
        if let Some(link) = way.code.and_then(|code| self.links.get_mut(&code)) {
            link.first_used_at.get_or_insert(now);
        }
        let session = match way.session {
            Some(session) => session,
            None => match self.new_session(&way.inquiry, now) {
                Ok(session) => session,
                Err(_) => return Opened::Refused(RefusedReason::SessionLimit),
            },
        };
        if let Some(inquiry) = self.inquiries.get_mut(&way.inquiry) {
            inquiry.opened = true;
        }
        self.activate_session(&session, now);
        Opened::Inside { inquiry: way.inquiry, session }
    }

    fn way_through(&mut self, door: Door, now: Timestamp) -> Result<Way, RefusedReason> {
        match door {
            Door::Nowhere => Err(RefusedReason::Unknown),
            Door::Code(code) => self.way_by_code(&code, now),
            Door::Inquiry { id, token } => self.way_by_inquiry(&id, token.as_deref()),
            Door::Template { new, environment } => {
                let environment = self.environment_by_id(environment.as_deref()).ok_or(RefusedReason::Unknown)?;
                let inquiry = self.create_inquiry(environment, *new, now).map_err(|_| RefusedReason::Unknown)?;
                Ok(Way { inquiry, session: None, code: None })
            }
        }
    }

    fn way_by_code(&self, code: &str, now: Timestamp) -> Result<Way, RefusedReason> {
        let code = self.short_codes.get(code).map_or(code, String::as_str);
        let link = self.links.get(code).ok_or(RefusedReason::Unknown)?;
        let inquiry = self.inquiry(&link.inquiry).map_err(|_| RefusedReason::Unknown)?;
        let session = self.session(&link.session).map_err(|_| RefusedReason::Unknown)?;
        open_inquiry(inquiry)?;
        if link.killed {
            Err(RefusedReason::LinkReplaced)
        } else if link.first_used_at.is_some_and(|used| now.since(used) > GRACE) {
            Err(RefusedReason::LinkUsed)
        } else if now >= link.expires_at {
            Err(RefusedReason::LinkExpired)
        } else if session.status == SessionStatus::Expired {
            Err(RefusedReason::SessionExpired)
        } else {
            Ok(Way { inquiry: inquiry.id.clone(), session: Some(session.id.clone()), code: Some(code.to_owned()) })
        }
    }

    fn way_by_inquiry(&self, id: &str, token: Option<&str>) -> Result<Way, RefusedReason> {
        let id = InquiryId::parse(id).map_err(|_| RefusedReason::Unknown)?;
        let inquiry = self.inquiry(&id).map_err(|_| RefusedReason::Unknown)?;
        open_inquiry(inquiry)?;
        let session = match token {
            Some(token) => Some(self.session_of_token(inquiry, token)?.id.clone()),
            None if self.needs_token(inquiry) => return Err(RefusedReason::SessionExpired),
            None => None,
        };
        Ok(Way { inquiry: id, session, code: None })
    }

    fn needs_token(&self, inquiry: &Inquiry) -> bool {
        inquiry.status == Status::Pending || (inquiry.opened && self.unknowns.opened_created_needs_token)
    }

    /// The live session of an inquiry that this token belongs to.
    pub(super) fn session_of_token(&self, inquiry: &Inquiry, token: &str) -> Result<&Session, RefusedReason> {
        let session =
            self.tokens.get(token).and_then(|id| self.sessions.get(id)).ok_or(RefusedReason::SessionExpired)?;
        let is_live = session.status != SessionStatus::Expired && session.inquiry == inquiry.id;
        if is_live { Ok(session) } else { Err(RefusedReason::SessionExpired) }
    }

    /// The plain link to an inquiry, with a session's token when one is given.
    pub(super) fn plain_link(&self, inquiry: &InquiryId, session: Option<&Session>) -> secrecy::SecretString {
        let mut link = format!("{}/verify?inquiry-id={inquiry}", self.base_url);
        if let Some(session) = session {
            link.push_str("&session-token=");
            link.push_str(session.token.expose_secret());
        }
        link.into()
    }
}

fn open_inquiry(inquiry: &Inquiry) -> Result<(), RefusedReason> {
    if inquiry.times.redacted_at.is_some() {
        Err(RefusedReason::Redacted)
    } else if inquiry.status == Status::Expired {
        Err(RefusedReason::InquiryExpired)
    } else if inquiry.status.is_open() {
        Ok(())
    } else {
        Err(RefusedReason::Finished)
    }
}

impl fmt::Display for RefusedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such link",
            Self::LinkExpired => "the link has expired",
            Self::LinkUsed => "the link was used already",
            Self::LinkReplaced => "a newer link has taken its place",
            Self::SessionExpired => "the session has expired",
            Self::InquiryExpired => "the inquiry has expired",
            Self::Finished => "the inquiry is finished",
            Self::Redacted => "the inquiry is redacted",
            Self::SessionLimit => "the inquiry has had all its sessions",
        })
    }
}
