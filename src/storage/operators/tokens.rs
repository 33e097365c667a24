//! Operators' tokens, by their hashes.

use crate::domain::act::Role;
use crate::domain::ids::{EnvironmentName, TokenId};
use crate::domain::operator::OperatorToken;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

macro_rules! columns {
    () => {
        "id, secret_hash, note, role, environment, created_at, expires_at, revoked_at, last_used_at"
    };
}

statements! {
    ADD {
        "INSERT INTO operator_tokens (id, secret_hash, note, role, environment, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    }
    ONE { concat!("SELECT ", columns!(), " FROM operator_tokens WHERE id = $1") }
    ALL { concat!("SELECT ", columns!(), " FROM operator_tokens ORDER BY created_at, id") }
    REVOKE { "UPDATE operator_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL" }
    TOUCH {
        "UPDATE operator_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)"
    }
}

impl Tx {
    /// Keeps a new operator's token, by the hash of its secret.
    ///
    /// # Errors
    /// Whatever the database says, and when there is one of this id.
    pub async fn add_operator_token(&mut self, token: &OperatorToken, secret_hash: &[u8; 32]) -> Result<()> {
        on_db!(self, conn, sql = ADD =>
            sqlx::query(sql)
                .bind(token.id.as_str())
                .bind(secret_hash.as_slice())
                .bind(fit(&token.note).as_ref())
                .bind(token.role.as_str())
                .bind(token.environment.as_ref().map(EnvironmentName::as_str))
                .bind(token.created_at)
                .bind(token.expires_at)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// An operator's token and the hash of its secret.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn operator_token(&mut self, id: &TokenId) -> Result<Option<(OperatorToken, Vec<u8>)>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = ONE => sqlx::query_as(sql).bind(id.as_str()).fetch_optional(conn).await)?;
        row.map(|row| Ok((OperatorToken::try_from(&row)?, row.secret_hash))).transpose()
    }

    /// Every operator's token, oldest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn operator_tokens(&mut self) -> Result<Vec<OperatorToken>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = ALL => sqlx::query_as(sql).fetch_all(conn).await)?;
        rows.iter().map(OperatorToken::try_from).collect()
    }

    /// Revokes an operator's token; false when it is revoked already, or not there.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn revoke_operator_token(&mut self, id: &TokenId, now: Timestamp) -> Result<bool> {
        let done = on_db!(self, conn, sql = REVOKE =>
            sqlx::query(sql).bind(id.as_str()).bind(now).execute(conn).await.map(|done| done.rows_affected() == 1))?;
        Ok(done)
    }

    /// Remembers that an operator's token was used.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn touch_operator_token(&mut self, id: &TokenId, now: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = TOUCH =>
            sqlx::query(sql).bind(id.as_str()).bind(now).execute(conn).await.map(drop))?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    secret_hash: Vec<u8>,
    note: String,
    role: String,
    environment: Option<String>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl TryFrom<&Row> for OperatorToken {
    type Error = StorageError;

    fn try_from(row: &Row) -> Result<Self> {
        let place = Place { table: "operator_tokens", row: &row.id };
        Ok(Self {
            id: place.id("id", &row.id, TokenId::parse)?,
            note: row.note.clone(),
            role: place.some("role", Role::parse(&row.role))?,
            environment: place.optional_id("environment", row.environment.as_deref(), EnvironmentName::parse)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        })
    }
}
