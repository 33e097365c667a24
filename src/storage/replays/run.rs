//! A replay's steps: what is written of each, in the transaction that does it.

use crate::domain::ids::{ActionId, ReplayId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::page::understood;
use crate::storage::replays::row::{Row, replay_columns};
use crate::storage::replays::{Counts, Reason, Replay, ReplayPlace};
use crate::storage::sql::json;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// What a step changes on a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// Where it is then; as before where nothing was looked at.
    pub place: Option<ReplayPlace>,
    /// Whether every match was looked at by then.
    pub through: bool,
    /// When the next page is due.
    pub next_at: Option<Timestamp>,
    /// What is added to how far it is.
    pub counts: Counts,
    /// What became of what was not simply done, to be added.
    pub reasons: Vec<Reason>,
    /// Whether it ends with this step.
    pub ends: bool,
}

statements! {
    UNDER_WAY {
        concat!("SELECT ", replay_columns!(), " FROM replays
                 WHERE state IN ('running', 'paused') ORDER BY began_at, id")
    }
    STEP {
        "UPDATE replays
         SET place_kind = $2, place_at = $3, place_id = $4, through = $5, next_at = $6, looked_at = looked_at + $7,
             made_due = made_due + $8, done = done + $9, unchanged = unchanged + $10, failed = failed + $11,
             called_off = called_off + $12, skipped = skipped + $13, touched_at = $14,
             state = CASE WHEN $15 THEN 'done' ELSE state END,
             ended_at = CASE WHEN $15 THEN CAST($14 AS TIMESTAMPTZ) ELSE ended_at END
         WHERE id = $1"
    }
    ADD_REASON {
        "INSERT INTO replay_reasons (replay_id, became, reason, count) VALUES ($1, $2, $3, $4)
         ON CONFLICT (replay_id, became, reason) DO UPDATE SET count = replay_reasons.count + excluded.count"
    }
    // Locked in the order of ids, as workers do it; and made due only where nobody else did so meanwhile.
    LOCK_ENDED {
        sqlite "SELECT id FROM actions
                WHERE id IN (SELECT value FROM json_each($1)) AND state IN ('failed', 'cancelled') ORDER BY id",
        postgres "SELECT id FROM actions
                  WHERE id = ANY($1) AND state IN ('failed', 'cancelled') ORDER BY id FOR UPDATE"
    }
    MAKE_DUE {
        sqlite "UPDATE actions
                SET state = 'planned', due_at = $2, attempts = 0, reason = $3, cancelled_by = NULL, finished_at = NULL,
                    updated_at = $2
                WHERE id IN (SELECT value FROM json_each($1))",
        postgres "UPDATE actions
                  SET state = 'planned', due_at = $2, attempts = 0, reason = $3, cancelled_by = NULL, finished_at = NULL,
                      updated_at = $2
                  WHERE id = ANY($1)"
    }
}

impl Tx {
    /// The replays that have not ended, the oldest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn replays_under_way(&mut self) -> Result<Vec<Replay>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = UNDER_WAY => sqlx::query_as(sql).fetch_all(conn).await)?;
        Ok(understood(rows)?.0)
    }

    /// Makes those of these actions due now that are still failed or cancelled, with all their attempts before them; which
    /// ones. `why` is shown until the next attempt.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn retry_actions(&mut self, ids: &[ActionId], why: &str, now: Timestamp) -> Result<Vec<ActionId>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<&str> = ids.iter().map(ActionId::as_str).collect();
        let ended: Vec<String> = on_db!(self, conn => sqlite {
            sqlx::query_scalar(LOCK_ENDED.sqlite).bind(json(&texts)).fetch_all(conn).await
        } postgres {
            sqlx::query_scalar(LOCK_ENDED.postgres).bind(&texts).fetch_all(conn).await
        })?;
        let why = fit(why);
        on_db!(self, conn => sqlite {
            sqlx::query(MAKE_DUE.sqlite).bind(json(&ended)).bind(now).bind(why.as_ref()).execute(conn).await.map(drop)
        } postgres {
            sqlx::query(MAKE_DUE.postgres).bind(&ended).bind(now).bind(why.as_ref()).execute(conn).await.map(drop)
        })?;
        if !ended.is_empty() {
            self.due(now, now);
        }
        let made = ids.iter().filter(|id| ended.iter().any(|one| one == id.as_str()));
        Ok(made.cloned().collect())
    }

    /// Writes a step of a replay that the caller has locked.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn step_replay(&mut self, id: &ReplayId, step: &Step, now: Timestamp) -> Result<()> {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let (place, counts) = (step.place.as_ref(), &step.counts);
        on_db!(self, conn, sql = STEP =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(place.and_then(|place| place.kind).map(crate::domain::action::Kind::as_str))
                .bind(place.map(|place| place.at))
                .bind(place.map(|place| place.id.as_str()))
                .bind(step.through)
                .bind(step.next_at)
                .bind(count(counts.looked_at))
                .bind(count(counts.made_due))
                .bind(count(counts.done))
                .bind(count(counts.unchanged))
                .bind(count(counts.failed))
                .bind(count(counts.called_off))
                .bind(count(counts.skipped))
                .bind(now)
                .bind(step.ends)
                .execute(conn)
                .await
                .map(drop))?;
        for Reason { became, reason, count: many } in &step.reasons {
            on_db!(self, conn, sql = ADD_REASON =>
                sqlx::query(sql)
                    .bind(id.as_str())
                    .bind(became.as_str())
                    .bind(fit(reason).as_ref())
                    .bind(count(*many))
                    .execute(conn)
                    .await
                    .map(drop))?;
        }
        Ok(())
    }
}
