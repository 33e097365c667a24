//! Then events: the list from the newest back to where the last run began, and what of it never came, one by one.
//!
//! The list has no filter on time, and its payloads can be abbreviated, so only ids, names and times are taken from
//! it (<https://docs.withpersona.com/events>). It is immutable: new events come before the page that is read.

use crate::app::reconcile::ReconcileError;
use crate::app::reconcile::run::{Walk, is_about_its_content, is_refused};
use crate::app::reconcile::search::PAGE;
use crate::domain::event::{Event, FOLLOWED_NAMES};
use crate::domain::ids::EventId;
use crate::domain::signature::Age;
use crate::persona::answer::EventBody;
use crate::persona::request::EventFilter;
use crate::storage::events::{EventKey, Origin};
use crate::storage::reconciliation::Run;

impl<Progress: FnMut(&Run) + Send> Walk<'_, Progress> {
    pub(super) async fn events(&mut self) -> Result<(), ReconcileError> {
        let filter = EventFilter { names: FOLLOWED_NAMES.map(str::to_owned).to_vec(), ..EventFilter::default() };
        let mut begun_anew = false;
        loop {
            let after = self.run.place.as_deref().and_then(|place| EventId::parse(place).ok());
            let persona = &self.persona;
            let page = match self.app.ask(|| persona.list_events(&filter, after.as_ref(), PAGE)).await {
                Ok((page, _)) => page,
                Err(error) if after.is_none() => return self.refused_whole("events", error),
                Err(error) => {
                    self.begin_anew(&mut begun_anew, error).await?;
                    continue;
                }
            };
            let through = self.take_listed(&page.items).await?;
            match page.next {
                Some(next) if !through => self.step(Some(next.to_string())).await?,
                _ => return Ok(()),
            }
        }
    }

    /// Fetches what of a page never came; whether the page reaches back to before what is looked at.
    async fn take_listed(&mut self, page: &[EventBody]) -> Result<bool, ReconcileError> {
        let now = self.app.clock().now();
        let listed: Vec<Event> = page.iter().filter_map(|body| body.parse(now).ok()).collect();
        let through = listed.iter().any(|event| event.occurred_at < self.run.since);
        let recent = listed.into_iter().filter(|event| event.occurred_at >= self.run.since);
        let keys: Vec<EventKey> = recent.map(|event| (self.name().clone(), event.id)).collect();
        self.run.found.listed += keys.len() as u64;
        let known = self.app.database().read().await?.known_events(&keys.iter().collect::<Vec<_>>()).await?;
        // The oldest first, as they would have come.
        for (_, id) in keys.iter().rev().filter(|key| !known.contains_key(*key)) {
            self.recover(id).await?;
            self.keep().await?;
        }
        Ok(through)
    }

    async fn recover(&mut self, id: &EventId) -> Result<(), ReconcileError> {
        let Some(body) = self.fetch(id).await? else { return Ok(()) };
        let now = self.app.clock().now();
        let event = match body.parse(now) {
            Ok(event) => event,
            Err(error) => {
                self.pass_over(id.as_str(), &error);
                return Ok(());
            }
        };
        let (environment, bytes) = (self.environment, body.bytes());
        match self.app.record(environment, &event, &bytes, Age::Fresh, Origin::Api, now).await {
            Ok(_) => self.run.found.recovered += 1,
            Err(error) if is_about_its_content(&error) => self.pass_over(id.as_str(), &error),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// One event as Persona has it; `None` when it refuses.
    async fn fetch(&mut self, id: &EventId) -> Result<Option<EventBody>, ReconcileError> {
        let persona = &self.persona;
        match self.app.ask(|| persona.retrieve_event(id)).await {
            Ok((body, _)) => Ok(Some(body)),
            Err(error) if is_refused(&error) => {
                self.pass_over(id.as_str(), &error);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}
