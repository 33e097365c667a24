//! What only one process may do at a time: whoever holds the row's lease does it, until it lapses.

use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::storage::actions::lease::{end, lease_end, micros};
use crate::storage::error::Result;
use crate::storage::transaction::Tx;

/// The right to do what only one process may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What it is.
    pub name: String,
    /// Who holds it.
    pub owner: String,
    /// Rises with every change of hands, so that an old right can't be taken for a new one.
    pub token: i64,
}

macro_rules! take {
    ($until:expr, $lapsed:expr) => {
        concat!(
            "INSERT INTO singletons (name, owner, token, until) VALUES ($1, $2, 1, ",
            $until,
            ") ON CONFLICT (name) DO UPDATE
             SET owner = excluded.owner, until = excluded.until,
                 token = singletons.token + CASE WHEN singletons.owner = excluded.owner THEN 0 ELSE 1 END
             WHERE singletons.owner = excluded.owner OR ",
            $lapsed,
            " RETURNING token"
        )
    };
}

statements! {
    // On SQLite a lease that reaches further than one can was given by a clock that has been set back since.
    TAKE {
        sqlite take!("$3", "singletons.until < $4 OR singletons.until > $3"),
        postgres take!(lease_end!("$3"), "singletons.until < clock_timestamp()")
    }
    FENCE { lock "SELECT token FROM singletons WHERE name = $1 AND owner = $2 AND token = $3" }
    // Left in place, and lapsed, so that the token goes on rising.
    LEAVE { "UPDATE singletons SET until = $4 WHERE name = $1 AND owner = $2 AND token = $3" }
}

impl Tx {
    /// Takes or prolongs a right for as long as `lease`; `None` while someone else has it.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn take_singleton(
        &mut self,
        name: &str,
        owner: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<Held>> {
        let token: Option<i64> = on_db!(self, conn => sqlite {
            let take = sqlx::query_scalar(TAKE.sqlite).bind(name).bind(owner);
            take.bind(end(now, lease)).bind(now).fetch_optional(conn).await
        } postgres {
            sqlx::query_scalar(TAKE.postgres).bind(name).bind(owner).bind(micros(lease)).fetch_optional(conn).await
        })?;
        Ok(token.map(|token| Held { name: name.to_owned(), owner: owner.to_owned(), token }))
    }

    /// Whether a right is still held; if so nobody else can take it before this transaction ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn fence(&mut self, held: &Held) -> Result<bool> {
        let token: Option<i64> = on_db!(self, conn, sql = FENCE =>
            sqlx::query_scalar(sql).bind(&held.name).bind(&held.owner).bind(held.token).fetch_optional(conn).await)?;
        Ok(token.is_some())
    }

    /// Gives a right back before its time; nothing happens when it is lost already.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn leave_singleton(&mut self, held: &Held) -> Result<()> {
        on_db!(self, conn, sql = LEAVE =>
            sqlx::query(sql)
                .bind(&held.name)
                .bind(&held.owner)
                .bind(held.token)
                .bind(Timestamp::from_micros(0))
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }
}
