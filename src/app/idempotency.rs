//! Requests that carry a key of the caller's: the same request under the same key gets the same answer.
//!
//! Keys and requests are kept as hashes. What makes people's data safe there is the key: it is hashed along.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::domain::ids::TokenId;
use crate::storage::StorageError;

/// How long a key is remembered: a day, as Persona does it, and one more.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(48);

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// It is to be answered.
    New,
    /// It was answered.
    Answered {
        /// With this status.
        status: u16,
        /// And this body.
        body: String,
    },
    /// Another request was made under this key.
    Different,
}

impl App {
    /// Looks a request up by its key, and remembers it.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn replay(&self, token: &TokenId, key: &str, request: &[u8]) -> Result<Replay, StorageError> {
        let now = self.clock().now();
        let (key_hash, request_hash) = hashes(key, request);
        let mut tx = self.database().begin().await?;
        tx.forget_requests(now.minus(REMEMBERED)).await?;
        let seen = tx.remember_request(token, &key_hash, &request_hash, now).await?;
        tx.commit().await?;
        Ok(match seen.answer {
            _ if seen.request_hash != request_hash => Replay::Different,
            Some((status, body)) => Replay::Answered { status, body },
            None => Replay::New,
        })
    }

    /// Remembers what a request was answered. Of two that came at once, the first answer stands, for both.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn remember(
        &self,
        token: &TokenId,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<(u16, String), StorageError> {
        let (key_hash, _) = hashes(key, &[]);
        let mut tx = self.database().begin().await?;
        let seen = tx.remember_answer(token, &key_hash, status, body).await?;
        tx.commit().await?;
        Ok(seen.answer.unwrap_or_else(|| (status, body.to_owned())))
    }
}

fn hashes(key: &str, request: &[u8]) -> ([u8; 32], [u8; 32]) {
    let of_key: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let of_request = Sha256::new().chain_update(key.as_bytes()).chain_update([0]).chain_update(request).finalize();
    (of_key, of_request.into())
}
