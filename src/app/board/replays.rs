//! Replays, page by page, and one with what became of what.

use crate::app::board::{Board, Cursor, Page, StorageError};
use crate::app::replay::{BecameOf, Replay};
use crate::domain::ids::{EnvironmentName, ReplayId};

/// One replay, or the preview of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayStory {
    /// As stored.
    pub replay: Replay,
    /// What became of what was not simply done, the most frequent first.
    pub reasons: Vec<BecameOf>,
}

impl Board {
    /// Replays that were started, the latest first.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn replays(
        &self,
        environment: Option<&EnvironmentName>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Replay>, StorageError> {
        let environment = environment.or(self.within.as_ref());
        if environment.is_some_and(|name| !self.sees(name)) {
            return Ok(Page { items: Vec::new(), next: None, unreadable: Vec::new() });
        }
        self.app.database().read().await?.list_replays(environment, after, limit).await
    }

    /// One replay; `None` when there is none within the border.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn replay(&self, id: &ReplayId) -> Result<Option<ReplayStory>, StorageError> {
        let mut tx = self.app.database().read().await?;
        let replay = tx.replay(id).await?.filter(|replay| self.sees(&replay.filter.environment));
        let Some(replay) = replay else { return Ok(None) };
        let reasons = tx.replay_reasons(id).await?;
        Ok(Some(ReplayStory { replay, reasons }))
    }
}
