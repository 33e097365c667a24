//! What operators do: each act is allowed by role and border, has its reason, and is written down with what it did.
//!
//! A [`Desk`] is one operator's, for one request. What lies beyond their border does not exist for them. Guards stand:
//! nothing that is done here troubles a person whom the plan would leave in peace.

mod actions;
mod alerts;
mod events;
mod inquiries;
mod lanes;
mod replays;
mod suppressions;

use jiff::SignedDuration;

use crate::app::App;
use crate::app::operators::DeedError;
use crate::domain::act::{Act, Role};
use crate::domain::deed::{About, Deed, NoReason};
use crate::domain::event::Unreadable;
use crate::domain::ids::EnvironmentName;
use crate::domain::operator::Operator;
use crate::storage::{StorageError, Tx};

pub use self::events::Replayed;
pub use self::inquiries::{Reminded, Reread};

/// Where one operator acts.
pub struct Desk {
    app: App,
    operator: Operator,
    reason: Option<String>,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// Their role does not allow it.
    #[error("this needs the role {0}")]
    NotAllowed(Role),
    /// There is none of it, or not for them.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// It can't be done as things stand.
    #[error("{0}")]
    NotNow(String),
    /// The environment is in mode `observe`, or has no key.
    #[error("nothing is asked of Persona in this environment: it is in mode `observe`, or has no api_key")]
    NotActing,
    /// Somebody else is at it, or what may be asked of Persona is used up.
    #[error("not now: somebody else is at it, or Persona's limit is used up")]
    Busy {
        /// When to try again, at the earliest.
        retry_after: SignedDuration,
    },
    /// Persona did not answer as it should.
    #[error("{0}")]
    Persona(String),
    /// What was stored is not understood.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The database could not be asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<DeedError> for ActError {
    fn from(error: DeedError) -> Self {
        match error {
            DeedError::NoReason(error) => Self::NoReason(error),
            DeedError::Storage(error) => Self::Storage(error),
        }
    }
}

impl App {
    /// Where an operator acts, with the reason they give.
    #[must_use]
    pub fn desk(&self, operator: Operator, reason: Option<String>) -> Desk {
        Desk { app: self.clone(), operator, reason }
    }
}

impl Desk {
    /// What is done, once it is allowed in this environment: to be recorded in the transaction that does it, last.
    fn deed(&self, act: Act, environment: &EnvironmentName, about: About) -> Result<Deed, ActError> {
        self.allowed(act, environment, about.kind)?;
        let deed = Deed::new(&self.operator, act, self.reason.as_deref(), self.app.clock().now())?;
        Ok(deed.within(environment).about(about))
    }

    /// Whether the role allows it, and the border lets them see what it is about.
    fn allowed(&self, act: Act, environment: &EnvironmentName, what: &'static str) -> Result<(), ActError> {
        let known = self.app.environments().contains_key(environment);
        if !known || self.operator.environment.as_ref().is_some_and(|own| own != environment) {
            return Err(ActError::Unknown(what));
        }
        if self.operator.role.may(act) { Ok(()) } else { Err(ActError::NotAllowed(act.least())) }
    }

    /// Records what is done, and makes it true.
    async fn done(mut tx: Tx, deed: &Deed) -> Result<(), ActError> {
        tx.record_deed(deed).await?;
        Ok(tx.commit().await?)
    }

    /// Records what is about to be done, where that takes more than a transaction.
    async fn announced(&self, deed: &Deed) -> Result<(), ActError> {
        Self::done(self.app.database().begin().await?, deed).await
    }

    /// Why, in their words; nothing where they said nothing, which is then refused where a reason is needed.
    fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }
}
