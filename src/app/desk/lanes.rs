//! Acts on lanes and links.

use crate::app::desk::{ActError, Desk};
use crate::app::lanes::LaneChange;
use crate::app::links::{LinkError, Minted};
use crate::domain::act::Act;
use crate::domain::action::Kind;
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
        self.allowed(act, environment, "lane")?;
        Ok(self.app.change_lane(environment, kind, change, &self.operator, self.reason()).await?)
    }

    /// Makes an access link into the verification of an inquiry. Whoever has it gets in.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn mint_link(&self, environment: &EnvironmentName, inquiry: &InquiryId) -> Result<Minted, ActError> {
        self.allowed(Act::MintLink, environment, "inquiry")?;
        self.app.mint_link(environment, inquiry, &self.operator, self.reason()).await.map_err(|error| match error {
            LinkError::UnknownInquiry => ActError::Unknown("inquiry"),
            LinkError::NoReason(error) => ActError::NoReason(error),
            LinkError::Storage(error) => ActError::Storage(error),
            other @ LinkError::NoPublicUrl => ActError::NotNow(other.to_string()),
        })
    }

    /// Revokes every link into the verification of an inquiry; how many.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn revoke_links(&self, environment: &EnvironmentName, inquiry: &InquiryId) -> Result<u64, ActError> {
        self.allowed(Act::RevokeLink, environment, "inquiry")?;
        let revoked = self.app.revoke_links(environment, inquiry, &self.operator, self.reason()).await?;
        revoked.ok_or(ActError::Unknown("inquiry"))
    }

    /// Revokes one link; whether it was not revoked before.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn revoke_link(&self, id: &LinkId) -> Result<bool, ActError> {
        let link = self.app.database().read().await?.access_link(id).await?.ok_or(ActError::Unknown("link"))?;
        self.allowed(Act::RevokeLink, &link.environment, "link")?;
        let revoked = self.app.revoke_link(id, &self.operator, self.reason()).await?;
        revoked.ok_or(ActError::Unknown("link"))
    }
}
