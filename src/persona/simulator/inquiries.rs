//! Inquiries: one person's one attempt to be verified (<https://docs.withpersona.com/creating-inquiries>).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value;

use super::expiry::Deadline;
use super::refusal::Refusal;
use super::settings::Life;
use super::templates::{Template, Version};
use super::times::whole_second;
use super::world::{EnvironmentHandle, World};
use crate::domain::ids::{AccountId, InquiryId, SessionId, TemplateId, TemplateVersionId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// What an inquiry is made from. The default is one for nobody in particular, of the first template's latest version.
#[derive(Clone, Default)]
pub struct NewInquiry {
    /// The template; the first one when neither it nor a version is given.
    pub template: Option<TemplateId>,
    /// A version of a template, in place of the latest.
    pub version: Option<TemplateVersionId>,
    /// The application's name for the person; the inquiry's account carries it.
    pub reference_id: Option<String>,
    /// An account that exists, instead of the one with the reference id.
    pub account_id: Option<String>,
    /// Whether the inquiry stays without an account unless one is given.
    pub without_account: bool,
    /// What is known of the person, by field name.
    pub fields: BTreeMap<String, Value>,
    /// Tags.
    pub tags: Vec<String>,
    /// A note.
    pub note: Option<String>,
    /// Where the hosted flow leads when it is over.
    pub redirect_uri: Option<String>,
    /// Overrides the template's life from creation.
    pub from_creation: Option<SignedDuration>,
    /// Overrides the template's life from start.
    pub from_start: Option<SignedDuration>,
    /// Overrides the template's life from resume.
    pub from_resume: Option<SignedDuration>,
}

pub(super) struct Inquiry {
    pub(super) id: InquiryId,
    pub(super) sequence: u64,
    pub(super) environment: EnvironmentHandle,
    pub(super) template: TemplateId,
    pub(super) version: TemplateVersionId,
    pub(super) life: Life,
    pub(super) account: Option<AccountId>,
    pub(super) reference_id: Option<String>,
    pub(super) status: Status,
    pub(super) fields: BTreeMap<String, Value>,
    pub(super) tags: Vec<String>,
    pub(super) note: Option<String>,
    pub(super) reviewer_comment: Option<String>,
    pub(super) redirect_uri: Option<String>,
    pub(super) previous_step: Option<String>,
    pub(super) next_step: Option<String>,
    pub(super) sessions: Vec<SessionId>,
    /// The codes of its one-time links, the oldest first.
    pub(super) links: Vec<String>,
    pub(super) opened: bool,
    pub(super) decided_by: Option<String>,
    pub(super) times: Times,
    /// How it looked to a search at each change, the latest last.
    pub(super) revisions: Vec<Revision>,
}

/// Whole seconds, as Persona's.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the names are Persona's attributes")]
pub(super) struct Times {
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) failed_at: Option<Timestamp>,
    pub(super) marked_for_review_at: Option<Timestamp>,
    pub(super) decisioned_at: Option<Timestamp>,
    pub(super) expired_at: Option<Timestamp>,
    pub(super) redacted_at: Option<Timestamp>,
}

/// What a search index knows of an inquiry.
#[derive(Clone)]
pub(super) struct Revision {
    pub(super) indexed_from: Timestamp,
    pub(super) status: Status,
    pub(super) reference_id: Option<String>,
    pub(super) updated_at: Timestamp,
}

impl NewInquiry {
    /// For the person whom the application calls so.
    #[must_use]
    pub fn for_person(reference_id: impl Into<String>) -> Self {
        Self { reference_id: Some(reference_id.into()), ..Self::default() }
    }

    /// Of this template's latest version.
    #[must_use]
    pub fn of_template(mut self, template: TemplateId) -> Self {
        self.template = Some(template);
        self
    }
}

impl Times {
    fn new(now: Timestamp, life: SignedDuration) -> Self {
        let now = whole_second(now);
        Self {
            created_at: now,
            updated_at: now,
            started_at: None,
            expires_at: Some(now.plus(life)),
            completed_at: None,
            failed_at: None,
            marked_for_review_at: None,
            decisioned_at: None,
            expired_at: None,
            redacted_at: None,
        }
    }
}

