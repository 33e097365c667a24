//! Tokens of the API: made, listed, revoked, and asked what they grant.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use secrecy::SecretString;
use tracing::warn;

use crate::app::App;
use crate::app::operators::DeedError;
use crate::app::secret::{self, NoRandomness};
use crate::domain::act::Act;
use crate::domain::deed::{About, Deed, NoReason};
use crate::domain::ids::{CustomerName, EnvironmentName, TokenId};
use crate::domain::operator::Operator;
use crate::domain::time::Timestamp;
use crate::domain::token::{Bearer, Grant, Scope, Shown, Token};
use crate::storage::StorageError;

/// How exactly it is known when a token was last used: not every call has to write.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What a new token is to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for.
    pub note: String,
    /// What it grants.
    pub scopes: BTreeSet<Scope>,
    /// In this environment only.
    pub environment: Option<EnvironmentName>,
    /// With this customer's inquiries only.
    pub customer: Option<CustomerName>,
    /// From when on it grants nothing.
    pub expires_at: Option<Timestamp>,
}

/// Why there is no new token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The environment is not configured.
    #[error("environment {0} is not configured; add [environments.{0}], or leave it out for all")]
    UnknownEnvironment(EnvironmentName),
    /// The customer is not configured.
    #[error("customer {0} is not configured; add [customers.{0}]")]
    UnknownCustomer(CustomerName),
    /// It would grant nothing.
    #[error("a token without a scope grants nothing; scopes are inquiries:read, inquiries:write and access")]
    NoScope,
    /// It would have ended before it began.
    #[error("it would have expired already")]
    Expired,
    /// The system gave no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// It could not be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// Makes a token. Its text is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn create_token(&self, new: NewToken, by: &Operator) -> Result<(Token, SecretString), TokenError> {
        let now = self.clock().now();
        if let Some(name) = new.environment.iter().find(|name| !self.environments().contains_key(*name)) {
            return Err(TokenError::UnknownEnvironment(name.clone()));
        }
        if let Some(name) = new.customer.iter().find(|name| !self.customers().contains_key(*name)) {
            return Err(TokenError::UnknownCustomer(name.clone()));
        }
        if new.scopes.is_empty() {
            return Err(TokenError::NoScope);
        }
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(TokenError::Expired);
        }
        let made = secret::token(Bearer::Application)?;
        let grant = Grant { token: made.id, scopes: new.scopes, environment: new.environment, customer: new.customer };
        let (note, expires_at) = (new.note, new.expires_at);
        let token = Token { grant, note, created_at: now, expires_at, revoked_at: None, last_used_at: None };
        let mut tx = self.database().begin().await?;
        tx.add_token(&token, &made.hash).await?;
        let deed = Deed::new(by, Act::CreateToken, Some(&token.note), now)?.about(About::token(&token.grant.token));
        tx.record_deed(&token.grant.environment.iter().fold(deed, Deed::within)).await?;
        tx.commit().await?;
        Ok((token, made.text))
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn tokens(&self) -> Result<Vec<Token>, StorageError> {
        self.database().read().await?.tokens().await
    }

    /// Revokes a token at once, an application's or an operator's, whose sessions end with it; false when it was
    /// already, `None` when there is none of this id.
    ///
    /// # Errors
    /// [`DeedError`].
    pub async fn revoke_token(&self, id: &TokenId, by: &Operator) -> Result<Option<bool>, DeedError> {
        let deed = Deed::new(by, Act::RevokeToken, None, self.clock().now())?.about(About::token(id));
        let mut tx = self.database().begin().await?;
        let revoked = if tx.token(id).await?.is_some() {
            tx.revoke_token(id, deed.at()).await?
        } else if tx.operator_token(id).await?.is_some() {
            tx.end_sessions_of(id).await?;
            tx.revoke_operator_token(id, deed.at()).await?
        } else {
            return Ok(None);
        };
        if revoked {
            tx.record_deed(&deed).await?;
        }
        tx.commit().await?;
        Ok(Some(revoked))
    }

    /// What a token grants. One that is none, unknown, revoked or expired grants nothing, and nobody is told which.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn authenticate(&self, shown: &str) -> Result<Option<Grant>, StorageError> {
        let Some(shown) = Shown::parse(Bearer::Application, shown) else { return Ok(None) };
        let (token, kept) = self.database().read().await?.token(&shown.id).await?.unzip();
        let same = shown.is(kept.as_deref());
        let now = self.clock().now();
        let Some(token) = token.filter(|token| same && token.is_good(now)) else { return Ok(None) };
        if token.last_used_at.is_none_or(|last| now.since(last) >= TOUCH_EVERY) {
            self.touch(&token.grant.token, now).await;
        }
        Ok(Some(token.grant))
    }

    async fn touch(&self, id: &TokenId, now: Timestamp) {
        let touched = async {
            let mut tx = self.database().begin().await?;
            tx.touch_token(id, now).await?;
            tx.commit().await
        };
        if let Err(error) = touched.await {
            warn!(token = %id, %error, "its last use was not written down");
        }
    }
}
