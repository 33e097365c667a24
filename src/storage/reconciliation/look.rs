//! What a run looks up: what we know of what Persona lists, and who fell silent.

use std::collections::HashSet;

use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::domain::inquiry::Inquiry;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::Row;
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
    INQUIRIES {
        sqlite "SELECT environment, id, state FROM inquiries
                WHERE environment = $1 AND id IN (SELECT value FROM json_each($2))",
        postgres "SELECT environment, id, state FROM inquiries WHERE environment = $1 AND id = ANY($2)"
    }
    KNOWN_EVENTS {
        sqlite "SELECT id FROM events WHERE environment = $1 AND id IN (SELECT value FROM json_each($2))",
        postgres "SELECT id FROM events WHERE environment = $1 AND id = ANY($2)"
    }
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
    /// Those of these inquiries that we know, as we know them, without a lock.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn inquiries_of(&mut self, environment: &EnvironmentName, ids: &[InquiryId]) -> Result<Vec<Inquiry>> {
        let ids: Vec<&str> = ids.iter().map(InquiryId::as_str).collect();
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            let ids = serde_json::json!(ids).to_string();
            sqlx::query_as(INQUIRIES.sqlite).bind(environment.as_str()).bind(ids).fetch_all(conn).await
        } postgres {
            sqlx::query_as(INQUIRIES.postgres).bind(environment.as_str()).bind(ids).fetch_all(conn).await
        })?;
        rows.into_iter().map(Inquiry::try_from).collect()
    }

    /// Those of these events that are stored, whatever became of them.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn known_events(&mut self, environment: &EnvironmentName, ids: &[EventId]) -> Result<HashSet<EventId>> {
        let ids: Vec<&str> = ids.iter().map(EventId::as_str).collect();
        let found: Vec<String> = on_db!(self, conn => sqlite {
            let ids = serde_json::json!(ids).to_string();
            sqlx::query_scalar(KNOWN_EVENTS.sqlite).bind(environment.as_str()).bind(ids).fetch_all(conn).await
        } postgres {
            sqlx::query_scalar(KNOWN_EVENTS.postgres).bind(environment.as_str()).bind(ids).fetch_all(conn).await
        })?;
        found.iter().map(|id| Place { table: "events", row: id }.id("id", id, EventId::parse)).collect()
    }

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
