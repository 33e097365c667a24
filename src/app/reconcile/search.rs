//! State first: inquiries that changed since, by Persona's search.
//!
//! The search is asked for what changed last first. An inquiry that changes while pages are read moves to the front:
//! there it is met again or left to the next run, which looks at everything since before this one began. The other
//! way round, a page's last inquiry could move on and take the rest of the list with it.

use std::collections::HashMap;

use crate::app::observe::TRIES;
use crate::app::reconcile::ReconcileError;
use crate::app::reconcile::run::{Walk, is_about_its_content, is_refused};
use crate::app::{App, Environment};
use crate::domain::ids::InquiryId;
use crate::domain::inquiry::{Change, Comparison, Inquiry};
use crate::domain::observation::{Observation, Snapshot};
use crate::domain::time::Timestamp;
use crate::persona::request::SearchFilter;
use crate::storage::StorageError;
use crate::storage::inquiries::InquiryKey;
use crate::storage::reconciliation::Run;

/// Persona's largest page (<https://docs.withpersona.com/pagination>).
pub(super) const PAGE: u8 = 100;

impl<Progress: FnMut(&Run) + Send> Walk<'_, Progress> {
    pub(super) async fn search(&mut self) -> Result<(), ReconcileError> {
        let filter = SearchFilter { updated_from: self.run.since };
        let mut begun_anew = false;
        loop {
            let after = self.run.place.as_deref().and_then(|place| InquiryId::parse(place).ok());
            let persona = &self.persona;
            let asked = self.app.ask(|| persona.search_inquiries(&filter, after.as_ref(), PAGE)).await;
            let (page, asked_at) = match asked {
                Ok(asked) => asked,
                // The events that follow tell the same, more slowly.
                Err(error) if after.is_none() => return self.refused_whole("search", error),
                Err(error) => {
                    self.begin_anew(&mut begun_anew, error).await?;
                    continue;
                }
            };
            self.run.found.searched += page.items.len() as u64;
            self.take_found(page.items, asked_at).await?;
            match page.next {
                Some(next) => self.step(Some(next.to_string())).await?,
                None => return Ok(()),
            }
        }
    }

    /// Takes what a page says that is not known; where only a true read can tell who is right, it is made.
    async fn take_found(&mut self, page: Vec<Snapshot>, asked_at: Timestamp) -> Result<(), ReconcileError> {
        let keys: Vec<InquiryKey> = page.iter().map(|snapshot| (self.name().clone(), snapshot.id.clone())).collect();
        let known = self.app.database().read().await?.peek_inquiries(&keys.iter().collect::<Vec<_>>()).await?;
        let known: HashMap<&InquiryId, &Inquiry> = known.iter().map(|inquiry| (&inquiry.id, inquiry)).collect();
        for snapshot in page {
            let id = snapshot.id.clone();
            let compared = known.get(&id).map_or(Comparison::Other, |inquiry| inquiry.compare(&snapshot));
            let change = match compared {
                Comparison::Same => continue,
                Comparison::Other => self.app.take_search(self.environment, snapshot, asked_at).await,
                Comparison::Tied => match self.read(&id).await? {
                    Some(change) => Ok(change),
                    None => continue,
                },
            };
            match change {
                Ok(Change::Changed { .. }) => self.run.found.changed += 1,
                Ok(Change::Unchanged(_)) => {}
                Err(error) if is_about_its_content(&error) => self.pass_over(id.as_str(), &error),
                Err(error) => return Err(error.into()),
            }
            self.keep().await?;
        }
        Ok(())
    }

    /// Reads one inquiry truly; `None` when Persona refuses it.
    pub(super) async fn read(&mut self, id: &InquiryId) -> Result<Option<Change>, ReconcileError> {
        let persona = &self.persona;
        let (read, asked_at) = match self.app.ask(|| persona.retrieve_inquiry(id)).await {
            Ok(asked) => asked,
            Err(error) if is_refused(&error) => {
                self.pass_over(id.as_str(), &error);
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let template = read.template.as_ref();
        match self.app.take_reading(self.environment, read.inquiry, template, asked_at).await {
            Ok(change) => Ok(Some(change)),
            Err(error) if is_about_its_content(&error) => {
                self.pass_over(id.as_str(), &error);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl App {
    /// Applies what a search said of an inquiry. It is not marked as read: the index may be far behind.
    async fn take_search(
        &self,
        environment: &Environment,
        snapshot: Snapshot,
        asked_at: Timestamp,
    ) -> Result<Change, StorageError> {
        let observation = Observation::of_search(snapshot, asked_at);
        for _ in 0..TRIES {
            let mut tx = self.database().begin().await?;
            if let Some(change) = self.observe_one(&mut tx, environment, &observation, asked_at).await? {
                tx.commit().await?;
                return Ok(change);
            }
        }
        Err(StorageError::Contended)
    }
}
