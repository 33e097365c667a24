//! Sessions in browsers: begun, asked whose they are, ended.

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use super::tokens::TOUCH_EVERY;
use crate::app::App;
use crate::app::secret::{self, NoRandomness, Use};
use crate::domain::act::Act;
use crate::domain::deed::{Deed, NoReason};
use crate::domain::operator::{How, Operator};
use crate::domain::time::Timestamp;
use crate::storage::operators::sessions::Session;
use crate::storage::{StorageError, Tx};

/// Somebody who is signed in with a browser.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who they are.
    pub operator: Operator,
    /// What every form of theirs carries: who can't read our pages does not know it.
    pub csrf: SecretString,
    /// When the session ends at the latest.
    pub ends_at: Timestamp,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// What was shown is worth nothing, or no more; it is not told why.
    #[error("that does not sign you in, or not any more")]
    Refused,
    /// The system gave no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// The database could not be asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// Begins a session with an operator's token: what its cookie is to hold. `before` is the cookie the browser had:
    /// that session ends, so that nobody goes on with one that somebody else put there.
    ///
    /// # Errors
    /// [`SignInError::Refused`] for what is no good token.
    pub async fn sign_in_with_token(
        &self,
        shown: &str,
        address: Option<&str>,
        before: Option<&str>,
    ) -> Result<SecretString, SignInError> {
        let found = self.operator_by_token(shown, address).await?.ok_or(SignInError::Refused)?;
        let mut tx = self.database().begin().await?;
        let token = match &found.how {
            How::Token(id) => tx.operator_token(id).await?.map(|(token, _)| token),
            _ => None,
        };
        let token = token.filter(|token| token.is_good(self.clock().now())).ok_or(SignInError::Refused)?;
        let by = Operator { how: How::Session(Some(token.id)), ..found };
        let cookie = self.begin_session(&mut tx, &by, token.expires_at, before).await?;
        tx.commit().await?;
        Ok(cookie)
    }

    /// Whose session this cookie holds; `None` when it is over, or none.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn operator_by_session(
        &self,
        cookie: &str,
        address: Option<&str>,
    ) -> Result<Option<SignedIn>, StorageError> {
        let (Some(id), Some(csrf)) = (secret::hash(cookie, Use::Session), secret::hash(cookie, Use::Csrf)) else {
            return Ok(None);
        };
        let now = self.clock().now();
        let mut tx = self.database().read().await?;
        let Some(session) = tx.session(&id).await?.filter(|session| self.lives(session, now)) else { return Ok(None) };
        let mut role = session.role;
        let mut environment = session.environment.clone();
        if let Some(token) = &session.token {
            // It is worth what its token is worth now.
            let token = tx.operator_token(token).await?.map(|(token, _)| token);
            let Some(token) = token.filter(|token| token.is_good(now)) else { return Ok(None) };
            (role, environment) = (token.role, token.environment);
        }
        drop(tx);
        if now.since(session.used_at) >= TOUCH_EVERY {
            self.touch_session(&id, now).await;
        }
        let how = How::Session(session.token);
        let operator = Operator { who: session.who, role, environment, how, address: address.map(str::to_owned) };
        Ok(Some(SignedIn { operator, csrf: hex::encode(csrf).into(), ends_at: session.ends_at }))
    }

    /// Ends the session of this cookie; whether there was one.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn sign_out(&self, cookie: &str, by: &Operator) -> Result<bool, SignInError> {
        let Some(id) = secret::hash(cookie, Use::Session) else { return Ok(false) };
        let mut tx = self.database().begin().await?;
        let ended = tx.end_session(&id).await?;
        if ended {
            tx.record_deed(&Deed::new(by, Act::SignOut, None, self.clock().now())?).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Begins a session, in the transaction of whatever allows it.
    pub(super) async fn begin_session(
        &self,
        tx: &mut Tx,
        by: &Operator,
        until: Option<Timestamp>,
        before: Option<&str>,
    ) -> Result<SecretString, SignInError> {
        let now = self.clock().now();
        let cookie = secret::make()?;
        let longest = now.plus(self.sign_in().lifetime);
        let session = Session {
            who: by.who.clone(),
            role: by.role,
            environment: by.environment.clone(),
            token: if let How::Session(token) = &by.how { token.clone() } else { None },
            created_at: now,
            used_at: now,
            ends_at: until.map_or(longest, |until| until.min(longest)),
        };
        tx.forget_sessions(now).await?;
        if let Some(before) = before.and_then(|before| secret::hash(before, Use::Session)) {
            tx.end_session(&before).await?;
        }
        tx.add_session(&secret::hash_of(&cookie, Use::Session), &session).await?;
        tx.record_deed(&Deed::new(by, Act::SignIn, None, now)?).await?;
        Ok(cookie)
    }

    fn lives(&self, session: &Session, now: Timestamp) -> bool {
        // What is used each minute is known to the minute, and must not end a minute early.
        let idle: SignedDuration = self.sign_in().idle + TOUCH_EVERY;
        now < session.ends_at && now.since(session.used_at) < idle
    }

    async fn touch_session(&self, id: &[u8; 32], now: Timestamp) {
        let touched = async {
            let mut tx = self.database().begin().await?;
            tx.touch_session(id, now).await?;
            tx.commit().await
        };
        if let Err(error) = touched.await {
            warn!(%error, "a session's last use was not written down");
        }
    }
}

impl SignedIn {
    /// Whether a form carries what it should.
    #[must_use]
    pub fn is_ours(&self, csrf: &str) -> bool {
        use subtle::ConstantTimeEq;
        bool::from(self.csrf.expose_secret().as_bytes().ct_eq(csrf.as_bytes()))
    }
}
