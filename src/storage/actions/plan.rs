//! The plan's side: what exists for some inquiries, and the difference written, as much at once as there is.

use serde::Serialize;
use sqlx::{PgConnection, SqliteConnection};

use crate::domain::action::{Action, CancelledBy, Planned};
use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;
use crate::storage::actions::row::{Row, action_columns};
use crate::storage::actions::work;
use crate::storage::error::Result;
use crate::storage::inquiries::InquiryKey;
use crate::storage::inquiries::change::{pairs, split};
use crate::storage::page::understood;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

statements! {
    // Locked in the order of ids, which workers keep too, and found by keys, whatever the statistics say.
    OF_INQUIRIES {
        sqlite concat!("SELECT ", action_columns!(), " FROM actions
                        WHERE id IN (SELECT action.id
                                     FROM jsonb_each($1) AS wanted
                                     CROSS JOIN actions AS action
                                     ON action.environment = wanted.value ->> 0
                                        AND action.inquiry_id = wanted.value ->> 1)
                        ORDER BY id"),
        postgres concat!("SELECT found.*
                          FROM (SELECT action.id
                                FROM unnest($1::text[], $2::text[]) AS asked (environment, inquiry_id)
                                CROSS JOIN LATERAL (
                                    SELECT id FROM actions
                                    WHERE environment = asked.environment AND inquiry_id = asked.inquiry_id OFFSET 0
                                ) AS action
                                ORDER BY action.id) AS wanted
                          CROSS JOIN LATERAL (
                              SELECT ", action_columns!(), " FROM actions
                              WHERE id >= wanted.id AND id <= wanted.id ORDER BY id LIMIT 1 FOR UPDATE
                          ) AS found")
    }
    // The lineage of an inquiry is looked up where it is not known to be its own.
    INSERT {
        sqlite "INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at, state,
                                     max_attempts, created_at, updated_at)
                SELECT value ->> 0, value ->> 1, value ->> 2,
                       coalesce(value ->> 7, (SELECT lineage FROM inquiries
                                              WHERE environment = value ->> 1 AND id = value ->> 2), value ->> 2),
                       value ->> 3, value ->> 4, value ->> 5, value ->> 6, 'planned', $2, $3, $3
                FROM jsonb_each($1) WHERE true
                ON CONFLICT (id) DO NOTHING",
        postgres "INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at,
                                       state, max_attempts, created_at, updated_at)
                  SELECT id, environment, inquiry_id,
                         coalesce(known, (SELECT lineage FROM inquiries
                                          WHERE id >= wanted.inquiry_id AND id <= wanted.inquiry_id
                                            AND environment = wanted.environment
                                          ORDER BY id LIMIT 1), inquiry_id),
                         kind, arguments, dedupe_key, due_at, 'planned', $8, $9, $9
                  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                              $7::timestamptz[], $10::text[])
                       AS wanted (id, environment, inquiry_id, kind, arguments, dedupe_key, due_at, known)
                  ON CONFLICT (id) DO NOTHING"
    }
    REPLAN {
        sqlite "UPDATE actions
                SET state = 'planned', due_at = given.value ->> 1, arguments = given.value ->> 2, updated_at = $2,
                    reason = NULL, cancelled_by = NULL, finished_at = NULL,
                    attempts = CASE WHEN state = 'cancelled' THEN 0 ELSE attempts END
                FROM jsonb_each($1) AS given
                WHERE actions.id = given.value ->> 0
                  AND (state = 'planned' OR (state = 'cancelled' AND cancelled_by = 'plan'))",
        postgres "UPDATE actions
                  SET state = 'planned', due_at = given.due_at, arguments = given.arguments, updated_at = $2,
                      reason = NULL, cancelled_by = NULL, finished_at = NULL,
                      attempts = CASE WHEN state = 'cancelled' THEN 0 ELSE attempts END
                  FROM unnest($1::text[], $3::timestamptz[], $4::text[]) AS given (id, due_at, arguments)
                  WHERE actions.id = given.id
                    AND (state = 'planned' OR (state = 'cancelled' AND cancelled_by = 'plan'))"
    }
    CALL_OFF {
        sqlite "UPDATE actions
                SET state = $3, reason = given.value ->> 1, cancelled_by = $4, finished_at = $2, updated_at = $2
                FROM jsonb_each($1) AS given
                WHERE actions.id = given.value ->> 0 AND state = 'planned'",
        postgres "UPDATE actions
                  SET state = $3, reason = given.reason, cancelled_by = $4, finished_at = $2, updated_at = $2
                  FROM unnest($1::text[], $5::text[]) AS given (id, reason)
                  WHERE actions.id = given.id AND state = 'planned'"
    }
}

