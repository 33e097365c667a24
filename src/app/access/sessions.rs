//! Counting sessions: Persona allows an inquiry 25, and every link takes one.

use tracing::warn;

use super::{Looks, View};
use crate::app::{App, Environment};
use crate::domain::access::{Form, Sessions};
use crate::domain::ids::InquiryId;
use crate::persona::answer::{Session, SessionStatus};
use crate::persona::client::PersonaClient;
use crate::persona::error::PersonaError;
use crate::storage::StorageError;

impl App {
    /// Counts one more session. The count is looked up at Persona before anything follows from it, so one that is
    /// missed, or counted twice because an answer was lost, does no harm.
    pub(in crate::app) async fn count_session(&self, environment: &Environment, inquiry: &InquiryId) {
        let counted = async {
            let mut tx = self.database().begin().await?;
            tx.count_session(&environment.settings.name, inquiry).await?;
            tx.commit().await
        };
        if let Err(error) = counted.await {
            warn!(%inquiry, %error, "a session was not counted");
        }
    }

    /// Asks Persona for the sessions of an inquiry, and remembers how many there are; how many, and one that can let
    /// somebody in.
    pub(in crate::app) async fn look_at_sessions(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        id: &InquiryId,
        form: Form,
    ) -> Result<Result<(u32, Option<Session>), PersonaError>, StorageError> {
        let sessions = match persona.list_sessions(id).await {
            Ok(sessions) => sessions,
            Err(error) => return Ok(Err(error)),
        };
        let made = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
        let mut tx = self.database().begin().await?;
        tx.sessions_listed(&environment.settings.name, id, made, self.clock().now()).await?;
        tx.commit().await?;
        Ok(Ok((made, sessions.into_iter().find(|session| lets_in(session, form)))))
    }

    /// As [`App::look_at_sessions`], for an admission to decide by.
    pub(super) async fn list_sessions(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        view: &View,
        form: Form,
        looks: &mut Looks,
    ) -> Result<Result<Option<Session>, PersonaError>, StorageError> {
        let id = &view.inquiry.id;
        Ok(self.look_at_sessions(environment, persona, id, form).await?.map(|(made, reusable)| {
            looks.listed = Some((id.clone(), Sessions { made, reusable: Some(reusable.is_some()) }));
            reusable
        }))
    }
}

/// Whether a session can still let somebody in: a link leads into any that lives, a resume takes one nobody used.
fn lets_in(session: &Session, form: Form) -> bool {
    match form {
        Form::Browser => session.status != SessionStatus::Dead,
        Form::Sdk => session.status == SessionStatus::New,
    }
}
