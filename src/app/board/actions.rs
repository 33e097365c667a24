//! Actions, page by page, and one with its attempts.

use crate::app::board::merge::{Run, merged};
use crate::app::board::{AccessLink, ActionFilter, Attempt, Board, Cursor, Page, StorageError};
use crate::app::queries::in_words;
use crate::domain::action::{Action, Kind, State};
use crate::domain::ids::ActionId;
use crate::storage::Tx;

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
        let mut tx = self.app.database().read().await?;
        if filter.inquiry.is_none() && matches!(filter.state, Some(State::Planned | State::Failed)) {
            return self.by_lane(&mut tx, filter, after, limit).await;
        }
        let place = |action: &Action| Cursor::at(action.created_at, "", action.planned.id.as_str());
        if self.within.is_none() && filter.environment.is_none() && filter.inquiry.is_none() {
            return tx.list_actions(filter, after, limit).await;
        }
        let mut pages = Vec::new();
        for environment in self.meant(filter.environment.as_ref()) {
            let filter = ActionFilter { environment: Some(environment), ..filter.clone() };
            pages.push(tx.list_actions(&filter, after, limit).await?);
        }
        Ok(merged(pages, Run::Back, limit, place))
    }

    /// Lane by lane, as the indices have them, and then in one order.
    async fn by_lane(
        &self,
        tx: &mut Tx,
        filter: &ActionFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Action>, StorageError> {
        let planned = filter.state == Some(State::Planned);
        let kinds = filter.kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
        let mut pages = Vec::new();
        for environment in self.meant(filter.environment.as_ref()) {
            for kind in &kinds {
                let lane = (environment.clone(), *kind);
                pages.push(if planned {
                    tx.list_planned(&lane, filter, after, limit).await?
                } else {
                    tx.list_failed(&lane, filter, after, limit).await?
                });
            }
        }
        let place = |action: &Action| {
            let ended = action.finished_at.unwrap_or(action.created_at);
            Cursor::at(if planned { action.planned.due_at } else { ended }, "", action.planned.id.as_str())
        };
        Ok(merged(pages, if planned { Run::On } else { Run::Back }, limit, place))
    }

    /// One action with its attempts; `None` when there is none within the border.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn action(&self, id: &ActionId) -> Result<Option<ActionView>, StorageError> {
        let mut tx = self.app.database().read().await?;
        let Some(action) = tx.action(id).await?.filter(|action| self.sees(&action.planned.environment)) else {
            return Ok(None);
        };
        let attempts = tx.attempts(id).await?;
        let link = tx.access_link_made_for(id).await?;
        let state = action.state;
        Ok(Some(ActionView {
            words: in_words(&action),
            action,
            attempts,
            link,
            can_be_retried: matches!(state, State::Failed | State::Cancelled),
            can_be_cancelled: matches!(state, State::Planned | State::Running),
            can_be_rescheduled: state == State::Planned,
        }))
    }
}