impl Inquiry {
    /// Its deadline while somebody can be let in; nothing when it is expired, finished or redacted.
    pub(super) fn open_until(&self) -> Option<Timestamp> {
        self.times.expires_at.filter(|_| self.status.is_open() && self.times.redacted_at.is_none())
    }

    /// Its status, or that it is redacted.
    pub(super) fn state_in_words(&self) -> &str {
        if self.times.redacted_at.is_some() { "redacted" } else { self.status.as_str() }
    }
}

impl World {
    pub(super) fn inquiry(&self, id: &InquiryId) -> Result<&Inquiry, Refusal> {
        self.inquiries.get(id).ok_or_else(Refusal::not_found)
    }

    pub(super) fn inquiry_mut(&mut self, id: &InquiryId) -> Result<&mut Inquiry, Refusal> {
        self.inquiries.get_mut(id).ok_or_else(Refusal::not_found)
    }

    /// Makes an inquiry, and an account when it needs one.
    pub(super) fn create_inquiry(
        &mut self,
        environment: EnvironmentHandle,
        new: NewInquiry,
        now: Timestamp,
    ) -> Result<InquiryId, Refusal> {
        let (template, version) = self.template_for(&new)?;
        let (template, version) = (template.id.clone(), version.clone());
        let (account, reference_id) = self.account_of_new(environment, &new, now)?;
        let id = self.random.mint("inq", InquiryId::parse);
        let life = Life {
            from_creation: new.from_creation.unwrap_or(version.life.from_creation),
            from_start: new.from_start.or(version.life.from_start),
            from_resume: new.from_resume.unwrap_or(version.life.from_resume),
            one_time_link: version.life.one_time_link,
        };
        let inquiry = Inquiry {
            id: id.clone(),
            sequence: self.next_sequence(),
            environment,
            template,
            version: version.id,
            life,
            account,
            reference_id,
            status: Status::Created,
            fields: new.fields,
            tags: new.tags,
            note: new.note,
            reviewer_comment: None,
            redirect_uri: new.redirect_uri,
            previous_step: None,
            next_step: Some("start".to_owned()),
            sessions: Vec::new(),
            links: Vec::new(),
            opened: false,
            decided_by: None,
            times: Times::new(now, life.from_creation),
            revisions: Vec::new(),
        };
        self.inquiries.insert(id.clone(), inquiry);
        self.keep_deadline(&id);
        self.changed(&id, Some("inquiry.created"), now)?;
        Ok(id)
    }

    fn template_for(&self, new: &NewInquiry) -> Result<(&Template, &Version), Refusal> {
        if let Some(version) = &new.version {
            return self.version(version);
        }
        let template = match &new.template {
            Some(template) => self.template(template)?,
            None => self.templates.first().ok_or_else(Refusal::not_found)?,
        };
        Ok((template, template.latest()))
    }

    fn account_of_new(
        &mut self,
        environment: EnvironmentHandle,
        new: &NewInquiry,
        now: Timestamp,
    ) -> Result<(Option<AccountId>, Option<String>), Refusal> {
        if let Some(id) = &new.account_id {
            let account = self.account(environment, id)?;
            return Ok((Some(account.id.clone()), account.reference_id.clone()));
        }
        let reference_id = new.reference_id.clone();
        let account = (!new.without_account).then(|| self.account_for(environment, reference_id.as_deref(), now));
        Ok((account, reference_id))
    }

    /// Notes a change that has been made: the time of it, what searches will see, and the event.
    pub(super) fn changed(
        &mut self,
        id: &InquiryId,
        event: Option<&'static str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let inquiry = self.inquiry_mut(id)?;
        inquiry.times.updated_at = whole_second(now);
        inquiry.revisions.push(Revision {
            indexed_from: now,
            status: inquiry.status.clone(),
            reference_id: inquiry.reference_id.clone(),
            updated_at: inquiry.times.updated_at,
        });
        if let Some(name) = event {
            self.announce_inquiry(id, name, now)?;
        }
        Ok(())
    }

    /// Sees to it that the clock expires an inquiry at its deadline.
    pub(super) fn keep_deadline(&mut self, id: &InquiryId) {
        if let Some(deadline) = self.inquiries.get(id).and_then(Inquiry::open_until) {
            self.deadlines.insert((deadline, Deadline::Inquiry(id.clone())));
        }
    }
}
