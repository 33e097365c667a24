//! Muting a lineage: nobody is told anything about it, and who comes by themselves still gets in.

use crate::app::App;
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::storage::StorageError;

impl App {
    /// Mutes the lineage of an inquiry, whichever of its members is named, or lets its person be told again; whether
    /// that changed anything. `None` when there is no such inquiry.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn mute(
        &self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        muted: bool,
        by: &str,
        reason: &str,
    ) -> Result<Option<bool>, StorageError> {
        let mut tx = self.database().begin().await?;
        let Some(stored) = tx.inquiry(environment, inquiry).await? else { return Ok(None) };
        let changed = if muted {
            tx.mute(environment, &stored.lineage, by, reason, self.clock().now()).await?
        } else {
            tx.unmute(environment, &stored.lineage).await?
        };
        tx.commit().await?;
        if let Some(environment) = self.environments().get(environment) {
            self.replan_one(environment, inquiry).await?;
        }
        Ok(Some(changed))
    }
}
