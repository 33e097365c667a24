//! Acts on lanes and links.

use crate::app::desk::{ActError, Desk};
use crate::app::lanes::LaneChange;
use crate::app::links::{LinkError, Minted};
use crate::domain::act::Act;
use crate::domain::action::Kind;
use crate::domain::deed::About;
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::storage::access_links::LinkId;
use crate::storage::actions::LaneSetting;

impl Desk {
    /// Changes a lane, for every process, from its next claim on.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn change_lane(
        &self,
        environment: &EnvironmentName,
        kind: Kind,
        change: LaneChange,
    ) -> Result<LaneSetting, ActError> {
        let act = match change {
            LaneChange::Pause => Act::PauseLane,
            LaneChange::Resume => Act::ResumeLane,
            LaneChange::Priority(_) => Act::OrderLane,
        };
        let about = About { kind: "lane", id: format!("{environment}/{kind}") };
        let deed = self.deed(act, environment, about)?;
        self.announced(&deed).await?;
        Ok(self.app.change_lane(environment, kind, change, &self.operator.who, self.reason()).await?)
    }

    /// Makes an access link into the verification of an inquiry. Whoever has it gets in.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn mint_link(&self, environment: &EnvironmentName, inquiry: &InquiryId) -> Result<Minted, ActError> {
        let deed = self.deed(Act::MintLink, environment, About::inquiry(inquiry))?;
        if self.app.database().read().await?.inquiry(environment, inquiry).await?.is_none() {
            return Err(ActError::Unknown("inquiry"));
        }
        self.announced(&deed).await?;
        self.app.link_for(environment, inquiry, None).await.map_err(|error| match error {
            LinkError::UnknownInquiry => ActError::Unknown("inquiry"),
            LinkError::Storage(error) => ActError::Storage(error),
            other @ LinkError::NoPublicUrl => ActError::NotNow(other.to_string()),
        })
    }

    /// Revokes every link into the verification of an inquiry; how many.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn revoke_links(&self, environment: &EnvironmentName, inquiry: &InquiryId) -> Result<u64, ActError> {
        let deed = self.deed(Act::RevokeLink, environment, About::inquiry(inquiry))?;
        let (now, who) = (self.app.clock().now(), &self.operator.who);
        let mut tx = self.app.database().begin().await?;
        let stored = tx.inquiry(environment, inquiry).await?.ok_or(ActError::Unknown("inquiry"))?;
        let revoked = tx.revoke_access_links(environment, &stored.lineage, who, self.reason(), now).await?;
        Self::done(tx, &deed).await?;
        Ok(revoked)
    }

    /// Revokes one link; whether it was not revoked before.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn revoke_link(&self, id: &LinkId) -> Result<bool, ActError> {
        let mut tx = self.app.database().begin().await?;
        let link = tx.access_link(id).await?.ok_or(ActError::Unknown("link"))?;
        let deed = self.deed(Act::RevokeLink, &link.environment, About { kind: "link", id: id.to_string() })?;
        let now = self.app.clock().now();
        let revoked = tx.revoke_access_link(id, &self.operator.who, self.reason(), now).await?;
        Self::done(tx, &deed).await?;
        Ok(revoked)
    }
}
