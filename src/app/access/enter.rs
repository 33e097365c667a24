//! Through the door of an open inquiry: a link, or a session token.

use jiff::SignedDuration;
use secrecy::SecretString;
use tracing::warn;

use super::doors::{Kept, Place};
use super::{Admission, LONGEST, Looks, Next, SHORTLY, View};
use crate::app::{App, Environment};
use crate::domain::access::{Form, Way};
use crate::domain::ids::{InquiryId, SessionId};
use crate::domain::inquiry::Inquiry;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::persona::error::{self, PersonaError};
use crate::persona::request::IdempotencyKey;
use crate::storage::StorageError;
use crate::storage::lineages::{Means, Reserved};
use crate::storage::tallies::{Deltas, Tally};

/// How long the same link is given again: a double click, or a scanner that came first. A used link opens for five
/// minutes more (<https://docs.withpersona.com/resuming-inquiries>), so whoever comes last has one of them left.
const SAME_LINK_FOR: SignedDuration = SignedDuration::from_mins(4);

/// How long the same token is given again: Persona answers a key it has seen for 24 hours at least.
const SAME_TOKEN_FOR: SignedDuration = SignedDuration::from_hours(23);

/// How often in one admission Persona may refuse a way in before somebody is sent away.
const MOST_REFUSALS: usize = 2;

/// What is asked for, under which number.
pub(super) struct Ask<'a> {
    environment: &'a Environment,
    persona: &'a PersonaClient,
    inquiry: &'a Inquiry,
    pub(super) means: Means,
    pub(super) reserved: Reserved,
}

impl App {
    /// Lets somebody into an open inquiry, or finds out why not.
    pub(super) async fn enter(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        view: &View,
        (form, way): (Form, Way),
        looks: &mut Looks,
    ) -> Result<Next, StorageError> {
        let limit = environment.settings.rules.for_template(view.inquiry.known.template_id()).access.session_limit;
        let full = view.sessions.made >= limit;
        let mut session = None;
        if full && (view.sessions.reusable.is_none() || way == Way::ExistingSession) {
            session = match self.list_sessions(environment, persona, view, form, looks).await? {
                Ok(session) => session.map(|session| session.id),
                Err(error) => return Ok(Next::Answer(busy(&view.inquiry.id, &error))),
            };
            let still_full = looks.listed.as_ref().is_some_and(|(_, sessions)| sessions.made >= limit);
            if session.is_none() || !still_full {
                return Ok(Next::Again);
            }
        }
        let means = match way {
            Way::OneTimeLink => Means::Link,
            Way::ExistingSession => Means::SessionLink,
            Way::SessionToken => Means::Token,
        };
        let inquiry = &view.inquiry;
        let reserved = self.reserve(environment, inquiry, means).await?;
        let ask = Ask { environment, persona, inquiry, means, reserved };
        if let Some(kept) = self.given_before(&ask).await? {
            return Ok(Next::Answer(admission(inquiry, means, kept)));
        }
        match self.ask_way_in(&ask, session.as_ref()).await? {
            Ok(kept) => {
                self.keep_given(&ask.place(), means, &kept).await;
                Ok(Next::Answer(admission(inquiry, means, kept)))
            }
            Err(error) => {
                self.leave_asking(&ask).await;
                self.refused(&ask, form, view, error, looks).await
            }
        }
    }

    /// Keeps a token that came with a resume, so that whoever waits for one need not ask again.
    pub(in crate::app) async fn keep_token(&self, environment: &Environment, id: &InquiryId, token: SecretString) {
        let stored = async { self.database().read().await?.inquiry(&environment.settings.name, id).await };
        let Ok(Some(stored)) = stored.await else { return };
        let Ok(reserved) = self.reserve(environment, &stored.inquiry, Means::Token).await else { return };
        let kept = self.kept(&stored.inquiry, Means::Token, reserved.generation, (Some(token), None));
        self.keep_given(&(environment.settings.name.clone(), id.clone()), Means::Token, &kept).await;
    }

    /// The number under which to ask: that of a moment ago, unless the inquiry expired since and took its sessions
    /// along.
    async fn reserve(
        &self,
        environment: &Environment,
        inquiry: &Inquiry,
        means: Means,
    ) -> Result<Reserved, StorageError> {
        let now = self.clock().now();
        let same_for = if means == Means::Token { SAME_TOKEN_FOR } else { SAME_LINK_FOR };
        let since = now.minus(same_for).max(inquiry.last_expired.unwrap_or(Timestamp::from_micros(0)));
        let mut tx = self.database().begin().await?;
        let name = &environment.settings.name;
        let reserved = tx.reserve_admission(name, &inquiry.id, means, since, now).await?;
        if reserved.fresh {
            tx.tally(&Deltas::from([((name.clone(), Tally::LetIn), 1)]), now).await?;
        }
        tx.commit().await?;
        Ok(reserved)
    }

