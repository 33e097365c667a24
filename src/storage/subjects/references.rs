//! Reference ids as they are stored: in the clear, because people are found by them.

use crate::storage::error::Result;
use crate::storage::transaction::Tx;

statements! {
    RECENT_REFERENCES {
        "SELECT reference_id FROM inquiries WHERE reference_id IS NOT NULL
         ORDER BY first_seen_at DESC, environment DESC, id DESC LIMIT $1"
    }
    ANY_PLAIN { "SELECT 1 FROM events WHERE body_encoding = 'plain' LIMIT 1" }
}

impl Tx {
    /// The reference ids of the newest inquiries that have one.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn recent_reference_ids(&mut self, most: u32) -> Result<Vec<String>> {
        Ok(on_db!(self, conn, sql = RECENT_REFERENCES =>
            sqlx::query_scalar(sql).bind(i64::from(most)).fetch_all(conn).await)?)
    }

    /// Whether there is a body that was stored before there was sealing. It may look at all of them.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn has_plain_bodies(&mut self) -> Result<bool> {
        let found: Option<i32> =
            on_db!(self, conn, sql = ANY_PLAIN => sqlx::query_scalar(sql).fetch_optional(conn).await)?;
        Ok(found.is_some())
    }
}
