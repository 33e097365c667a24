//! Somebody comes: they are let in, or told why not.
//!
//! The decision is [`crate::domain::access`]'s; here it is carried out, and asked for again after everything that could
//! have changed it. What changes an inquiry is an action of its own, performed at once; a link or token needs none,
//! because the number under which Persona is asked for it is on disk before it is.

mod doors;
mod enter;
mod foresee;
mod inline;
mod kept;
mod renew;
mod sessions;

use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::time::Instant;
use tracing::warn;

use crate::app::party::Party;
use crate::app::reread::RereadError;
use crate::app::{App, Environment};
use crate::config::Mode;
use crate::domain::access::{Access, Closed, Form, Sessions};
use crate::domain::action::{Replacement, Revival, Work};
pub use crate::domain::budget::Urgency;
use crate::domain::ids::{EnvironmentName, InquiryId, ReferenceId, TemplateId};
use crate::domain::inquiry::Inquiry;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::storage::StorageError;

pub(super) use self::doors::Doors;
use self::inline::Inline;
pub use self::renew::{Renewal, Renewed};

/// Who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The person of an inquiry; an old one leads to the one that took its place.
    Inquiry(InquiryId),
    /// A person by the application's name, for their newest inquiry.
    Person {
        /// The name.
        reference_id: ReferenceId,
        /// Of this template only.
        template: Option<TemplateId>,
    },
}

/// The answer.
#[derive(Debug, Clone)]
pub enum Admission {
    /// By this link, single use.
    Link {
        /// The inquiry it leads into.
        inquiry: InquiryId,
        /// The link.
        link: SecretString,
        /// Its short form, where Persona gave one.
        short: Option<SecretString>,
        /// When the inquiry expires, where that is known.
        deadline: Option<Timestamp>,
    },
    /// By Persona's SDK.
    Session {
        /// The inquiry to open.
        inquiry: InquiryId,
        /// The token to open it with; without one, the inquiry opens by its id, because nobody began it.
        token: Option<SecretString>,
        /// When the inquiry expires, where that is known.
        deadline: Option<Timestamp>,
    },
    /// Nothing is to be done any more.
    Done {
        /// The inquiry it was finished in.
        inquiry: InquiryId,
        /// How it stands.
        status: Status,
    },
    /// The person failed, and the rules give no other chance.
    Failed {
        /// In this inquiry.
        inquiry: InquiryId,
    },
    /// Nothing that is allowed lets them in.
    Closed {
        /// The inquiry.
        inquiry: InquiryId,
        /// Why.
        why: Closed,
    },
    /// The environment is in mode `observe`, or has no API key: nothing is asked of Persona.
    NotActing,
    /// Nothing is known of such an inquiry or person.
    Unknown,
    /// Not now: Persona is away, its limit is used up, or somebody else is at it.
    Busy {
        /// When to try again, at the earliest.
        retry_after: SignedDuration,
    },
}

/// How often a decision is carried out and asked for again: an old inquiry leads to another, which is read, revived or
/// replaced, and entered. More than that, and something turns in circles.
const MOST_STEPS: usize = 10;

/// When to try again, where nobody says.
const SHORTLY: SignedDuration = SignedDuration::from_secs(5);

/// Nobody is told to wait longer: a window of Persona's limit, and a margin.
const LONGEST: SignedDuration = SignedDuration::from_mins(2);

/// When to try again what Persona refused for a reason that an operator has to mend.
const LATER: SignedDuration = SignedDuration::from_mins(1);

/// What a decision is made from.
struct View {
    inquiry: Inquiry,
    party: Party,
    sessions: Sessions,
    stale: bool,
}

/// What an admission has looked at so far.
#[derive(Default)]
struct Looks {
    read: Vec<InquiryId>,
    listed: Option<(InquiryId, Sessions)>,
    refusals: usize,
}

impl Admission {
    /// One word for metrics.
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Link { .. } => "link",
            Self::Session { .. } => "session",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Closed { .. } => "closed",
            Self::NotActing => "not_acting",
            Self::Unknown => "unknown",
            Self::Busy { .. } => "busy",
        }
    }
}

