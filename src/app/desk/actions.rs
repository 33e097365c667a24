//! Acts on one action: again, never, or at another time.

use crate::app::desk::{ActError, Desk};
use crate::domain::act::Act;
use crate::domain::action::{Action, State};
use crate::domain::deed::{About, Deed};
use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;
use crate::storage::Tx;

impl Desk {
    /// Makes a failed or cancelled action due now, with all its attempts before it.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn retry(&self, id: &ActionId) -> Result<Action, ActError> {
        let (mut tx, action, deed) = self.begun(Act::Retry, id).await?;
        if !tx.retry_action(id, &self.operator.who, self.app.clock().now()).await? {
            return Err(wrong(&action, "a failed or cancelled one can be retried"));
        }
        self.ended(tx, id, &deed).await
    }

    /// Cancels a planned or running action for good: the plan does not bring it back.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn cancel(&self, id: &ActionId) -> Result<Action, ActError> {
        let (mut tx, action, deed) = self.begun(Act::Cancel, id).await?;
        let why = format!("cancelled by {}: {}", self.operator.who, self.reason());
        if !tx.cancel_action(id, &why, self.app.clock().now()).await? {
            return Err(wrong(&action, "a planned or running one can be cancelled"));
        }
        self.ended(tx, id, &deed).await
    }

    /// Puts a planned action to another time; a reminder to one before its deadline.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn reschedule(&self, id: &ActionId, due_at: Timestamp) -> Result<Action, ActError> {
        let (mut tx, action, deed) = self.begun(Act::Reschedule, id).await?;
        let deadline = action.planned.work.reminder().map(|reminder| reminder.deadline);
        if deadline.is_some_and(|deadline| due_at >= deadline) {
            return Err(ActError::NotNow("a reminder has to come before the deadline it reminds of".to_owned()));
        }
        let why = format!("put to another time by {}", self.operator.who);
        if !tx.reschedule_action(id, due_at, &why, self.app.clock().now()).await? {
            return Err(wrong(&action, "a planned one can be put to another time"));
        }
        self.ended(tx, id, &deed).await
    }

    async fn begun(&self, act: Act, id: &ActionId) -> Result<(Tx, Action, Deed), ActError> {
        let mut tx = self.app.database().begin().await?;
        let action = tx.action(id).await?.ok_or(ActError::Unknown("action"))?;
        let deed = self.deed(act, &action.planned.environment, About::action(id))?;
        Ok((tx, action, deed))
    }

    async fn ended(&self, mut tx: Tx, id: &ActionId, deed: &Deed) -> Result<Action, ActError> {
        let action = tx.action(id).await?.ok_or(ActError::Unknown("action"))?;
        Self::done(tx, deed).await?;
        Ok(action)
    }
}

fn wrong(action: &Action, only: &str) -> ActError {
    let state: State = action.state;
    ActError::NotNow(format!("action {} is {state}; only {only}", action.planned.id))
}
