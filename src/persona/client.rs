//! The client that asks Persona.
//!
//! It makes each call once: whether and when to try again is the caller's to decide, from [`PersonaError::next`].

use std::sync::Arc;

use jiff::SignedDuration;
use secrecy::SecretString;
use tracing::field::Empty;
use url::Url;

use crate::clock::Clock;
use crate::domain::budget::{Told, Urgency};
use crate::domain::ids::{EventId, InquiryId, SessionId, TemplateId};
use crate::domain::observation::Snapshot;
use crate::domain::template::Template;
use crate::persona::answer::{EventBody, Fields, OneTimeLink, Page, Read, Resumed, Session};
use crate::persona::budget::{Gate, Open};
use crate::persona::error::PersonaError;
use crate::persona::exchange::{Answer, Exchange};
use crate::persona::request::{EventFilter, IdempotencyKey, ListFilter, NewInquiry, SearchFilter};
use crate::persona::settings::{ClientSettings, InvalidSettings};
use crate::persona::wire;

/// An inquiry has 25 sessions at most (<https://docs.withpersona.com/inquiry-sessions>), and a page ten or more.
const PAGES_OF_SESSIONS: usize = 5;

/// Asks one Persona environment; clones share connections, budget and what was learned of the key.
#[derive(Debug, Clone)]
pub struct PersonaClient(pub(super) Exchange);

const NO_INQUIRY: &str = "it carries no inquiry";
const OTHER_INQUIRY: &str = "it carries another inquiry";

impl PersonaClient {
    /// A client for one environment, which asks whenever it is told to. Opens no connection yet.
    ///
    /// # Errors
    /// [`InvalidSettings`] names what is wrong and what to do.
    pub fn new(settings: &ClientSettings, clock: Clock) -> Result<Self, InvalidSettings> {
        Self::gated(settings, clock, Arc::new(Open))
    }

    /// A client every call of which passes a gate first.
    ///
    /// # Errors
    /// As [`PersonaClient::new`].
    pub fn gated(settings: &ClientSettings, clock: Clock, gate: Arc<dyn Gate>) -> Result<Self, InvalidSettings> {
        Exchange::new(settings, clock, gate).map(Self)
    }

    /// The same client, whose calls are that urgent. A new one's are as urgent as reminders.
    #[must_use]
    pub fn at(&self, urgency: Urgency) -> Self {
        Self(self.0.at(urgency))
    }

    /// The rate limit as the last answers told it; `None` before the first.
    #[must_use]
    pub fn budget(&self) -> Option<Told> {
        self.0.budget()
    }

