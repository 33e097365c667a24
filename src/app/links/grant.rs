//! An application asks for an access link, to hand it out: Persona is not asked for anything until somebody comes.

use super::{App, LinkError, Minted};
use crate::app::access::Admission;
use crate::app::customers::Named;
use crate::config::Mode;
use crate::domain::access::Access;
use crate::domain::ids::InquiryId;
use crate::domain::time::Timestamp;
use crate::domain::token::Grant;

/// What whoever asks for an access link gets.
#[derive(Debug, Clone)]
pub enum Granted {
    /// The link.
    Link {
        /// The inquiry it leads into as things are.
        inquiry: InquiryId,
        /// The link.
        minted: Minted,
        /// When that inquiry expires, where it is known.
        deadline: Option<Timestamp>,
    },
    /// None, because there is nothing to get into.
    None(Admission),
}

impl App {
    /// An access link into the verification of an inquiry that the grant may see, where it leads somewhere as far as is
    /// known without asking Persona.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn access_link_for(&self, grant: &Grant, named: &Named) -> Result<Granted, LinkError> {
        let unknown = Granted::None(Admission::Unknown);
        let Some((name, id)) = self.meant(grant, named).await? else { return Ok(unknown) };
        let Some(environment) = self.environments().get(&name) else { return Ok(unknown) };
        if !self.all_are_seen(grant, &name, &id).await? {
            return Ok(unknown);
        }
        if environment.settings.mode != Mode::Act || environment.persona.is_none() {
            return Ok(Granted::None(Admission::NotActing));
        }
        let (inquiry, access) = match self.foresee(environment, &id).await? {
            Some((inquiry, access)) => (inquiry, Some(access)),
            None => (id, None),
        };
        let Some(stored) = self.find_seen(grant, &inquiry, &name).await? else { return Ok(unknown) };
        let over = match access {
            Some(Access::Done { inquiry, status }) => Some(Admission::Done { inquiry, status }),
            Some(Access::Failed) => Some(Admission::Failed { inquiry: inquiry.clone() }),
            Some(Access::Closed(why)) => Some(Admission::Closed { inquiry: inquiry.clone(), why }),
            Some(Access::Elsewhere(_) | Access::Enter(_) | Access::Revive | Access::Replace(_)) | None => None,
        };
        if let Some(over) = over {
            return Ok(Granted::None(over));
        }
        let minted = self.link_for(&name, &inquiry, None).await?;
        Ok(Granted::Link { deadline: stored.inquiry.known.expires_at().copied(), inquiry, minted })
    }
}
