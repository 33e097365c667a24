//! Events, page by page, and one with its payload masked.

use std::fmt;

use crate::app::board::{Board, Cursor, EventFilter, Page, Refused, StorageError, StoredEvent};
use crate::domain::ids::{EnvironmentName, EventId};

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
        todo!()
    }

    /// One event, its payload masked; `None` when there is none within the border.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn event(&self, environment: &EnvironmentName, id: &EventId) -> Result<Option<EventView>, StorageError> {
        todo!()
    }

    /// The deliveries that were refused, the latest first: the last thousand, without bodies.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn refusals(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<Refused>, StorageError> {
        todo!()
    }
}
