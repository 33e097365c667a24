//! Sessions of operators in browsers, by the hash of what their cookie holds.

use crate::domain::act::Role;
use crate::domain::ids::{EnvironmentName, TokenId};
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// As [`crate::domain::operator::Operator::who`].
    pub who: String,
    /// What they may do.
    pub role: Role,
    /// In this environment only.
    pub environment: Option<EnvironmentName>,
    /// The token they signed in with.
    pub token: Option<TokenId>,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute or so.
    pub used_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

statements! {
    ADD {
        "INSERT INTO operator_sessions (id_hash, who, role, environment, token_id, created_at, used_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    }
    ONE {
        "SELECT who, role, environment, token_id, created_at, used_at, ends_at
         FROM operator_sessions WHERE id_hash = $1"
    }
    TOUCH { "UPDATE operator_sessions SET used_at = $2 WHERE id_hash = $1 AND used_at < $2" }
    END { "DELETE FROM operator_sessions WHERE id_hash = $1" }
    END_OF_TOKEN { "DELETE FROM operator_sessions WHERE token_id = $1" }
    FORGET { "DELETE FROM operator_sessions WHERE ends_at <= $1" }
}

impl Tx {
    /// Keeps a new session.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn add_session(&mut self, id_hash: &[u8; 32], session: &Session) -> Result<()> {
        on_db!(self, conn, sql = ADD =>
            sqlx::query(sql)
                .bind(id_hash.as_slice())
                .bind(&session.who)
                .bind(session.role.as_str())
                .bind(session.environment.as_ref().map(EnvironmentName::as_str))
                .bind(session.token.as_ref().map(TokenId::as_str))
                .bind(session.created_at)
                .bind(session.used_at)
                .bind(session.ends_at)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// The session whose cookie hashes to this, whether or not its time is over.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn session(&mut self, id_hash: &[u8; 32]) -> Result<Option<Session>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = ONE => sqlx::query_as(sql).bind(id_hash.as_slice()).fetch_optional(conn).await)?;
        row.map(Session::try_from).transpose()
    }

    /// Remembers that a session was used.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn touch_session(&mut self, id_hash: &[u8; 32], now: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = TOUCH =>
            sqlx::query(sql).bind(id_hash.as_slice()).bind(now).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn end_session(&mut self, id_hash: &[u8; 32]) -> Result<bool> {
        let ended = on_db!(self, conn, sql = END =>
            sqlx::query(sql).bind(id_hash.as_slice()).execute(conn).await.map(|done| done.rows_affected() == 1))?;
        Ok(ended)
    }

    /// Ends every session that was begun with a token; how many.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn end_sessions_of(&mut self, token: &TokenId) -> Result<u64> {
        let ended = on_db!(self, conn, sql = END_OF_TOKEN =>
            sqlx::query(sql).bind(token.as_str()).execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(ended)
    }

    /// Forgets the sessions that ended before now; how many.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_sessions(&mut self, now: Timestamp) -> Result<u64> {
        let gone = on_db!(self, conn, sql = FORGET =>
            sqlx::query(sql).bind(now).execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(gone)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    who: String,
    role: String,
    environment: Option<String>,
    token_id: Option<String>,
    created_at: Timestamp,
    used_at: Timestamp,
    ends_at: Timestamp,
}

impl TryFrom<Row> for Session {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "operator_sessions", row: "of somebody" };
        Ok(Self {
            role: place.some("role", Role::parse(&row.role))?,
            environment: place.optional_id("environment", row.environment.as_deref(), EnvironmentName::parse)?,
            token: place.optional_id("token_id", row.token_id.as_deref(), TokenId::parse)?,
            who: row.who,
            created_at: row.created_at,
            used_at: row.used_at,
            ends_at: row.ends_at,
        })
    }
}
