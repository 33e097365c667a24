//! A revival or a replacement that an operator asks for: by the same decision as when the person comes, and performed
//! at once.

use jiff::SignedDuration;

use super::inline::Inline;
use super::{LATER, Looks};
use crate::app::{App, Environment};
use crate::domain::access::{Access, Form};
use crate::domain::action::{Replacement, Revival, Work};
use crate::domain::ids::InquiryId;
use crate::persona::error::PersonaError;
use crate::storage::StorageError;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// To resume an inquiry that expired.
    Revive,
    /// To make another one in the place of one that no longer serves.
    Replace,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// It is done: the inquiry that can be got into.
    Done(InquiryId),
    /// There is no such inquiry.
    Unknown,
    /// The decision is another one.
    NotNeeded(String),
    /// Not now.
    Busy {
        /// When to try again, at the earliest.
        retry_after: SignedDuration,
    },
}

impl App {
    /// Revives or replaces an inquiry now, where that is what its person would need who comes now.
    pub(in crate::app) async fn renew_now(
        &self,
        environment: &Environment,
        id: &InquiryId,
        renewal: Renewal,
    ) -> Result<Renewed, StorageError> {
        let _turn = self.shared.doors.turn(&environment.settings.name, id).await;
        let looks = Looks::default();
        let Some(mut view) = self.view(environment, id, &looks).await? else { return Ok(Renewed::Unknown) };
        if view.stale
            && let Some(persona) = &environment.persona
        {
            if let Err(error) = self.reread(environment, persona, id).await {
                return busy(error);
            }
            let Some(afresh) = self.view(environment, id, &looks).await? else { return Ok(Renewed::Unknown) };
            view = afresh;
        }
        let access = self.decide(environment, &view, Form::Browser);
        let inquiry = &view.inquiry;
        let work = match (&access, renewal) {
            (Access::Revive, Renewal::Revive) => {
                let expired_at = inquiry.last_expired.or(inquiry.known.expires_at().copied());
                let expired_at = expired_at.unwrap_or_else(|| self.clock().now());
                Work::Revive(Revival { expired_at, asked: false })
            }
            (Access::Replace(cause), Renewal::Replace) => Work::Replace(Replacement { cause: *cause, asked: false }),
            _ => return Ok(Renewed::NotNeeded(instead(&access))),
        };
        match self.perform_at_once(environment, inquiry, work).await? {
            Inline::Failed { retry_after } => Ok(Renewed::Busy { retry_after }),
            Inline::Ended => {
                let Some(after) = self.view(environment, id, &looks).await? else { return Ok(Renewed::Unknown) };
                Ok(Renewed::Done(after.party.lineages.latest(id).clone()))
            }
        }
    }
}

fn busy(error: crate::app::reread::RereadError) -> Result<Renewed, StorageError> {
    match error {
        crate::app::reread::RereadError::Storage(error) => Err(error),
        crate::app::reread::RereadError::Persona(error) => {
            Ok(Renewed::Busy { retry_after: PersonaError::retry_after(&error).unwrap_or(LATER) })
        }
    }
}

/// What the decision is instead, in words.
fn instead(access: &Access) -> String {
    match access {
        Access::Done { inquiry, status } => format!("the verification is done: {inquiry} is {status}"),
        Access::Failed => "the person failed it, and the rules give no other chance".to_owned(),
        Access::Elsewhere(other) => format!("the person is to get into another inquiry, {other}"),
        Access::Enter(_) => "it is open, and its person gets in as it is".to_owned(),
        Access::Revive => "it can be revived, so that nothing is lost; revive it instead".to_owned(),
        Access::Replace(cause) => format!("it can't be revived ({cause}); replace it instead"),
        Access::Closed(why) => why.to_string(),
    }
}