    /// How far our clock is ahead of the `Date` of Persona's last answer, to a second or two; negative when it is
    /// behind, `None` before the first.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        self.0.ahead()
    }

    /// Reads one inquiry, with its template where the key may see it.
    ///
    /// Whether a sandbox key may is not documented: once refused, this client asks without.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.retrieve_inquiry", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn retrieve_inquiry(&self, id: &InquiryId) -> Result<Read, PersonaError> {
        let path = ["inquiries", id.as_str()];
        let include = [("include", "inquiry-template".to_owned())];
        let answer = if self.0.includes() {
            match self.0.get(&path, &include).await {
                Err(refused) if matches!(refused.status(), Some(400 | 403)) => {
                    let answer = self.0.get(&path, &[]).await?;
                    self.0.never_include_again();
                    tracing::info!("this key may not include templates; reading inquiries without from now on");
                    answer
                }
                other => other?,
            }
        } else {
            self.0.get(&path, &[]).await?
        };
        let inquiry = inquiry_of(&answer, id)?;
        let template = wire::included_template(&answer.body, &inquiry, self.0.clock().now());
        Ok(Read { inquiry, template })
    }

    /// Reads one inquiry, and those of its fields that have one of these names and a value.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.retrieve_fields", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn retrieve_fields(&self, id: &InquiryId, names: &[String]) -> Result<(Read, Fields), PersonaError> {
        let answer = self.0.get(&["inquiries", id.as_str()], &[]).await?;
        let inquiry = inquiry_of(&answer, id)?;
        Ok((Read { inquiry, template: None }, wire::fields(&answer.body, names)))
    }

    /// One page of inquiries, newest first; `size` is held to 1 to 100.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.list_inquiries", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn list_inquiries(
        &self,
        filter: &ListFilter,
        after: Option<&InquiryId>,
        size: u8,
    ) -> Result<Page<Snapshot, InquiryId>, PersonaError> {
        let mut query = wire::inquiries_query(filter);
        wire::page_query(&mut query, after.map(InquiryId::as_str), size);
        let answer = self.0.get(&["inquiries"], &query).await?;
        let page = wire::page(&answer.body, wire::listed_inquiry, InquiryId::parse);
        page_of(&answer, page, after)
    }

    /// One page of a search, those that changed last first; `size` is held to 1 to 100.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.search_inquiries", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn search_inquiries(
        &self,
        filter: &SearchFilter,
        after: Option<&InquiryId>,
        size: u8,
    ) -> Result<Page<Snapshot, InquiryId>, PersonaError> {
        let body = wire::search(filter, after.map(InquiryId::as_str), size);
        let answer = self.0.ask(&["inquiries", "search"], &body).await?;
        let page = wire::page(&answer.body, wire::listed_inquiry, InquiryId::parse);
        page_of(&answer, page, after)
    }

    /// Makes an inquiry.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.create_inquiry", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn create_inquiry(&self, new: &NewInquiry, key: &IdempotencyKey) -> Result<Snapshot, PersonaError> {
        let answer = self.0.post(&["inquiries"], Some(&wire::create(new)), key).await?;
        wire::inquiry(&answer.body).ok_or_else(|| answer.malformed(NO_INQUIRY))
    }

    /// Makes an expired inquiry pending again, with a session token to get in.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call; an answer without a token is [`PersonaError::Malformed`].
    #[tracing::instrument(name = "persona.client.resume_inquiry", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn resume_inquiry(&self, id: &InquiryId, key: &IdempotencyKey) -> Result<Resumed, PersonaError> {
        let answer = self.0.post(&["inquiries", id.as_str(), "resume"], None, key).await?;
        let inquiry = inquiry_of(&answer, id)?;
        let token = wire::meta(&answer.body, "session-token");
        let token = token.ok_or_else(|| answer.malformed("it carries no session token"))?;
        Ok(Resumed { inquiry, session_token: SecretString::from(token) })
    }

    /// Expires an inquiry and its sessions; it can be resumed.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.expire_inquiry", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn expire_inquiry(&self, id: &InquiryId, key: &IdempotencyKey) -> Result<Snapshot, PersonaError> {
        let answer = self.0.post(&["inquiries", id.as_str(), "expire"], None, key).await?;
        inquiry_of(&answer, id)
    }

    /// A fresh one-time link. Each one takes a session, of which an inquiry has 25 by default.
    ///
    /// `expires_in` is whole seconds; without it the template's setting applies, or Persona's 24 hours.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call; an answer without a link is [`PersonaError::Malformed`].
    #[tracing::instrument(name = "persona.client.generate_one_time_link", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn generate_one_time_link(
        &self,
        id: &InquiryId,
        expires_in: Option<SignedDuration>,
        key: &IdempotencyKey,
    ) -> Result<OneTimeLink, PersonaError> {
        let body = expires_in.map(wire::link);
        let path = ["inquiries", id.as_str(), "generate-one-time-link"];
        let answer = self.0.post(&path, body.as_ref(), key).await?;
        let inquiry = wire::inquiry(&answer.body);
        if inquiry.as_ref().is_some_and(|inquiry| inquiry.id != *id) {
            return Err(answer.malformed(OTHER_INQUIRY));
        }
        let link = link_in(&answer, "one-time-link").ok_or_else(|| answer.malformed("it carries no one-time link"))?;
        Ok(OneTimeLink { link, short: link_in(&answer, "one-time-link-short"), inquiry })
    }

    /// The sessions of an inquiry, newest first. Persona documents no pages of them, so no size is asked for; where an
    /// answer names a next page all the same, it is followed.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.list_sessions", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn list_sessions(&self, inquiry: &InquiryId) -> Result<Vec<Session>, PersonaError> {
        let (mut sessions, mut after): (Vec<Session>, Option<SessionId>) = (Vec::new(), None);
        for _ in 0..PAGES_OF_SESSIONS {
            let mut query = vec![("filter[inquiry-id]", inquiry.to_string())];
            query.extend(after.as_ref().map(|id| ("page[after]", id.to_string())));
            let answer = self.0.get(&["inquiry-sessions"], &query).await?;
            let page = wire::page(&answer.body, wire::listed_session, SessionId::parse);
            let page = page_of(&answer, page, after.as_ref())?;
            sessions.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(sessions)
    }

    /// A one-time link into a session there is, so that it takes none.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call; an answer without a link is [`PersonaError::Malformed`].
    #[tracing::instrument(name = "persona.client.generate_session_link", skip_all,
        fields(method = "POST", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn generate_session_link(
        &self,
        session: &SessionId,
        key: &IdempotencyKey,
    ) -> Result<OneTimeLink, PersonaError> {
        let path = ["inquiry-sessions", session.as_str(), "generate-one-time-link"];
        let answer = self.0.post(&path, None, key).await?;
        let link = link_in(&answer, "one-time-link").ok_or_else(|| answer.malformed("it carries no one-time link"))?;
        Ok(OneTimeLink { link, short: link_in(&answer, "one-time-link-short"), inquiry: None })
    }

    /// One page of events, newest first; `size` is held to 1 to 100. Their payloads can be abbreviated.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.list_events", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn list_events(
        &self,
        filter: &EventFilter,
        after: Option<&EventId>,
        size: u8,
    ) -> Result<Page<EventBody, EventId>, PersonaError> {
        let mut query = wire::events_query(filter);
        wire::page_query(&mut query, after.map(EventId::as_str), size);
        let answer = self.0.get(&["events"], &query).await?;
        let page = wire::page(&answer.body, wire::listed_event, EventId::parse);
        page_of(&answer, page, after)
    }

    /// One event.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.retrieve_event", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn retrieve_event(&self, id: &EventId) -> Result<EventBody, PersonaError> {
        let answer = self.0.get(&["events", id.as_str()], &[]).await?;
        wire::event(&answer.body).ok_or_else(|| answer.malformed("it carries no event"))
    }

    /// One page of templates, each with its latest published version. Production keys only, says Persona.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.list_templates", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn list_templates(
        &self,
        after: Option<&TemplateId>,
        size: u8,
    ) -> Result<Page<Template, TemplateId>, PersonaError> {
        let mut query = Vec::new();
        wire::page_query(&mut query, after.map(TemplateId::as_str), size);
        let asked_at = self.0.clock().now();
        let answer = self.0.get(&["inquiry-templates"], &query).await?;
        let page = wire::page(&answer.body, |resource| wire::listed_template(resource, asked_at), TemplateId::parse);
        page_of(&answer, page, after)
    }

    /// One template with its latest published version. Production keys only, says Persona.
    ///
    /// # Errors
    /// [`PersonaError`], as for every call.
    #[tracing::instrument(name = "persona.client.retrieve_template", skip_all,
        fields(method = "GET", status = Empty, request_id = Empty, elapsed_ms = Empty))]
    pub async fn retrieve_template(&self, id: &TemplateId) -> Result<Template, PersonaError> {
        let answer = self.0.get(&["inquiry-templates", id.as_str()], &[]).await?;
        let template = wire::template(&answer.body, self.0.clock().now()).filter(|template| template.id == *id);
        template.ok_or_else(|| answer.malformed("it carries no such template"))
    }
}

