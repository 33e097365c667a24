//! What an operator does to an action.

use crate::app::App;
use crate::domain::act::Act;
use crate::domain::action::{Action, State};
use crate::domain::deed::{About, Deed, NoReason};
use crate::domain::ids::ActionId;
use crate::domain::operator::Operator;
use crate::storage::StorageError;

/// Why an action was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// There is no such action.
    #[error("there is no action {0}")]
    Unknown(ActionId),
    /// Its state does not allow it.
    #[error("action {id} is {state}; only {allowed} can be {verb}")]
    WrongState {
        /// The action.
        id: ActionId,
        /// Its state.
        state: State,
        /// Which states allow it, in words.
        allowed: &'static str,
        /// What was asked, as a participle.
        verb: &'static str,
    },
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// The database could not be asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// Makes a failed or cancelled action due now, with all its attempts before it. The plan's guard still decides
    /// at the last moment whether anyone is troubled.
    ///
    /// # Errors
    /// [`OperateError`] when there is none that is theirs to see, or it is neither failed nor cancelled.
    pub async fn retry_action(&self, id: &ActionId, reason: &str, by: &Operator) -> Result<Action, OperateError> {
        let deed = Deed::new(by, Act::Retry, Some(reason), self.clock().now())?;
        let mut tx = self.database().begin().await?;
        let done = tx.retry_action(id, &by.who, deed.at()).await?;
        let action = tx.action(id).await?.filter(|action| by.sees(&action.planned.environment));
        let action = action.ok_or_else(|| OperateError::Unknown(id.clone()))?;
        if !done {
            let (id, state) = (id.clone(), action.state);
            return Err(OperateError::WrongState { id, state, allowed: "a failed or cancelled one", verb: "retried" });
        }
        tx.record_deed(&deed.within(&action.planned.environment).about(About::action(id))).await?;
        tx.commit().await?;
        Ok(action)
    }

    /// Cancels a planned or running action for good: the plan does not bring it back.
    ///
    /// # Errors
    /// [`OperateError`] when there is none that is theirs to see, or it has ended.
    pub async fn cancel_action(&self, id: &ActionId, reason: &str, by: &Operator) -> Result<Action, OperateError> {
        let deed = Deed::new(by, Act::Cancel, Some(reason), self.clock().now())?;
        let mut tx = self.database().begin().await?;
        let done = tx.cancel_action(id, reason, deed.at()).await?;
        let action = tx.action(id).await?.filter(|action| by.sees(&action.planned.environment));
        let action = action.ok_or_else(|| OperateError::Unknown(id.clone()))?;
        if !done {
            let (id, state) = (id.clone(), action.state);
            return Err(OperateError::WrongState { id, state, allowed: "a planned or running one", verb: "cancelled" });
        }
        tx.record_deed(&deed.within(&action.planned.environment).about(About::action(id))).await?;
        tx.commit().await?;
        Ok(action)
    }
}
