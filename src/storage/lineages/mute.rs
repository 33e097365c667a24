//! Muted lineages: an operator decided that nobody is told anything about them.

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::InquiryKey;
use crate::storage::inquiries::change::{pairs, split};
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

statements! {
    OF_INQUIRIES {
        sqlite "SELECT DISTINCT found.environment, found.lineage
                FROM jsonb_each($1) AS wanted
                CROSS JOIN inquiries AS member
                ON member.environment = wanted.value ->> 0 AND member.id = wanted.value ->> 1
                CROSS JOIN mutes AS found
                ON found.environment = member.environment AND found.lineage = member.lineage",
        postgres "SELECT DISTINCT found.environment, found.lineage
                  FROM unnest($1::text[], $2::text[]) AS wanted (environment, id)
                  CROSS JOIN LATERAL (
                      SELECT environment, lineage FROM inquiries
                      WHERE id >= wanted.id AND id <= wanted.id AND environment = wanted.environment
                      ORDER BY id LIMIT 1
                  ) AS member
                  CROSS JOIN LATERAL (
                      SELECT environment, lineage FROM mutes
                      WHERE environment = member.environment AND lineage = member.lineage LIMIT 1
                  ) AS found"
    }
    MUTE {
        "INSERT INTO mutes (environment, lineage, reason, muted_by, muted_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (lineage, environment) DO NOTHING"
    }
    UNMUTE { "DELETE FROM mutes WHERE environment = $1 AND lineage = $2" }
}

impl Tx {
    /// Mutes a lineage, by its first inquiry; false when it is muted already.
    ///
    /// # Errors
    /// Whatever the database says, and when the inquiry is not there.
    pub async fn mute(
        &mut self,
        environment: &EnvironmentName,
        lineage: &InquiryId,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let done = on_db!(self, conn, sql = MUTE =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(lineage.as_str())
                .bind(fit(reason).as_ref())
                .bind(fit(by).as_ref())
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(done)
    }

    /// Lets people be told again about a lineage; false when it is not muted.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn unmute(&mut self, environment: &EnvironmentName, lineage: &InquiryId) -> Result<bool> {
        let done = on_db!(self, conn, sql = UNMUTE =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(lineage.as_str())
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(done)
    }
}

/// The muted among the lineages of some inquiries.
pub(super) async fn of_lineages(tx: &mut Tx, inquiries: &[&InquiryKey]) -> Result<Vec<(EnvironmentName, InquiryId)>> {
    let (environments, ids) = split(inquiries);
    let rows: Vec<(String, String)> = on_db!(tx, conn => sqlite {
        sqlx::query_as(OF_INQUIRIES.sqlite).bind(json(&pairs(&environments, &ids))).fetch_all(conn).await
    } postgres {
        sqlx::query_as(OF_INQUIRIES.postgres).bind(environments).bind(ids).fetch_all(conn).await
    })?;
    let read = |(environment, lineage): (String, String)| {
        let place = Place { table: "mutes", row: &format!("{environment}/{lineage}") };
        Ok((place.environment(&environment)?, place.id("lineage", &lineage, InquiryId::parse)?))
    };
    rows.into_iter().map(read).collect()
}