    async fn ask_way_in(
        &self,
        ask: &Ask<'_>,
        session: Option<&SessionId>,
    ) -> Result<Result<Kept, PersonaError>, StorageError> {
        let id = &ask.inquiry.id;
        let generation = ask.reserved.generation;
        let Ok(key) = IdempotencyKey::parse(&format!("admit/{id}/{}/{generation}", ask.means)) else {
            return Ok(Err(PersonaError::Unaskable("the id is too long for a key")));
        };
        let secrets = match (ask.means, session) {
            (Means::SessionLink, Some(session)) => {
                ask.persona.generate_session_link(session, &key).await.map(|link| (Some(link.link), link.short))
            }
            (Means::Token, _) => match self.resume(ask, &key).await? {
                Ok(token) => Ok((token, None)),
                Err(error) => Err(error),
            },
            _ => {
                let made = ask.persona.generate_one_time_link(id, None, &key).await;
                made.map(|link| (Some(link.link), link.short))
            }
        };
        if secrets.is_ok() && ask.reserved.fresh && ask.means != Means::SessionLink {
            self.count_session(ask.environment, id).await;
        }
        Ok(secrets.map(|secrets| self.kept(ask.inquiry, ask.means, generation, secrets)))
    }

    /// A token for an open inquiry. One that nobody began opens by its id; Persona may give it a token all the same.
    async fn resume(
        &self,
        ask: &Ask<'_>,
        key: &IdempotencyKey,
    ) -> Result<Result<Option<SecretString>, PersonaError>, StorageError> {
        let asked_at = self.clock().now();
        match ask.persona.resume_inquiry(&ask.inquiry.id, key).await {
            Ok(resumed) => {
                self.take_own(ask.environment, resumed.inquiry, asked_at).await?;
                Ok(Ok(Some(resumed.session_token)))
            }
            Err(error) if is_refusal(&error) && ask.inquiry.status() == Some(&Status::Created) => Ok(Ok(None)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn kept(
        &self,
        inquiry: &Inquiry,
        means: Means,
        generation: u32,
        (secret, short): (Option<SecretString>, Option<SecretString>),
    ) -> Kept {
        let now = self.clock().now();
        let deadline = inquiry.known.expires_at().copied();
        let longest = now.plus(match (means, &secret) {
            (Means::Token, Some(_)) => SAME_TOKEN_FOR,
            _ => SAME_LINK_FOR,
        });
        let until = deadline.map_or(longest, |deadline| deadline.min(longest));
        Kept { generation, secret, short, until }
    }

    /// Persona did not let them in. A refusal may mean that the inquiry moved on without our hearing of it, or that it
    /// has had its sessions: both are looked up, and the decision is made again.
    async fn refused(
        &self,
        ask: &Ask<'_>,
        form: Form,
        view: &View,
        error: PersonaError,
        looks: &mut Looks,
    ) -> Result<Next, StorageError> {
        let id = &ask.inquiry.id;
        if error.next() != error::Next::RetrySameKey {
            let mut tx = self.database().begin().await?;
            tx.spend_admission(&ask.environment.settings.name, id, ask.means, ask.reserved.generation).await?;
            tx.commit().await?;
        }
        looks.refusals += 1;
        if !is_refusal(&error) || looks.refusals > MOST_REFUSALS {
            return Ok(Next::Answer(busy(id, &error)));
        }
        match self.list_sessions(ask.environment, ask.persona, view, form, looks).await? {
            Ok(_) => self.look_again(ask.environment, ask.persona, id).await,
            Err(error) => Ok(Next::Answer(busy(id, &error))),
        }
    }
}

impl Ask<'_> {
    pub(super) fn place(&self) -> Place {
        (self.environment.settings.name.clone(), self.inquiry.id.clone())
    }
}

fn is_refusal(error: &PersonaError) -> bool {
    matches!(error.status(), Some(400 | 403 | 404 | 409 | 410 | 422))
}

fn busy(inquiry: &InquiryId, error: &PersonaError) -> Admission {
    warn!(%inquiry, %error, "somebody waits, and Persona does not let them in");
    Admission::Busy { retry_after: error.retry_after().unwrap_or(SHORTLY).min(LONGEST) }
}

fn admission(inquiry: &Inquiry, means: Means, kept: Kept) -> Admission {
    let (id, deadline) = (inquiry.id.clone(), inquiry.known.expires_at().copied());
    match (means, kept.secret) {
        (Means::Link | Means::SessionLink, Some(link)) => {
            Admission::Link { inquiry: id, link, short: kept.short, deadline }
        }
        (_, token) => Admission::Session { inquiry: id, token, deadline },
    }
}
