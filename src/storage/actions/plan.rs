//! The plan's side: what exists for some inquiries, and the difference written.

use sqlx::{PgConnection, SqliteConnection};

use crate::domain::action::{Action, CancelledBy, Planned};
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::actions::row::{Row, action_columns};
use crate::storage::actions::work;
use crate::storage::error::Result;
use crate::storage::page::understood;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

statements! {
    OF_INQUIRIES {
        sqlite concat!("SELECT ", action_columns!(), " FROM actions
                        WHERE environment = $1 AND inquiry_id IN (SELECT value FROM json_each($2)) ORDER BY id"),
        postgres concat!("SELECT ", action_columns!(), " FROM actions
                          WHERE environment = $1 AND inquiry_id = ANY($2) ORDER BY id FOR UPDATE")
    }
    // The same row by id or by key is the same action: both conflicts mean that it is there.
    INSERT {
        sqlite "INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at, state,
                                     max_attempts, created_at, updated_at)
                VALUES ($1, $2, $3, coalesce((SELECT lineage FROM inquiries WHERE environment = $2 AND id = $3), $3),
                        $4, $5, $6, $7, 'planned', $8, $9, $9)
                ON CONFLICT DO NOTHING",
        postgres "INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at,
                                       state, max_attempts, created_at, updated_at)
                  SELECT wanted.id, wanted.environment, inquiry_id, coalesce(inquiries.lineage, inquiry_id), kind,
                         arguments, dedupe_key, due_at, 'planned', $8, $9, $9
                  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                              $7::timestamptz[])
                       AS wanted (id, environment, inquiry_id, kind, arguments, dedupe_key, due_at)
                  LEFT JOIN inquiries ON inquiries.environment = wanted.environment
                                     AND inquiries.id = wanted.inquiry_id
                  ORDER BY wanted.id
                  ON CONFLICT DO NOTHING"
    }
    REPLAN {
        "UPDATE actions
         SET state = 'planned', due_at = $2, arguments = $3, updated_at = $4, reason = NULL, cancelled_by = NULL,
             finished_at = NULL, attempts = CASE WHEN state = 'cancelled' THEN 0 ELSE attempts END
         WHERE id = $1 AND (state = 'planned' OR (state = 'cancelled' AND cancelled_by = 'plan'))"
    }
    CANCEL {
        "UPDATE actions
         SET state = 'cancelled', reason = $2, cancelled_by = $3, finished_at = $4, updated_at = $4
         WHERE id = $1 AND state = 'planned'"
    }
    FAIL {
        "UPDATE actions SET state = 'failed', reason = $2, finished_at = $3, updated_at = $3
         WHERE id = $1 AND state = 'planned'"
    }
}

impl Tx {
    /// Every action of some inquiries, by id, locked until the transaction ends.
    ///
    /// A row that can't be understood is logged and left out: planning it anew changes nothing, as its key is taken.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn actions_of(&mut self, environment: &EnvironmentName, inquiries: &[InquiryId]) -> Result<Vec<Action>> {
        let ids: Vec<&str> = inquiries.iter().map(InquiryId::as_str).collect();
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            let ids = serde_json::json!(ids).to_string();
            sqlx::query_as(OF_INQUIRIES.sqlite).bind(environment.as_str()).bind(ids).fetch_all(conn).await
        } postgres {
            sqlx::query_as(OF_INQUIRIES.postgres).bind(environment.as_str()).bind(ids).fetch_all(conn).await
        })?;
        Ok(understood(rows)?.0)
    }

    /// Adds what was planned and is not there yet; gives how many were added.
    ///
    /// # Errors
    /// Whatever the database says, and when an inquiry is not there.
    pub async fn insert_actions(&mut self, planned: &[Planned], max_attempts: u32, now: Timestamp) -> Result<u64> {
        if planned.is_empty() {
            return Ok(0);
        }
        let max_attempts = i32::try_from(max_attempts.max(1)).unwrap_or(i32::MAX);
        let added = on_db!(self, conn => sqlite {
            insert_one_by_one(conn, planned, max_attempts, now).await
        } postgres {
            insert_at_once(conn, planned, max_attempts, now).await
        })?;
        if added > 0 {
            for action in planned {
                self.due(action.due_at, now);
            }
        }
        Ok(added)
    }

    /// Plans an action anew: one that the plan itself had cancelled, or one whose time moved while it waits.
    ///
    /// False when it is in neither state, and nothing changed.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn replan_action(&mut self, id: &ActionId, planned: &Planned, now: Timestamp) -> Result<bool> {
        let replanned = on_db!(self, conn, sql = REPLAN =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(planned.due_at)
                .bind(work::write(&planned.work))
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        if replanned {
            self.due(planned.due_at, now);
        }
        Ok(replanned)
    }

    /// Cancels an action that is still planned; false when it is not, and nothing changed.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn cancel_planned(
        &mut self,
        id: &ActionId,
        reason: &str,
        by: CancelledBy,
        now: Timestamp,
    ) -> Result<bool> {
        let cancelled = on_db!(self, conn, sql = CANCEL =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(fit(reason).as_ref())
                .bind(by.as_str())
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(cancelled)
    }

    /// Gives up an action that is still planned; false when it is not, and nothing changed.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn fail_planned(&mut self, id: &ActionId, reason: &str, now: Timestamp) -> Result<bool> {
        let failed = on_db!(self, conn, sql = FAIL =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(fit(reason).as_ref())
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(failed)
    }
}

/// The file is near: a loop is as fast as a batch.
async fn insert_one_by_one(
    conn: &mut SqliteConnection,
    planned: &[Planned],
    max_attempts: i32,
    now: Timestamp,
) -> sqlx::Result<u64> {
    let mut added = 0;
    for action in planned {
        let done = sqlx::query(INSERT.sqlite)
            .bind(action.id.as_str())
            .bind(action.environment.as_str())
            .bind(action.inquiry.as_str())
            .bind(action.work.kind().as_str())
            .bind(work::write(&action.work))
            .bind(action.key.as_str())
            .bind(action.due_at)
            .bind(max_attempts)
            .bind(now)
            .execute(&mut *conn)
            .await?;
        added += done.rows_affected();
    }
    Ok(added)
}

/// The server may be far: one round trip for all.
async fn insert_at_once(
    conn: &mut PgConnection,
    planned: &[Planned],
    max_attempts: i32,
    now: Timestamp,
) -> sqlx::Result<u64> {
    fn column<'a, T>(planned: &'a [Planned], of: impl Fn(&'a Planned) -> T) -> Vec<T> {
        planned.iter().map(of).collect()
    }
    let done = sqlx::query(INSERT.postgres)
        .bind(column(planned, |action| action.id.as_str()))
        .bind(column(planned, |action| action.environment.as_str()))
        .bind(column(planned, |action| action.inquiry.as_str()))
        .bind(column(planned, |action| action.work.kind().as_str()))
        .bind(column(planned, |action| work::write(&action.work)))
        .bind(column(planned, |action| action.key.as_str()))
        .bind(column(planned, |action| action.due_at))
        .bind(max_attempts)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
