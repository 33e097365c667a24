//! Events kept aside: what Persona confirms is applied, as Persona has it; what it denies time and again is discarded.

use crate::app::reconcile::ReconcileError;
use crate::app::reconcile::run::{Walk, is_about_its_content, is_refused};
use crate::domain::ids::EventId;
use crate::storage::events::Outcome;
use crate::storage::quarantine::Decision;
use crate::storage::reconciliation::Run;

/// Who decides, as it is written on the event.
const PERSONA: &str = "persona";

/// How many runs in which Persona does not know an event make it one that never was.
const DENIALS: u32 = 3;

/// How many are looked up at once.
const PAGE: u32 = 200;

impl<Progress: FnMut(&Run) + Send> Walk<'_, Progress> {
    pub(super) async fn quarantined(&mut self) -> Result<(), ReconcileError> {
        loop {
            let after = self.run.place.as_deref().and_then(|place| EventId::parse(place).ok());
            let mut tx = self.app.database().read().await?;
            let ids = tx.quarantined_after(self.name(), after.as_ref(), PAGE).await?;
            drop(tx);
            if ids.is_empty() {
                return Ok(());
            }
            for id in ids {
                self.look_at(&id).await?;
                self.step(Some(id.to_string())).await?;
            }
        }
    }

    async fn look_at(&mut self, id: &EventId) -> Result<(), ReconcileError> {
        let persona = &self.persona;
        let body = match self.app.ask(|| persona.retrieve_event(id)).await {
            Ok((body, _)) => body,
            Err(error) if error.status() == Some(404) => return self.deny(id).await,
            Err(error) if is_refused(&error) || error.status() == Some(403) => {
                self.pass_over(id.as_str(), &error);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let now = self.app.clock().now();
        let event = match body.parse(now) {
            Ok(event) => event,
            Err(error) => {
                self.pass_over(id.as_str(), &error);
                return Ok(());
            }
        };
        let why = "Persona's API confirms it";
        match self.app.apply_quarantined(self.environment, id, &event, (why, PERSONA), now, None).await {
            Ok(Some(_)) => self.run.found.confirmed += 1,
            Ok(None) => {}
            Err(error) if is_about_its_content(&error) => self.pass_over(id.as_str(), &error),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn deny(&mut self, id: &EventId) -> Result<(), ReconcileError> {
        let mut tx = self.app.database().begin().await?;
        if let Some(denials) = tx.deny_event(self.name(), id).await?
            && denials >= DENIALS
        {
            let reason = format!("Persona's API does not know it, asked {denials} times");
            let at = self.app.clock().now();
            let decision = Decision { outcome: Outcome::Discarded, reason: Some(&reason), by: PERSONA, at };
            tx.decide_event(self.name(), id, decision).await?;
            self.run.found.discarded += 1;
        }
        Ok(tx.commit().await?)
    }
}
