//! Operators' tokens: made, listed, revoked, and asked whose they are.

use jiff::SignedDuration;
use secrecy::SecretString;
use tracing::warn;

use crate::app::App;
use crate::app::secret::{self, NoRandomness};
use crate::domain::act::{Act, Role};
use crate::domain::deed::{About, Deed, NoReason};
use crate::domain::ids::{EnvironmentName, TokenId};
use crate::domain::operator::{How, Operator, OperatorToken};
use crate::domain::time::Timestamp;
use crate::domain::token::{Bearer, Shown};
use crate::storage::StorageError;

/// How exactly it is known when a token or session was last used: not every request has to write.
pub(super) const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What a new operator's token is to be.
#[derive(Debug, Clone)]
pub struct NewOperatorToken {
    /// Whose it is, or what for; it stands in the audit.
    pub note: String,
    /// What it allows.
    pub role: Role,
    /// In this environment only.
    pub environment: Option<EnvironmentName>,
    /// From when on it allows nothing.
    pub expires_at: Option<Timestamp>,
}

/// Why there is no new operator's token.
#[derive(Debug, thiserror::Error)]
pub enum OperatorTokenError {
    /// The environment is not configured.
    #[error("environment {0} is not configured; add [environments.{0}], or leave it out for all")]
    UnknownEnvironment(EnvironmentName),
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
    /// Makes an operator's token. Its text is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`OperatorTokenError`].
    pub async fn create_operator_token(
        &self,
        new: NewOperatorToken,
        by: &Operator,
    ) -> Result<(OperatorToken, SecretString), OperatorTokenError> {
        let now = self.clock().now();
        if let Some(name) = new.environment.iter().find(|name| !self.environments().contains_key(*name)) {
            return Err(OperatorTokenError::UnknownEnvironment(name.clone()));
        }
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(OperatorTokenError::Expired);
        }
        let made = secret::token(Bearer::Operator)?;
        let token = OperatorToken {
            id: made.id,
            note: new.note,
            role: new.role,
            environment: new.environment,
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        let deed = Deed::new(by, Act::CreateToken, Some(&format!("{}: {}", token.role, token.note)), now)?;
        let deed = token.environment.iter().fold(deed.about(About::token(&token.id)), Deed::within);
        let mut tx = self.database().begin().await?;
        tx.add_operator_token(&token, &made.hash).await?;
        tx.record_deed(&deed).await?;
        tx.commit().await?;
        Ok((token, made.text))
    }

    /// Every operator's token, oldest first.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn operator_tokens(&self) -> Result<Vec<OperatorToken>, StorageError> {
        self.database().read().await?.operator_tokens().await
    }

    /// Whose token this is. One that is none, unknown, revoked or expired is nobody's, and nobody is told which.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn operator_by_token(
        &self,
        shown: &str,
        address: Option<&str>,
    ) -> Result<Option<Operator>, StorageError> {
        let Some(shown) = Shown::parse(Bearer::Operator, shown) else { return Ok(None) };
        let (token, kept) = self.database().read().await?.operator_token(&shown.id).await?.unzip();
        let same = shown.is(kept.as_deref());
        let now = self.clock().now();
        let Some(token) = token.filter(|token| same && token.is_good(now)) else { return Ok(None) };
        if token.last_used_at.is_none_or(|last| now.since(last) >= TOUCH_EVERY) {
            self.touch_operator(&token.id, now).await;
        }
        Ok(Some(Operator {
            who: format!("token:{}", token.note),
            role: token.role,
            environment: token.environment,
            how: How::Token(token.id),
            address: address.map(str::to_owned),
        }))
    }

    async fn touch_operator(&self, id: &TokenId, now: Timestamp) {
        let touched = async {
            let mut tx = self.database().begin().await?;
            tx.touch_operator_token(id, now).await?;
            tx.commit().await
        };
        if let Err(error) = touched.await {
            warn!(token = %id, %error, "its last use was not written down");
        }
    }
}
