//! Brings in what was open at Persona before the first webhook came.

use jiff::SignedDuration;

use crate::app::pace::reading;
use crate::app::reread::RereadError;
use crate::app::{App, Environment};
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::status::Status;
use crate::persona::client::PersonaClient;
use crate::persona::request::ListFilter;

/// Inquiries asked for at once: Persona's largest page (<https://docs.withpersona.com/pagination>).
const PAGE: u8 = 100;

/// Expired inquiries older than this are not worth resuming: Persona then recommends a new one.
const RESUMABLE: SignedDuration = SignedDuration::from_hours(72);

/// How far an import is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Pages read.
    pub pages: u64,
    /// Inquiries taken in.
    pub inquiries: u64,
    /// Items of Persona's list that had no usable id.
    pub unreadable: u64,
}

/// Why an import ended early; what was taken in stays, and a repetition changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No such environment.
    #[error("no environment {0} is configured")]
    UnknownEnvironment(EnvironmentName),
    /// It has no key to ask with.
    #[error("environments.{0} has no api_key; an import asks Persona for its list of inquiries")]
    NoKey(EnvironmentName),
    /// Persona or the database failed.
    #[error(transparent)]
    Reading(#[from] RereadError),
}

impl App {
    /// Takes in every open inquiry, and every expired one young enough to be resumed; `progress` is told after each page.
    ///
    /// Stays within Persona's rate limit by waiting for the next window when little of this one is left.
    ///
    /// # Errors
    /// [`ImportError`], after a handful of tries where trying again can help.
    pub async fn import(
        &self,
        name: &EnvironmentName,
        mut progress: impl FnMut(&Imported),
    ) -> Result<Imported, ImportError> {
        let unknown = || ImportError::UnknownEnvironment(name.clone());
        let environment = self.environments().get(name).ok_or_else(unknown)?;
        let persona = environment.persona.as_ref().ok_or_else(|| ImportError::NoKey(name.clone()))?;
        let persona = reading(persona);
        let young = self.clock().now().minus(RESUMABLE);
        let open = ListFilter { statuses: vec![Status::Created, Status::Pending], ..ListFilter::default() };
        let resumable =
            ListFilter { statuses: vec![Status::Expired], created_from: Some(young), ..ListFilter::default() };
        let mut imported = Imported::default();
        for filter in [open, resumable] {
            self.import_list(environment, &persona, &filter, &mut imported, &mut progress).await?;
        }
        Ok(imported)
    }

    async fn import_list(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        filter: &ListFilter,
        imported: &mut Imported,
        progress: &mut impl FnMut(&Imported),
    ) -> Result<(), ImportError> {
        let mut after: Option<InquiryId> = None;
        loop {
            let (page, asked_at) = self
                .ask(|| persona.list_inquiries(filter, after.as_ref(), PAGE))
                .await
                .map_err(RereadError::Persona)?;
            imported.pages += 1;
            imported.inquiries += page.items.len() as u64;
            imported.unreadable += page.unreadable as u64;
            for snapshot in page.items {
                self.take_reading(environment, snapshot, None, asked_at).await.map_err(RereadError::Storage)?;
            }
            progress(imported);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }
}