impl App {
    /// Lets somebody into their inquiry, by whatever that takes within the rules.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn admit(
        &self,
        environment: &EnvironmentName,
        whom: &Whom,
        form: Form,
        urgency: Urgency,
    ) -> Result<Admission, StorageError> {
        let began = Instant::now();
        let admitted = self.try_admit(environment, whom, form, urgency).await;
        let outcome = admitted.as_ref().map_or("unavailable", Admission::as_str);
        metrics::histogram!("rekindle_access_seconds", "outcome" => outcome).record(began.elapsed().as_secs_f64());
        admitted
    }

    async fn try_admit(
        &self,
        environment: &EnvironmentName,
        whom: &Whom,
        form: Form,
        urgency: Urgency,
    ) -> Result<Admission, StorageError> {
        let Some(environment) = self.environments().get(environment) else { return Ok(Admission::Unknown) };
        let Some(mut id) = self.whose(environment, whom).await? else { return Ok(Admission::Unknown) };
        let mut looks = Looks::default();
        for _ in 0..MOST_STEPS {
            let _turn = self.shared.doors.turn(&environment.settings.name, &id).await;
            match Box::pin(self.step_in(environment, &id, form, urgency, &mut looks)).await? {
                Next::Answer(admission) => return Ok(admission),
                Next::Elsewhere(other) => id = other,
                Next::Again => {}
            }
        }
        warn!(inquiry = %id, "no end to what it takes to let somebody in");
        Ok(Admission::Busy { retry_after: LATER })
    }

    /// One decision, carried out.
    async fn step_in(
        &self,
        environment: &Environment,
        id: &InquiryId,
        form: Form,
        urgency: Urgency,
        looks: &mut Looks,
    ) -> Result<Next, StorageError> {
        let Some(view) = self.view(environment, id, looks).await? else {
            return Ok(Next::Answer(Admission::Unknown));
        };
        let access = self.decide(environment, &view, form);
        let (inquiry, sure) = (&view.inquiry, looks.read.contains(id) || !view.stale);
        match &access {
            Access::Done { inquiry, status } => {
                let (inquiry, status) = (inquiry.clone(), status.clone());
                return Ok(Next::Answer(Admission::Done { inquiry, status }));
            }
            Access::Elsewhere(other) => return Ok(Next::Elsewhere(other.clone())),
            Access::Failed if sure => return Ok(Next::Answer(Admission::Failed { inquiry: id.clone() })),
            Access::Closed(why) if sure => {
                return Ok(Next::Answer(Admission::Closed { inquiry: id.clone(), why: *why }));
            }
            _ => {}
        }
        let persona = environment.persona.as_ref().filter(|_| environment.settings.mode == Mode::Act);
        let Some(persona) = persona else { return Ok(Next::Answer(Admission::NotActing)) };
        let persona = &persona.at(urgency);
        if !sure {
            looks.read.push(id.clone());
            return self.look_again(environment, persona, id).await;
        }
        match access {
            Access::Enter(way) => self.enter(environment, persona, &view, (form, way), looks).await,
            Access::Revive => {
                let expired_at = inquiry.last_expired.or(inquiry.known.expires_at().copied());
                let expired_at = expired_at.unwrap_or_else(|| self.clock().now());
                self.at_once(environment, inquiry, Work::Revive(Revival { expired_at, asked: true })).await
            }
            Access::Replace(cause) => {
                self.at_once(environment, inquiry, Work::Replace(Replacement { cause, asked: true })).await
            }
            Access::Done { .. } | Access::Elsewhere(_) | Access::Failed | Access::Closed(_) => Ok(Next::Again),
        }
    }

    /// The inquiry somebody comes for: of several, the newest that is not over.
    pub(in crate::app) async fn whose(
        &self,
        environment: &Environment,
        whom: &Whom,
    ) -> Result<Option<InquiryId>, StorageError> {
        let (reference_id, template) = match whom {
            Whom::Inquiry(id) => return Ok(Some(id.clone())),
            Whom::Person { reference_id, template } => (reference_id, template),
        };
        let found = self.database().read().await?.find_inquiries(reference_id.as_str()).await?;
        let theirs = found.into_iter().map(|stored| stored.inquiry).filter(|inquiry| {
            inquiry.environment == environment.settings.name
                && inquiry.known.reference_id() == Some(reference_id)
                && template.as_ref().is_none_or(|template| inquiry.known.template_id() == Some(template))
        });
        let rank = |one: &Inquiry| (!one.status().is_some_and(Status::is_over), one.began(), one.id.clone());
        Ok(theirs.max_by_key(rank).map(|inquiry| inquiry.id))
    }

    async fn view(
        &self,
        environment: &Environment,
        id: &InquiryId,
        looks: &Looks,
    ) -> Result<Option<View>, StorageError> {
        let name = &environment.settings.name;
        let mut tx = self.database().read().await?;
        let Some(stored) = tx.inquiry(name, id).await? else { return Ok(None) };
        let inquiry = stored.inquiry;
        let party = Party::of(&mut tx, &inquiry).await?;
        let made = tx.sessions_made(name, id).await?;
        let listed = looks.listed.as_ref().filter(|(of, _)| of == id);
        let sessions = listed.map_or(Sessions { made, reusable: None }, |(_, sessions)| *sessions);
        let now = self.clock().now();
        let heard = inquiry.last_observed.max(stored.read_at);
        let silent = heard.is_none_or(|heard| now.since(heard) > self.shared.reread_after);
        // Its time is over, and nobody told us what came of it.
        let overdue = inquiry.status().is_some_and(Status::is_open) && inquiry.has_expired(now);
        let stale =
            silent || overdue || !matches!(inquiry.status(), Some(status) if !matches!(status, Status::Other(_)));
        Ok(Some(View { inquiry, party, sessions, stale }))
    }

    fn decide(&self, environment: &Environment, view: &View, form: Form) -> Access {
        let rules = environment.settings.rules.for_template(view.inquiry.known.template_id());
        view.party.situation(rules, self.clock().now()).access(&view.inquiry, form, view.sessions)
    }

    /// Reads the inquiry at Persona, and decides again.
    async fn look_again(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        id: &InquiryId,
    ) -> Result<Next, StorageError> {
        match self.reread(environment, persona, id).await {
            Ok(_) => Ok(Next::Again),
            Err(RereadError::Persona(error)) => {
                warn!(inquiry = %id, %error, "somebody waits, and Persona does not tell how their inquiry stands");
                Ok(Next::Answer(Admission::Busy { retry_after: error.retry_after().unwrap_or(SHORTLY).min(LONGEST) }))
            }
            Err(RereadError::Storage(error)) => Err(error),
        }
    }

    /// Performs what the decision needs first, and decides again.
    async fn at_once(&self, environment: &Environment, inquiry: &Inquiry, work: Work) -> Result<Next, StorageError> {
        Ok(match self.perform_at_once(environment, inquiry, work).await? {
            Inline::Ended => Next::Again,
            Inline::Failed { retry_after } => Next::Answer(Admission::Busy { retry_after }),
        })
    }
}

/// What follows from one decision.
enum Next {
    /// That's it.
    Answer(Admission),
    /// The decision is to be made about another inquiry.
    Elsewhere(InquiryId),
    /// Something changed: the decision is to be made again.
    Again,
}
