//! `revive`: an expired inquiry is resumed at Persona, and its person gets in again.
//!
//! No event tells of a resume, so Persona's answer is what the new state is known by. The notice that follows is an
//! action of its own, planned by the same transaction that writes that state.

use crate::app::step::{Step, Wanted, after, cancel, database, under_a_new_key};
use crate::app::{App, Environment};
use crate::domain::access::{Access, Sessions};
use crate::domain::action::{Action, Outcome};
use crate::domain::inquiry::Inquiry;
use crate::persona::answer::Resumed;
use crate::persona::client::PersonaClient;
use crate::persona::error::Next;
use crate::persona::request::IdempotencyKey;

impl App {
    pub(super) async fn revive(&self, action: &Action, wanted: Wanted) -> Outcome {
        match self.try_revive(action, wanted).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_revive(&self, action: &Action, wanted: Wanted) -> Step<()> {
        let (environment, persona) = &self.at_persona(action, wanted)?;
        // An attempt before this one may have resumed it and died before it could say so.
        let (_, inquiry) = self.party_of(environment, action).await?;
        if action.attempts > 1 && inquiry.is_alive(self.clock().now()) {
            return Ok(());
        }
        let inquiry = self.revivable(environment, persona, action, wanted).await?;
        let key = IdempotencyKey::of(&action.planned.id, "resume", action.generation);
        let asked_at = self.clock().now();
        let error = match persona.resume_inquiry(&inquiry.id, &key).await {
            Ok(Resumed { inquiry: snapshot, session_token }) => {
                let taken = self.take_own(environment, snapshot, asked_at).await;
                taken.map_err(|error| database(&error))?;
                self.count_session(environment, &inquiry.id).await;
                self.keep_token(environment, &inquiry.id, session_token).await;
                return Ok(());
            }
            Err(error) => error,
        };
        if matches!(error.next(), Next::Reread | Next::GiveUp)
            && self.reread(environment, persona, &inquiry.id).await.is_ok()
        {
            self.revivable(environment, persona, action, wanted).await.map_err(under_a_new_key)?;
        }
        Err(after(&error, self.clock().now()))
    }

    /// The inquiry, if it is still to be resumed.
    async fn revivable(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        action: &Action,
        wanted: Wanted,
    ) -> Step<Inquiry> {
        match wanted {
            Wanted::ByPlan => self.still_wanted_afresh(environment, persona, action).await,
            Wanted::BySomeone => match self.access_of(environment, action, Sessions::default()).await? {
                (inquiry, Access::Revive) => Ok(inquiry),
                _ => Err(cancel("the person can get in otherwise, or is done")),
            },
        }
    }
}