impl Tx {
    /// Every action of some inquiries, by id, locked until the transaction ends.
    ///
    /// A row that can't be understood is logged and left out: planning it anew changes nothing, as its key is taken.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn actions_of(&mut self, inquiries: &[&InquiryKey]) -> Result<Vec<Action>> {
        if inquiries.is_empty() {
            return Ok(Vec::new());
        }
        let (environments, ids) = split(inquiries);
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            sqlx::query_as(OF_INQUIRIES.sqlite).bind(json(&pairs(&environments, &ids))).fetch_all(conn).await
        } postgres {
            sqlx::query_as(OF_INQUIRIES.postgres).bind(environments).bind(ids).fetch_all(conn).await
        })?;
        Ok(understood(rows)?.0)
    }

    /// Adds what was planned and is not there yet; gives how many were added.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn insert_actions(&mut self, planned: &[Planned], max_attempts: u32, now: Timestamp) -> Result<u64> {
        if planned.is_empty() {
            return Ok(0);
        }
        let max_attempts = i32::try_from(max_attempts.max(1)).unwrap_or(i32::MAX);
        let rows: Vec<New<'_>> =
            planned.iter().map(|action| New { action, lineage: self.own_lineage(action) }).collect();
        let added = on_db!(self, conn => sqlite {
            insert_json(conn, &rows, max_attempts, now).await
        } postgres {
            insert_arrays(conn, &rows, max_attempts, now).await
        })?;
        if added > 0 {
            for action in planned {
                self.due(action.due_at, now);
            }
        }
        Ok(added)
    }

    /// Plans actions anew: those that the plan itself had cancelled, or whose time moved while they wait; gives how
    /// many were in either state, and leaves the others as they are.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn replan_actions(&mut self, planned: &[Planned], now: Timestamp) -> Result<u64> {
        if planned.is_empty() {
            return Ok(0);
        }
        self.plan_anew().await?;
        let replanned = on_db!(self, conn => sqlite {
            let row = |action: &Planned| {
                (action.id.as_str().to_owned(), action.due_at.as_micros(), work::write(&action.work))
            };
            let rows: Vec<_> = planned.iter().map(row).collect();
            sqlx::query(REPLAN.sqlite).bind(json(&rows)).bind(now).execute(conn).await.map(|done| done.rows_affected())
        } postgres {
            sqlx::query(REPLAN.postgres)
                .bind(column(planned, |action| action.id.as_str()))
                .bind(now)
                .bind(column(planned, |action| action.due_at))
                .bind(column(planned, |action| work::write(&action.work)))
                .execute(conn)
                .await
                .map(|done| done.rows_affected())
        })?;
        if replanned > 0 {
            for action in planned {
                self.due(action.due_at, now);
            }
        }
        Ok(replanned)
    }

    /// Cancels actions that are still planned, each with its reason; gives how many were.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn cancel_planned(
        &mut self,
        actions: &[(ActionId, String)],
        by: CancelledBy,
        now: Timestamp,
    ) -> Result<u64> {
        self.call_off(actions, "cancelled", Some(by), now).await
    }

    /// Gives up actions that are still planned, each with its reason; gives how many were.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn fail_planned(&mut self, actions: &[(ActionId, String)], now: Timestamp) -> Result<u64> {
        self.call_off(actions, "failed", None, now).await
    }

    async fn call_off(
        &mut self,
        actions: &[(ActionId, String)],
        state: &str,
        by: Option<CancelledBy>,
        now: Timestamp,
    ) -> Result<u64> {
        if actions.is_empty() {
            return Ok(0);
        }
        self.plan_anew().await?;
        let by = by.map(CancelledBy::as_str);
        let called_off = on_db!(self, conn => sqlite {
            let rows: Vec<_> = actions.iter().map(|(id, reason)| (id.as_str(), fit(reason))).collect();
            sqlx::query(CALL_OFF.sqlite).bind(json(&rows)).bind(now).bind(state).bind(by).execute(conn).await
                .map(|done| done.rows_affected())
        } postgres {
            sqlx::query(CALL_OFF.postgres)
                .bind(column(actions, |(id, _)| id.as_str()))
                .bind(now)
                .bind(state)
                .bind(by)
                .bind(column(actions, |(_, reason)| fit(reason)))
                .execute(conn)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(called_off)
    }

    /// Of an inquiry that was added a moment ago nothing took the place, and it took nothing's.
    fn own_lineage<'a>(&self, action: &'a Planned) -> Option<&'a str> {
        let own = self.added.get(&action.inquiry) == Some(&action.environment);
        own.then(|| action.inquiry.as_str())
    }
}

/// An action to be added.
struct New<'a> {
    action: &'a Planned,
    /// Where it is known.
    lineage: Option<&'a str>,
}

fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

async fn insert_json(
    conn: &mut SqliteConnection,
    rows: &[New<'_>],
    max_attempts: i32,
    now: Timestamp,
) -> sqlx::Result<u64> {
    fn row<'a>(New { action, lineage }: &New<'a>) -> impl Serialize + use<'a> {
        let Planned { id, environment, inquiry, key, work, due_at } = action;
        let (id, environment, inquiry, kind) =
            (id.as_str(), environment.as_str(), inquiry.as_str(), work.kind().as_str());
        (id, environment, inquiry, kind, work::write(work), key.as_str(), due_at.as_micros(), *lineage)
    }
    let rows: Vec<_> = rows.iter().map(row).collect();
    let done = sqlx::query(INSERT.sqlite).bind(json(&rows)).bind(max_attempts).bind(now).execute(conn).await?;
    Ok(done.rows_affected())
}

async fn insert_arrays(
    conn: &mut PgConnection,
    rows: &[New<'_>],
    max_attempts: i32,
    now: Timestamp,
) -> sqlx::Result<u64> {
    let done = sqlx::query(INSERT.postgres)
        .bind(column(rows, |new| new.action.id.as_str()))
        .bind(column(rows, |new| new.action.environment.as_str()))
        .bind(column(rows, |new| new.action.inquiry.as_str()))
        .bind(column(rows, |new| new.action.work.kind().as_str()))
        .bind(column(rows, |new| work::write(&new.action.work)))
        .bind(column(rows, |new| new.action.key.as_str()))
        .bind(column(rows, |new| new.action.due_at))
        .bind(max_attempts)
        .bind(now)
        .bind(column(rows, |new| new.lineage))
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}
