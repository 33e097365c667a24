//! Events, page by page, and one with its payload masked.

use std::fmt;

use serde_json::Value;

use crate::app::board::merge::{Run, merged};
use crate::app::board::{Board, Cursor, EventFilter, Page, Refused, StorageError, StoredEvent};
use crate::domain::ids::{EnvironmentName, EventId};
use crate::domain::mask;

/// One event.
#[derive(Debug, Clone)]
pub struct EventView {
    /// As stored, without its body.
    pub event: StoredEvent,
    /// Its payload with everything masked that may be a person's: the shape stays, as indented JSON. `None` where the
    /// body or its key is gone, or where it is no JSON.
    pub masked: Option<String>,
    /// How long the body is, in bytes; `None` where it is gone.
    pub bytes: Option<usize>,
    /// Whether there is a body that somebody who may could see.
    pub can_be_revealed: bool,
}

/// A payload as it was received: people's data. Nothing of it is in its `Debug`.
pub struct Revealed(String);

impl Revealed {
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }

    /// The payload; indented where it is JSON.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revealed").finish_non_exhaustive()
    }
}

impl Board {
    /// The events that pass the filter, newest first. A page can have fewer than `limit`, and go on.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn events(
        &self,
        filter: &EventFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<StoredEvent>, StorageError> {
        let mut tx = self.app.database().read().await?;
        if self.within.is_none() && filter.environment.is_none() && filter.inquiry.is_none() && filter.outcome.is_none()
        {
            return tx.list_events(filter, after, limit).await;
        }
        let mut pages = Vec::new();
        for environment in self.meant(filter.environment.as_ref()) {
            let filter = EventFilter { environment: Some(environment), ..filter.clone() };
            pages.push(tx.list_events(&filter, after, limit).await?);
        }
        let place = |event: &StoredEvent| Cursor::at(event.received_at, event.environment.as_str(), event.id.as_str());
        Ok(merged(pages, Run::Back, limit, place))
    }

    /// One event, its payload masked; `None` when there is none within the border.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked, or `Sealed` when the body does not open.
    pub async fn event(&self, environment: &EnvironmentName, id: &EventId) -> Result<Option<EventView>, StorageError> {
        let Some((event, body)) = self.event_and_body(environment, id).await? else { return Ok(None) };
        let json = body.as_deref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let masked = json.and_then(|json| serde_json::to_string_pretty(&mask::masked(&json)).ok());
        let bytes = body.as_ref().map(Vec::len);
        Ok(Some(EventView { event, masked, bytes, can_be_revealed: body.is_some() }))
    }

    /// The payload of an event as it was received. Whoever asks for it is to be written down before: see
    /// [`Board::reveal`].
    pub(in crate::app) async fn payload(
        &self,
        environment: &EnvironmentName,
        id: &EventId,
    ) -> Result<Option<Revealed>, StorageError> {
        let Some((_, Some(body))) = self.event_and_body(environment, id).await? else { return Ok(None) };
        let json = serde_json::from_slice::<Value>(&body).ok();
        let indented = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
        Ok(Some(Revealed::new(indented.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()))))
    }

    async fn event_and_body(
        &self,
        environment: &EnvironmentName,
        id: &EventId,
    ) -> Result<Option<(StoredEvent, Option<Vec<u8>>)>, StorageError> {
        if !self.sees(environment) {
            return Ok(None);
        }
        let mut tx = self.app.database().read().await?;
        let found = tx.find_event(id).await?.into_iter().find(|event| event.environment == *environment);
        let Some(event) = found else { return Ok(None) };
        let body = tx.event_body(environment, id).await?;
        Ok(Some((event, body)))
    }

    /// The deliveries that were refused, the latest first: the last thousand, without bodies. Those that named no
    /// environment of ours are for whoever is bound to none.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn refusals(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<Refused>, StorageError> {
        self.app.keep_refusals().await?;
        self.app.database().read().await?.list_refusals(self.within.as_ref(), after, limit).await
    }
}
