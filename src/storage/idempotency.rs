//! What was answered to requests that carry a key of the caller's.

use crate::domain::ids::TokenId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// A request as it was seen first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The hash of all that makes it this request.
    pub request_hash: Vec<u8>,
    /// Status and body, once it was answered.
    pub answer: Option<(u16, String)>,
}

statements! {
    ADD {
        "INSERT INTO idempotency_keys (token_id, key_hash, request_hash, made_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (token_id, key_hash) DO NOTHING"
    }
    FIND { "SELECT request_hash, status, answer FROM idempotency_keys WHERE token_id = $1 AND key_hash = $2" }
    ANSWER {
        "UPDATE idempotency_keys SET status = $3, answer = $4
         WHERE token_id = $1 AND key_hash = $2 AND status IS NULL"
    }
    FORGET { "DELETE FROM idempotency_keys WHERE made_at < $1" }
}

#[derive(sqlx::FromRow)]
struct Row {
    request_hash: Vec<u8>,
    status: Option<i32>,
    answer: Option<String>,
}

impl Tx {
    /// Remembers a request by its key; what is remembered under the key, which may be another.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn remember_request(
        &mut self,
        token: &TokenId,
        key_hash: &[u8; 32],
        request_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Seen> {
        on_db!(self, conn, sql = ADD =>
            sqlx::query(sql)
                .bind(token.as_str())
                .bind(key_hash.as_slice())
                .bind(request_hash.as_slice())
                .bind(now)
                .execute(conn)
                .await
                .map(drop))?;
        self.seen(token, key_hash).await
    }

    /// Remembers an answer, unless there is one; the one that stands.
    ///
    /// # Errors
    /// Whatever the database says, and when the request is not there.
    pub async fn remember_answer(
        &mut self,
        token: &TokenId,
        key_hash: &[u8; 32],
        status: u16,
        answer: &str,
    ) -> Result<Seen> {
        let kept = self.names.line(answer);
        on_db!(self, conn, sql = ANSWER =>
            sqlx::query(sql)
                .bind(token.as_str())
                .bind(key_hash.as_slice())
                .bind(i32::from(status))
                .bind(kept)
                .execute(conn)
                .await
                .map(drop))?;
        self.seen(token, key_hash).await
    }

    /// Forgets requests of before then; how many.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_requests(&mut self, before: Timestamp) -> Result<u64> {
        let done = on_db!(self, conn, sql = FORGET =>
            sqlx::query(sql).bind(before).execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(done)
    }

    async fn seen(&mut self, token: &TokenId, key_hash: &[u8; 32]) -> Result<Seen> {
        let row: Row = on_db!(self, conn, sql = FIND =>
            sqlx::query_as(sql).bind(token.as_str()).bind(key_hash.as_slice()).fetch_one(conn).await)?;
        let place = Place { table: "idempotency_keys", row: token.as_str() };
        let status = row.status.map(|status| place.some("status", u16::try_from(status).ok())).transpose()?;
        Ok(Seen { request_hash: row.request_hash, answer: status.zip(row.answer.map(|kept| self.names.meant(kept))) })
    }
}