/// The inquiry that was asked for: a token or link of another one would let the wrong person in.
fn inquiry_of(answer: &Answer, id: &InquiryId) -> Result<Snapshot, PersonaError> {
    let inquiry = wire::inquiry(&answer.body).ok_or_else(|| answer.malformed(NO_INQUIRY))?;
    if inquiry.id == *id { Ok(inquiry) } else { Err(answer.malformed(OTHER_INQUIRY)) }
}

/// A link is opaque, but it is going to be opened by a browser.
fn link_in(answer: &Answer, key: &str) -> Option<SecretString> {
    let text = wire::meta(&answer.body, key)?;
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    url.has_host().then(|| SecretString::from(text))
}

/// A page that leads back to itself would be read for ever.
pub(super) fn page_of<T, Id: PartialEq>(
    answer: &Answer,
    page: Option<Page<T, Id>>,
    after: Option<&Id>,
) -> Result<Page<T, Id>, PersonaError> {
    let page = page.ok_or_else(|| answer.malformed("it carries no list"))?;
    if page.next.is_some() && page.next.as_ref() == after {
        return Err(answer.malformed("its next page is itself"));
    }
    if page.unreadable > 0 {
        tracing::warn!(left_out = page.unreadable, "a page of Persona's holds items without a usable id");
    }
    Ok(page)
}
