//! One-time sign-in links: the first way into a new installation, and the way back in for whoever has a shell.

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use super::sessions::SignInError;
use crate::app::App;
use crate::app::secret::{self, Use};
use crate::domain::act::{Act, Role};
use crate::domain::deed::Deed;
use crate::domain::operator::{How, Operator};
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::operators::sign_ins::SignInLink;

/// How long a sign-in link works.
pub const LINK_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// A sign-in link: whoever has it signs in, once.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its path on the internal listener, which is a secret.
    pub path: SecretString,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl App {
    /// Makes a sign-in link that gives a role, once, within [`LINK_LIFETIME`].
    ///
    /// # Errors
    /// [`SignInError`], never `Refused`.
    pub async fn invite_operator(&self, role: Role, by: &Operator) -> Result<Link, SignInError> {
        let now = self.clock().now();
        let secret = secret::make()?;
        let expires_at = now.plus(LINK_LIFETIME);
        let link = SignInLink { who: format!("link:{}", by.who), role, created_at: now, expires_at };
        let mut tx = self.database().begin().await?;
        tx.forget_sign_ins(now).await?;
        tx.add_sign_in_link(&secret::hash_of(&secret, Use::Link), &link).await?;
        tx.record_deed(&Deed::new(by, Act::InviteOperator, Some(role.as_str()), now)?).await?;
        tx.commit().await?;
        let path = SecretString::from(format!("/sign-in/once/{}", secret.expose_secret()));
        Ok(Link { path, expires_at })
    }

    /// Whether a sign-in link would work; looking at it changes nothing.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn sign_in_link_works(&self, shown: &str) -> Result<bool, StorageError> {
        let Some(id) = secret::hash(shown, Use::Link) else { return Ok(false) };
        let link = self.database().read().await?.sign_in_link(&id).await?;
        Ok(link.is_some_and(|link| link.expires_at > self.clock().now()))
    }

    /// Begins a session with a sign-in link, and uses it up; as [`App::sign_in_with_token`].
    ///
    /// # Errors
    /// [`SignInError::Refused`] for a link that does not work.
    pub async fn sign_in_with_link(
        &self,
        shown: &str,
        address: Option<&str>,
        before: Option<&str>,
    ) -> Result<SecretString, SignInError> {
        let id = secret::hash(shown, Use::Link).ok_or(SignInError::Refused)?;
        let mut tx = self.database().begin().await?;
        let link = tx.use_sign_in_link(&id).await?.filter(|link| link.expires_at > self.clock().now());
        let SignInLink { who, role, .. } = link.ok_or(SignInError::Refused)?;
        let address = address.map(str::to_owned);
        let by = Operator { who, role, environment: None, how: How::Session(None), address };
        let cookie = self.begin_session(&mut tx, &by, None, before).await?;
        tx.commit().await?;
        Ok(cookie)
    }

    /// Whether nobody ever had a way in: no token was made, and nobody signed in.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn nobody_signed_in_yet(&self) -> Result<bool, StorageError> {
        self.database().read().await?.anybody_signed_in().await.map(|anybody| !anybody)
    }
}
