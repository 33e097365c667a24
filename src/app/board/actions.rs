//! Actions, page by page, and one with its attempts.

use crate::app::board::{AccessLink, ActionFilter, Attempt, Board, Cursor, Page, StorageError};
use crate::domain::action::Action;
use crate::domain::ids::ActionId;

/// One action.
#[derive(Debug, Clone)]
pub struct ActionView {
    /// As stored.
    pub action: Action,
    /// What it does, in words.
    pub words: String,
    /// Its attempts, the first one first.
    pub attempts: Vec<Attempt>,
    /// The access link that its notice carries.
    pub link: Option<AccessLink>,
    /// Whether it can be retried as it is.
    pub can_be_retried: bool,
    /// Whether it can be cancelled as it is.
    pub can_be_cancelled: bool,
    /// Whether it can be put to another time.
    pub can_be_rescheduled: bool,
}

impl Board {
    /// The actions that pass the filter, page by page: planned ones as they are due, dead letters the latest first, all
    /// others the last planned first. A page can have fewer than `limit`, and go on.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn actions(
        &self,
        filter: &ActionFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Action>, StorageError> {
        todo!()
    }

    /// One action with its attempts; `None` when there is none within the border.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn action(&self, id: &ActionId) -> Result<Option<ActionView>, StorageError> {
        todo!()
    }
}
