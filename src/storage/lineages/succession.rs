//! Replacements, stage by stage.

use std::collections::HashMap;

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::lineage::{Cause, Lineages, Stage, Succession};
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::inquiries::InquiryKey;
use crate::storage::inquiries::change::{pairs, split};
use crate::storage::lineages::mute;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

macro_rules! columns {
    () => {
        "found.environment, found.inquiry_id, found.lineage, found.cause, found.asked, found.stage, \
         found.successor_id, found.began_at, found.changed_at"
    };
}

statements! {
    OF_LINEAGES {
        sqlite concat!("SELECT DISTINCT ", columns!(), "
                        FROM jsonb_each($1) AS wanted
                        CROSS JOIN inquiries AS member
                        ON member.environment = wanted.value ->> 0 AND member.id = wanted.value ->> 1
                        CROSS JOIN successions AS found
                        ON found.environment = member.environment AND found.lineage = member.lineage
                        ORDER BY found.environment, found.began_at, found.inquiry_id"),
        postgres concat!("SELECT DISTINCT ", columns!(), "
                          FROM unnest($1::text[], $2::text[]) AS wanted (environment, id)
                          CROSS JOIN LATERAL (
                              SELECT environment, lineage FROM inquiries
                              WHERE id >= wanted.id AND id <= wanted.id AND environment = wanted.environment
                              ORDER BY id LIMIT 1
                          ) AS member
                          CROSS JOIN LATERAL (
                              SELECT * FROM successions
                              WHERE environment = member.environment
                                AND lineage >= member.lineage AND lineage <= member.lineage
                              ORDER BY lineage OFFSET 0
                          ) AS found
                          ORDER BY found.environment, found.began_at, found.inquiry_id")
    }
    // One that was called off can be begun again; one that goes on or is through can't.
    BEGIN {
        "INSERT INTO successions (environment, inquiry_id, lineage, cause, asked, stage, began_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, 'superseding', $6, $6)
         ON CONFLICT (inquiry_id, environment) DO UPDATE
         SET cause = excluded.cause, asked = excluded.asked, stage = excluded.stage, successor_id = NULL,
             began_at = excluded.began_at, changed_at = excluded.changed_at
         WHERE successions.stage = 'kept'"
    }
    MOVE {
        "UPDATE successions SET stage = $3, successor_id = $4, changed_at = $5
         WHERE environment = $1 AND inquiry_id = $2 AND stage IN ('superseding', 'closed', 'creating')"
    }
    JOIN { "UPDATE inquiries SET lineage = $3 WHERE environment = $1 AND id = $2" }
}

impl Tx {
    /// What is known of the lineages of some inquiries, by environment.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lineages_of(&mut self, inquiries: &[&InquiryKey]) -> Result<HashMap<EnvironmentName, Lineages>> {
        if inquiries.is_empty() {
            return Ok(HashMap::new());
        }
        let (environments, ids) = split(inquiries);
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            sqlx::query_as(OF_LINEAGES.sqlite).bind(json(&pairs(&environments, &ids))).fetch_all(conn).await
        } postgres {
            sqlx::query_as(OF_LINEAGES.postgres).bind(environments).bind(ids).fetch_all(conn).await
        })?;
        let mut known: HashMap<EnvironmentName, Lineages> = HashMap::new();
        for row in rows {
            let (environment, succession) = row.try_into()?;
            known.entry(environment).or_default().successions.push(succession);
        }
        for (environment, first) in mute::of_lineages(self, inquiries).await? {
            known.entry(environment).or_default().muted.insert(first);
        }
        Ok(known)
    }

    /// Begins a replacement, before anything is asked of Persona; false when it was begun before.
    ///
    /// # Errors
    /// Whatever the database says, and when the inquiry is not there.
    pub async fn begin_succession(&mut self, environment: &EnvironmentName, one: &Succession) -> Result<bool> {
        on_db!(self, conn, sql = BEGIN =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(one.inquiry.as_str())
                .bind(one.lineage.as_str())
                .bind(one.cause.as_str())
                .bind(one.asked)
                .bind(one.began_at)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))
        .map_err(StorageError::from)
    }

    /// Brings a replacement that is under way to another stage; false when it is not under way.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn move_succession(
        &mut self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        stage: Stage,
        successor: Option<&InquiryId>,
        now: Timestamp,
    ) -> Result<bool> {
        on_db!(self, conn, sql = MOVE =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(inquiry.as_str())
                .bind(stage.as_str())
                .bind(successor.map(InquiryId::as_str))
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))
        .map_err(StorageError::from)
    }

    /// Makes an inquiry a member of a lineage.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn join_lineage(
        &mut self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        lineage: &InquiryId,
    ) -> Result<()> {
        self.added.remove(inquiry);
        on_db!(self, conn, sql = JOIN =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(inquiry.as_str())
                .bind(lineage.as_str())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    inquiry_id: String,
    lineage: String,
    cause: String,
    asked: bool,
    stage: String,
    successor_id: Option<String>,
    began_at: Timestamp,
    changed_at: Timestamp,
}

impl TryFrom<Row> for (EnvironmentName, Succession) {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "successions", row: &format!("{}/{}", row.environment, row.inquiry_id) };
        let succession = Succession {
            inquiry: place.id("inquiry_id", &row.inquiry_id, InquiryId::parse)?,
            lineage: place.id("lineage", &row.lineage, InquiryId::parse)?,
            cause: place.some("cause", Cause::parse(&row.cause))?,
            asked: row.asked,
            stage: place.some("stage", Stage::parse(&row.stage))?,
            successor: place.optional_id("successor_id", row.successor_id.as_deref(), InquiryId::parse)?,
            began_at: row.began_at,
            changed_at: row.changed_at,
        };
        Ok((place.environment(&row.environment)?, succession))
    }
}
