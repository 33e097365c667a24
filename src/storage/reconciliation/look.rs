//! What a run looks up: who fell silent, and when Persona was last heard of.

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// Which open inquiries are silent; all by our clock, which deadlines are compared with too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// Those whose deadline passed before this time, unless they were read after it.
    pub deadline_before: Timestamp,
    /// Those that were read after their deadline, too, when that was before this time.
    pub read_before: Timestamp,
    /// Those of which nothing was heard since this time.
    pub heard_before: Timestamp,
}

statements! {
    SILENT {
        "SELECT id FROM inquiries
         WHERE environment = $1 AND status IN ('created', 'pending') AND id > $2
           AND ((expires_at < $3 AND (read_at IS NULL OR read_at < expires_at OR read_at < $4))
                OR (coalesce(last_observed_at, first_seen_at) < $5 AND coalesce(read_at, first_seen_at) < $5))
         ORDER BY id LIMIT $6"
    }
    LAST_DELIVERY {
        "SELECT received_at FROM events WHERE environment = $1 AND origin = 'webhook'
         ORDER BY received_at DESC LIMIT 1"
    }
}

impl Tx {
    /// The ids of silent inquiries after `after` in the order of ids, for going through all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn silent_after(
        &mut self,
        environment: &EnvironmentName,
        silence: Silence,
        after: Option<&InquiryId>,
        limit: u32,
    ) -> Result<Vec<InquiryId>> {
        let ids: Vec<String> = on_db!(self, conn, sql = SILENT =>
            sqlx::query_scalar(sql)
                .bind(environment.as_str())
                .bind(after.map_or("", InquiryId::as_str))
                .bind(silence.deadline_before)
                .bind(silence.read_before)
                .bind(silence.heard_before)
                .bind(i64::from(limit))
                .fetch_all(conn)
                .await)?;
        ids.iter().map(|id| Place { table: "inquiries", row: id }.id("id", id, InquiryId::parse)).collect()
    }

    /// When an event was last delivered that had not come before.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn last_delivery(&mut self, environment: &EnvironmentName) -> Result<Option<Timestamp>> {
        let found = on_db!(self, conn, sql = LAST_DELIVERY =>
            sqlx::query_scalar(sql).bind(environment.as_str()).fetch_optional(conn).await)?;
        Ok(found)
    }
}
