//! Tokens of the API, by their hashes.

use crate::domain::ids::{CustomerName, EnvironmentName, TokenId};
use crate::domain::time::Timestamp;
use crate::domain::token::{Grant, Scope, Token};
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

macro_rules! columns {
    () => {
        "SELECT id, secret_hash, note, scopes, environment, customer, created_at, expires_at, revoked_at, last_used_at \
         FROM api_tokens "
    };
}

statements! {
    ADD {
        "INSERT INTO api_tokens (id, secret_hash, note, scopes, environment, customer, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    }
    ONE { concat!(columns!(), "WHERE id = $1") }
    ALL { concat!(columns!(), "ORDER BY created_at, id") }
    REVOKE { "UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL" }
    TOUCH {
        "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)"
    }
}

impl Tx {
    /// Keeps a new token, by the hash of its secret.
    ///
    /// # Errors
    /// Whatever the database says, and when there is one of this id.
    pub async fn add_token(&mut self, token: &Token, secret_hash: &[u8; 32]) -> Result<()> {
        let grant = &token.grant;
        let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.as_str()).collect();
        on_db!(self, conn, sql = ADD =>
            sqlx::query(sql)
                .bind(grant.token.as_str())
                .bind(secret_hash.as_slice())
                .bind(fit(&token.note).as_ref())
                .bind(scopes.join(" "))
                .bind(grant.environment.as_ref().map(EnvironmentName::as_str))
                .bind(grant.customer.as_ref().map(CustomerName::as_str))
                .bind(token.created_at)
                .bind(token.expires_at)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// A token and the hash of its secret.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn token(&mut self, id: &TokenId) -> Result<Option<(Token, Vec<u8>)>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = ONE => sqlx::query_as(sql).bind(id.as_str()).fetch_optional(conn).await)?;
        row.map(|row| Ok((Token::try_from(&row)?, row.secret_hash))).transpose()
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn tokens(&mut self) -> Result<Vec<Token>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = ALL => sqlx::query_as(sql).fetch_all(conn).await)?;
        rows.iter().map(Token::try_from).collect()
    }

    /// Revokes a token; false when it is revoked already, or not there.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn revoke_token(&mut self, id: &TokenId, now: Timestamp) -> Result<bool> {
        let done = on_db!(self, conn, sql = REVOKE =>
            sqlx::query(sql).bind(id.as_str()).bind(now).execute(conn).await.map(|done| done.rows_affected() == 1))?;
        Ok(done)
    }

    /// Remembers that a token was used.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn touch_token(&mut self, id: &TokenId, now: Timestamp) -> Result<()> {
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
    scopes: String,
    environment: Option<String>,
    customer: Option<String>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl TryFrom<&Row> for Token {
    type Error = StorageError;

    fn try_from(row: &Row) -> Result<Self> {
        let place = Place { table: "api_tokens", row: &row.id };
        let environment = place.optional_id("environment", row.environment.as_deref(), EnvironmentName::parse)?;
        Ok(Self {
            grant: Grant {
                token: place.id("id", &row.id, TokenId::parse)?,
                // A scope of a later release grants nothing in this one.
                scopes: row.scopes.split_whitespace().filter_map(Scope::parse).collect(),
                environment,
                customer: place.optional_id("customer", row.customer.as_deref(), CustomerName::parse)?,
            },
            note: row.note.clone(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        })
    }
}
