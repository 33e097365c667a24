//! Session tokens that were given out: sealed under the key of their inquiry, for as long as they can be given again.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::subjects::SubjectRef;
use crate::storage::subjects::keys::{place, sealed};
use crate::storage::transaction::Tx;
use crate::vault::Packed;

/// Which token.
#[derive(Debug, Clone, Copy)]
pub struct TokenKey<'a> {
    /// In this environment.
    pub environment: &'a EnvironmentName,
    /// Of this inquiry.
    pub inquiry: &'a InquiryId,
    /// The number it was asked for under.
    pub generation: u32,
}

/// A token that can be given again.
#[derive(Clone)]
pub struct KeptToken {
    /// The token.
    pub token: SecretString,
    /// Until when.
    pub until: Timestamp,
}

impl fmt::Debug for KeptToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptToken").field("until", &self.until).finish_non_exhaustive()
    }
}

statements! {
    // What can't be opened, or was asked for under an earlier number, is asked for again. What somebody has just kept is
    // not: on PostgreSQL that may come between looking and claiming.
    CLAIM {
        "INSERT INTO session_tokens (environment, inquiry_id, generation, kept_until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (inquiry_id, environment) DO UPDATE
         SET generation = excluded.generation, token = NULL, kept_until = excluded.kept_until
         WHERE session_tokens.generation < excluded.generation OR session_tokens.kept_until <= $5
            OR session_tokens.token IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM subjects
                   WHERE subjects.environment = session_tokens.environment AND subjects.sealed_key IS NOT NULL
                     AND subjects.subject = 'inquiry/' || session_tokens.inquiry_id)"
    }
    LEAVE {
        "DELETE FROM session_tokens WHERE environment = $1 AND inquiry_id = $2 AND generation = $3 AND token IS NULL"
    }
    LOCK_INQUIRY { lock "SELECT id FROM inquiries WHERE environment = $1 AND id = $2" }
    KEEP {
        "INSERT INTO session_tokens (environment, inquiry_id, generation, kept_until, token)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (inquiry_id, environment) DO UPDATE
         SET generation = excluded.generation, token = excluded.token, kept_until = excluded.kept_until
         WHERE session_tokens.generation <= excluded.generation"
    }
    FIND {
        "SELECT session_tokens.token, session_tokens.kept_until, subjects.sealed_key, subjects.master_key_id
         FROM session_tokens
         JOIN subjects ON subjects.environment = session_tokens.environment
                      AND subjects.subject = 'inquiry/' || session_tokens.inquiry_id
         WHERE session_tokens.environment = $1 AND session_tokens.inquiry_id = $2
           AND session_tokens.generation = $3 AND session_tokens.kept_until > $4
           AND session_tokens.token IS NOT NULL"
    }
    FORGET { "DELETE FROM session_tokens WHERE kept_until <= $1" }
}

#[derive(sqlx::FromRow)]
struct Row {
    token: Vec<u8>,
    kept_until: Timestamp,
    sealed_key: Option<Vec<u8>>,
    master_key_id: Option<String>,
}

impl Tx {
    /// The token that was given out under a number, if it can be given again.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when it does not open.
    pub async fn session_token(&mut self, of: TokenKey<'_>, now: Timestamp) -> Result<Option<KeptToken>> {
        let row: Option<Row> = on_db!(self, conn, sql = FIND =>
            sqlx::query_as(sql)
                .bind(of.environment.as_str())
                .bind(of.inquiry.as_str())
                .bind(number(of.generation))
                .bind(now)
                .fetch_optional(conn)
                .await)?;
        let Some(row) = row else { return Ok(None) };
        let at = Place { table: "session_tokens", row: of.inquiry.as_str() };
        // The key is gone with the person's data, or with the master key it was sealed under.
        let Some(sealed_key) = sealed(&at, row.sealed_key, row.master_key_id.as_deref())? else { return Ok(None) };
        let whose = whose(of);
        let key = self.vault.open_key(place(&whose), &sealed_key)?;
        let opened = key.open_body(place(&whose), &bound_to(&at, of)?, &row.token)?;
        let token = at.some("token", String::from_utf8(opened).ok())?;
        Ok(Some(KeptToken { token: SecretString::from(token), until: row.kept_until }))
    }

    /// Takes the right to ask Persona for a token until `until`; false while somebody else has it.
    ///
    /// # Errors
    /// Whatever the database says, and when the inquiry is not there.
    pub async fn claim_session_token(&mut self, of: TokenKey<'_>, until: Timestamp, now: Timestamp) -> Result<bool> {
        let claimed = on_db!(self, conn, sql = CLAIM =>
            sqlx::query(sql)
                .bind(of.environment.as_str())
                .bind(of.inquiry.as_str())
                .bind(number(of.generation))
                .bind(until)
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(claimed)
    }

    /// Gives the right back without a token.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn leave_session_token(&mut self, of: TokenKey<'_>) -> Result<()> {
        on_db!(self, conn, sql = LEAVE =>
            sqlx::query(sql)
                .bind(of.environment.as_str())
                .bind(of.inquiry.as_str())
                .bind(number(of.generation))
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// Keeps a token, sealed, until `until`; not that of a person who was erased, or of an inquiry that is gone.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when there is no master key.
    pub async fn keep_session_token(
        &mut self,
        of: TokenKey<'_>,
        token: &SecretString,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        // Inquiries are locked before subjects, by whoever erases them too.
        let there: Option<String> = on_db!(self, conn, sql = LOCK_INQUIRY =>
            sqlx::query_scalar(sql).bind(of.environment.as_str()).bind(of.inquiry.as_str()).fetch_optional(conn).await)?;
        if there.is_none() {
            return Ok(());
        }
        let whose = whose(of);
        let keys = self.subject_keys(&BTreeMap::from([(whose.clone(), now)]), now).await?;
        let Some(key) = keys.get(&whose) else { return self.leave_session_token(of).await };
        let at = Place { table: "session_tokens", row: of.inquiry.as_str() };
        let packed = Packed::of(Bytes::copy_from_slice(token.expose_secret().as_bytes()));
        let sealed = key.seal(place(&whose), &bound_to(&at, of)?, &packed)?;
        on_db!(self, conn, sql = KEEP =>
            sqlx::query(sql)
                .bind(of.environment.as_str())
                .bind(of.inquiry.as_str())
                .bind(number(of.generation))
                .bind(until)
                .bind(sealed.as_slice())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// Takes away the tokens that can no longer be given again; how many.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_session_tokens(&mut self, now: Timestamp) -> Result<u64> {
        let done = on_db!(self, conn, sql = FORGET =>
            sqlx::query(sql).bind(now).execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(done)
    }
}

fn whose(of: TokenKey<'_>) -> SubjectRef {
    (of.environment.clone(), SubjectId::inquiry(of.inquiry))
}

/// What a sealed token is bound to beside its inquiry: it opens under its own number only.
fn bound_to(at: &Place<'_>, of: TokenKey<'_>) -> Result<EventId> {
    at.id("inquiry_id", &format!("session-token/{}", of.generation), EventId::parse)
}

fn number(generation: u32) -> i32 {
    i32::try_from(generation).unwrap_or(i32::MAX)
}
