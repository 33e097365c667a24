//! Events kept aside: found, and decided about.

use crate::domain::ids::{EnvironmentName, EventId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::events::Outcome;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// What somebody decides about a quarantined event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why; free of the event's content.
    pub reason: Option<&'a str>,
    /// Who decided.
    pub by: &'a str,
    /// When, by our clock.
    pub at: Timestamp,
}

statements! {
    AFTER {
        "SELECT id FROM events WHERE environment = $1 AND outcome = 'quarantined' AND id > $2 ORDER BY id LIMIT $3"
    }
    DECIDE {
        "UPDATE events SET outcome = $3, reason = $4, decided_by = $5, decided_at = $6
         WHERE environment = $1 AND id = $2 AND outcome = 'quarantined'"
    }
    DENY {
        "UPDATE events SET denials = denials + 1
         WHERE environment = $1 AND id = $2 AND outcome = 'quarantined' RETURNING denials"
    }
}

impl Tx {
    /// The ids of quarantined events after `after` in the order of ids, for going through all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn quarantined_after(
        &mut self,
        environment: &EnvironmentName,
        after: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<EventId>> {
        let ids: Vec<String> = on_db!(self, conn, sql = AFTER =>
            sqlx::query_scalar(sql)
                .bind(environment.as_str())
                .bind(after.map_or("", EventId::as_str))
                .bind(i64::from(limit))
                .fetch_all(conn)
                .await)?;
        ids.iter().map(|id| Place { table: "events", row: id }.id("id", id, EventId::parse)).collect()
    }

    /// Writes a decision about a quarantined event; false when it is not quarantined, and nothing changed.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn decide_event(
        &mut self,
        environment: &EnvironmentName,
        id: &EventId,
        decision: Decision<'_>,
    ) -> Result<bool> {
        let reason = decision.reason.map(fit);
        let decided = on_db!(self, conn, sql = DECIDE =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(id.as_str())
                .bind(decision.outcome.as_str())
                .bind(reason.as_deref())
                .bind(fit(decision.by).as_ref())
                .bind(decision.at)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(decided)
    }

    /// Remembers that Persona does not know a quarantined event; how often it said so. `None` when it is not
    /// quarantined.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn deny_event(&mut self, environment: &EnvironmentName, id: &EventId) -> Result<Option<u32>> {
        let denials: Option<i32> = on_db!(self, conn, sql = DENY =>
            sqlx::query_scalar(sql).bind(environment.as_str()).bind(id.as_str()).fetch_optional(conn).await)?;
        let place = Place { table: "events", row: &format!("{environment}/{id}") };
        denials.map(|denials| place.count("denials", denials)).transpose()
    }
}
