//! Muting a lineage: nobody is told anything about it, and who comes by themselves still gets in.

use crate::app::App;
use crate::app::operators::DeedError;
use crate::domain::act::Act;
use crate::domain::deed::{About, Deed};
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::operator::Operator;

impl App {
    /// Mutes the lineage of an inquiry, whichever of its members is named, or lets its person be told again; whether
    /// that changed anything. `None` when there is no such inquiry.
    ///
    /// # Errors
    /// [`DeedError`].
    pub async fn mute(
        &self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        muted: bool,
        by: &Operator,
        reason: &str,
    ) -> Result<Option<bool>, DeedError> {
        let now = self.clock().now();
        let deed = Deed::new(by, if muted { Act::Mute } else { Act::Unmute }, Some(reason), now)?;
        let mut tx = self.database().begin().await?;
        let Some(stored) = tx.inquiry(environment, inquiry).await? else { return Ok(None) };
        let changed = if muted {
            tx.mute(environment, &stored.lineage, &by.who, reason, now).await?
        } else {
            tx.unmute(environment, &stored.lineage).await?
        };
        if changed {
            tx.record_deed(&deed.within(environment).about(About::inquiry(inquiry))).await?;
        }
        tx.commit().await?;
        if let Some(environment) = self.environments().get(environment) {
            self.replan_one(environment, inquiry).await?;
        }
        Ok(Some(changed))
    }
}
