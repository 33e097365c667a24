//! Access links: our own way in, which leads to a fresh one-time link of Persona's whenever somebody comes.
//!
//! A link is an id and a proof made from it, so it is kept nowhere and can be made again for a notice that is sent again.
//! It belongs to the verification and not to an inquiry: it leads to whatever took the inquiry's place.

mod grant;
mod open;
mod renew;

use secrecy::SecretString;

use crate::app::App;
use crate::app::operators::DeedError;
use crate::app::step::{Step, database, give_up};
use crate::config::Links;
use crate::domain::act::Act;
use crate::domain::action::Action;
use crate::domain::deed::{About, Deed, NoReason};
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId};
use crate::domain::operator::Operator;
use crate::domain::time::Timestamp;
use crate::storage::access_links::{AccessLink, LinkId, NewLink};
use crate::storage::{StorageError, Tx};
use crate::vault::LinkKey;

pub use self::grant::Granted;
pub use self::open::{Dead, Doorway, Over};
pub(super) use self::renew::invited;

/// A link with its address.
#[derive(Debug, Clone)]
pub struct Minted {
    /// What is kept of it.
    pub link: AccessLink,
    /// The link itself: whoever has it gets in.
    pub url: SecretString,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nothing says where people reach us.
    #[error("public_url is not set, so a link would lead nowhere; set it to where people reach the public listener")]
    NoPublicUrl,
    /// There is no such inquiry.
    #[error("there is no such inquiry; `rekindle inquiries list` shows those there are")]
    UnknownInquiry,
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// The database could not be asked, or the key of links does not open.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// A link into the verification of an inquiry. With an action, the one that this action's notices carry, the same at
    /// every try; else one that was made for nobody in particular and still has half of its time, or a new one.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn link_for(
        &self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        made_for: Option<&ActionId>,
    ) -> Result<Minted, LinkError> {
        if self.links().public_url.is_none() {
            return Err(LinkError::NoPublicUrl);
        }
        let (now, settings) = (self.clock().now(), self.links());
        let mut tx = self.database().begin().await?;
        let stored = tx.inquiry(environment, inquiry).await?.ok_or(LinkError::UnknownInquiry)?;
        let there = match made_for {
            Some(action) => tx.access_link_made_for(action).await?,
            None => tx.usable_access_link(environment, &stored.lineage, now.plus(settings.lifetime / 2)).await?,
        };
        let key = tx.link_key_or_new(now).await?;
        let link = match there {
            Some(link) => link,
            None => add(&mut tx, environment, stored.lineage, made_for, (settings, now)).await?,
        };
        tx.commit().await?;
        let url = self.address_of(&key, &link.id).ok_or(LinkError::NoPublicUrl)?;
        Ok(Minted { link, url })
    }

    /// A link for somebody whom an operator lets in; as [`App::link_for`], written down before it is given out.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn mint_link(
        &self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        by: &Operator,
        reason: &str,
    ) -> Result<Minted, LinkError> {
        let deed = Deed::new(by, Act::MintLink, Some(reason), self.clock().now())?.within(environment);
        let minted = self.link_for(environment, inquiry, None).await?;
        self.record_deed(&deed.about(About::inquiry(inquiry))).await?;
        Ok(minted)
    }

    /// The link that an action's notices carry.
    pub(super) async fn link_of(&self, action: &Action) -> Step<Minted> {
        let planned = &action.planned;
        let minted = self.link_for(&planned.environment, &planned.inquiry, Some(&planned.id)).await;
        minted.map_err(|error| match error {
            LinkError::Storage(error) => database(&error),
            other => give_up(&other.to_string()),
        })
    }

    /// Revokes one link; `None` when there is no such link, else whether it was not revoked before.
    ///
    /// # Errors
    /// [`DeedError`].
    pub async fn revoke_link(&self, id: &LinkId, by: &Operator, why: &str) -> Result<Option<bool>, DeedError> {
        let deed = Deed::new(by, Act::RevokeLink, Some(why), self.clock().now())?;
        let mut tx = self.database().begin().await?;
        let link = tx.access_link(id).await?.filter(|link| by.sees(&link.environment));
        let Some(link) = link else { return Ok(None) };
        let revoked = tx.revoke_access_link(id, &by.who, why, deed.at()).await?;
        if revoked {
            let about = About { kind: "link", id: id.to_string() };
            tx.record_deed(&deed.within(&link.environment).about(about)).await?;
        }
        tx.commit().await?;
        Ok(Some(revoked))
    }

    /// Revokes every link into the verification of an inquiry; how many. `None` when there is no such inquiry.
    ///
    /// # Errors
    /// [`DeedError`].
    pub async fn revoke_links(
        &self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        by: &Operator,
        why: &str,
    ) -> Result<Option<u64>, DeedError> {
        let deed = Deed::new(by, Act::RevokeLink, Some(why), self.clock().now())?;
        let mut tx = self.database().begin().await?;
        let Some(stored) = tx.inquiry(environment, inquiry).await? else { return Ok(None) };
        let revoked = tx.revoke_access_links(environment, &stored.lineage, &by.who, why, deed.at()).await?;
        if revoked > 0 {
            tx.record_deed(&deed.within(environment).about(About::inquiry(inquiry))).await?;
        }
        tx.commit().await?;
        Ok(Some(revoked))
    }

    /// The address of the link whose token this is; `None` for a token that is not ours.
    ///
    /// # Errors
    /// [`StorageError`] when the key can't be read.
    pub async fn link_address(&self, token: &str) -> Result<Option<SecretString>, StorageError> {
        let Some(key) = self.link_key().await? else { return Ok(None) };
        let id = key.id_of(token).and_then(LinkId::parse);
        Ok(id.and_then(|id| self.address_of(&key, &id)))
    }

    fn address_of(&self, key: &LinkKey, id: &LinkId) -> Option<SecretString> {
        self.links().address(&format!("/go/{}", key.token(id.as_str()))).map(SecretString::from)
    }

    /// The key of links, read once; `None` while nobody made a link.
    pub(super) async fn link_key(&self) -> Result<Option<LinkKey>, StorageError> {
        if let Some(key) = self.shared.link_key.get() {
            return Ok(Some(key.clone()));
        }
        let Some(key) = self.database().read().await?.link_key().await? else { return Ok(None) };
        Ok(Some(self.shared.link_key.get_or_init(|| key).clone()))
    }
}

/// Adds a link, unless another process just made one for the same action: then it is that one.
async fn add(
    tx: &mut Tx,
    environment: &EnvironmentName,
    lineage: InquiryId,
    made_for: Option<&ActionId>,
    (settings, now): (&Links, Timestamp),
) -> Result<AccessLink, LinkError> {
    let id = LinkKey::new_id().map_err(StorageError::from)?;
    let id = LinkId::parse(&id).unwrap_or_else(|| unreachable!("it was made to be one"));
    let new = NewLink {
        id: id.clone(),
        environment: environment.clone(),
        lineage,
        made_for: made_for.cloned(),
        max_opens: settings.max_opens,
        created_at: now,
        expires_at: now.plus(settings.lifetime),
    };
    let added = tx.add_access_link(&new).await?;
    let there = match made_for.filter(|_| !added) {
        Some(action) => tx.access_link_made_for(action).await?,
        None => tx.access_link(&id).await?,
    };
    there.ok_or(LinkError::UnknownInquiry)
}
