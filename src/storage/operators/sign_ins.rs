//! Ways into a session that work once: sign-in links, and what comes back from the OpenID provider.

use crate::domain::act::Role;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// A sign-in link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInLink {
    /// Who whoever uses it is then.
    pub who: String,
    /// What they may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// A sign-in that is under way at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The hash of what the browser's cookie holds.
    pub browser_hash: [u8; 32],
    /// Where to go afterwards: a path of ours.
    pub return_to: String,
    /// Until when it may come back.
    pub expires_at: Timestamp,
}

statements! {
    ADD_LINK {
        "INSERT INTO sign_in_links (id_hash, who, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)"
    }
    LOOK_AT_LINK { "SELECT who, role, created_at, expires_at FROM sign_in_links WHERE id_hash = $1" }
    // Gone with its first use: of two at the same time one finds nothing.
    USE_LINK { "DELETE FROM sign_in_links WHERE id_hash = $1 RETURNING who, role, created_at, expires_at" }
    FORGET_LINKS { "DELETE FROM sign_in_links WHERE expires_at <= $1" }
    ADD_PENDING {
        "INSERT INTO sign_ins (state_hash, browser_hash, return_to, expires_at) VALUES ($1, $2, $3, $4)"
    }
    USE_PENDING { "DELETE FROM sign_ins WHERE state_hash = $1 RETURNING browser_hash, return_to, expires_at" }
    COUNT_PENDING { "SELECT count(*) FROM (SELECT 1 FROM sign_ins LIMIT $1) AS counted" }
    FORGET_PENDING { "DELETE FROM sign_ins WHERE expires_at <= $1" }
    // What an operator did with a browser or a token leaves one of these.
    ANYBODY {
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM operator_tokens) OR EXISTS (SELECT 1 FROM operator_sessions)
                       OR EXISTS (SELECT 1 FROM audit WHERE act = 'sign_in')
                THEN 1 ELSE 0 END"
    }
}

impl Tx {
    /// Keeps a new sign-in link.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn add_sign_in_link(&mut self, id_hash: &[u8; 32], link: &SignInLink) -> Result<()> {
        on_db!(self, conn, sql = ADD_LINK =>
            sqlx::query(sql)
                .bind(id_hash.as_slice())
                .bind(&link.who)
                .bind(link.role.as_str())
                .bind(link.created_at)
                .bind(link.expires_at)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// A sign-in link as it is; looking does not use it.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn sign_in_link(&mut self, id_hash: &[u8; 32]) -> Result<Option<SignInLink>> {
        let row: Option<LinkRow> = on_db!(self, conn, sql = LOOK_AT_LINK =>
            sqlx::query_as(sql).bind(id_hash.as_slice()).fetch_optional(conn).await)?;
        row.map(link).transpose()
    }

    /// Uses a sign-in link up, and gives it, whether or not its time is over.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn use_sign_in_link(&mut self, id_hash: &[u8; 32]) -> Result<Option<SignInLink>> {
        let row: Option<LinkRow> = on_db!(self, conn, sql = USE_LINK =>
            sqlx::query_as(sql).bind(id_hash.as_slice()).fetch_optional(conn).await)?;
        row.map(link).transpose()
    }

    /// Remembers a sign-in that begins, unless there are `most` under way already; whether it was.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn add_pending(&mut self, state_hash: &[u8; 32], pending: &Pending, most: u32) -> Result<bool> {
        let under_way: i64 = on_db!(self, conn, sql = COUNT_PENDING =>
            sqlx::query_scalar(sql).bind(i64::from(most)).fetch_one(conn).await)?;
        if under_way >= i64::from(most) {
            return Ok(false);
        }
        on_db!(self, conn, sql = ADD_PENDING =>
            sqlx::query(sql)
                .bind(state_hash.as_slice())
                .bind(pending.browser_hash.as_slice())
                .bind(&pending.return_to)
                .bind(pending.expires_at)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(true)
    }

    /// Takes what a sign-in was begun with; `None` for one that nobody began, or that came back before.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn use_pending(&mut self, state_hash: &[u8; 32]) -> Result<Option<Pending>> {
        let row: Option<(Vec<u8>, String, Timestamp)> = on_db!(self, conn, sql = USE_PENDING =>
            sqlx::query_as(sql).bind(state_hash.as_slice()).fetch_optional(conn).await)?;
        row.map(|(browser_hash, return_to, expires_at)| {
            let place = Place { table: "sign_ins", row: "of somebody" };
            let browser_hash = place.some("browser_hash", browser_hash.try_into().ok())?;
            Ok(Pending { browser_hash, return_to, expires_at })
        })
        .transpose()
    }

    /// Forgets links and sign-ins whose time was over before now.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_sign_ins(&mut self, now: Timestamp) -> Result<()> {
        for sql in [FORGET_LINKS, FORGET_PENDING] {
            on_db!(self, conn, sql = sql => sqlx::query(sql).bind(now).execute(conn).await.map(drop))?;
        }
        Ok(())
    }

    /// Whether anybody ever had a way in: a token, a session, or a sign-in of the past.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn anybody_signed_in(&mut self) -> Result<bool> {
        let anybody: i32 = on_db!(self, conn, sql = ANYBODY => sqlx::query_scalar(sql).fetch_one(conn).await)?;
        Ok(anybody == 1)
    }
}

type LinkRow = (String, String, Timestamp, Timestamp);

fn link((who, role, created_at, expires_at): LinkRow) -> Result<SignInLink, StorageError> {
    let place = Place { table: "sign_in_links", row: "of somebody" };
    Ok(SignInLink { role: place.some("role", Role::parse(&role))?, who, created_at, expires_at })
}
