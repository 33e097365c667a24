//! A preview kept, started once, and held or ended by operators.

use crate::domain::ids::ReplayId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::replays::row::{Row, replay_columns};
use crate::storage::replays::{Replay, ReplayState};
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// What came of starting a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It begins.
    Begun,
    /// It was started before.
    Before,
    /// Another one of the same choice is under way.
    Alike(ReplayId),
}

statements! {
    KEEP {
        concat!("INSERT INTO replays (", replay_columns!(), ", fingerprint)
                 VALUES ($1, $2, $3, $4, $5, $6, 'previewed', $7, $8, NULL, NULL, NULL, NULL, NULL, NULL, NULL, $10,
                         0, 0, 0, 0, 0, 0, 0, $5, NULL, NULL, NULL, $9)")
    }
    ONE { concat!("SELECT ", replay_columns!(), " FROM replays WHERE id = $1") }
    LOCK { lock concat!("SELECT ", replay_columns!(), " FROM replays WHERE id = $1") }
    // Previews of the same choice as well, so that of two that are started at once one waits for the other.
    LOCK_ALIKE {
        lock concat!("SELECT ", replay_columns!(), " FROM replays
                      WHERE environment = $1 AND fingerprint = $2 AND state IN ('previewed', 'running', 'paused')
                      ORDER BY id")
    }
    START {
        "UPDATE replays SET state = 'running', began_at = $2, began_by = $3, reason = $4, next_at = $2, touched_at = $2
         WHERE id = $1 AND state = 'previewed'"
    }
    CHANGE {
        "UPDATE replays
         SET state = $2, changed_by = $3, changed_why = $4, touched_at = $5,
             ended_at = CASE WHEN $2 = 'cancelled' THEN CAST($5 AS TIMESTAMPTZ) END
         WHERE id = $1 AND state IN ('running', 'paused')"
    }
}

impl Tx {
    /// Keeps the preview of a replay.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn keep_preview(&mut self, replay: &Replay) -> Result<()> {
        let per_minute = replay.per_minute.map(|many| i32::try_from(many).unwrap_or(i32::MAX));
        on_db!(self, conn, sql = KEEP =>
            sqlx::query(sql)
                .bind(replay.id.as_str())
                .bind(replay.filter.environment.as_str())
                .bind(replay.filter.written())
                .bind(replay.preview.written())
                .bind(replay.as_of)
                .bind(per_minute)
                .bind(fit(&replay.made_by).as_ref())
                .bind(replay.expires_at)
                .bind(replay.filter.fingerprint())
                .bind(false)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// One replay, or preview.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn replay(&mut self, id: &ReplayId) -> Result<Option<Replay>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = ONE => sqlx::query_as(sql).bind(id.as_str()).fetch_optional(conn).await)?;
        row.map(Replay::try_from).transpose()
    }

    /// One replay, locked until the transaction ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_replay(&mut self, id: &ReplayId) -> Result<Option<Replay>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = LOCK => sqlx::query_as(sql).bind(id.as_str()).fetch_optional(conn).await)?;
        row.map(Replay::try_from).transpose()
    }

    /// Starts what was previewed, if nothing of the same choice is under way.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn start_replay(&mut self, replay: &Replay, by: &str, why: &str, now: Timestamp) -> Result<Started> {
        let rows: Vec<Row> = on_db!(self, conn, sql = LOCK_ALIKE =>
            sqlx::query_as(sql)
                .bind(replay.filter.environment.as_str())
                .bind(replay.filter.fingerprint())
                .fetch_all(conn)
                .await)?;
        let alike: Vec<Replay> = rows.into_iter().map(Replay::try_from).collect::<Result<_>>()?;
        let waits = alike.iter().any(|one| one.id == replay.id && one.state == ReplayState::Previewed);
        if !waits {
            return Ok(Started::Before);
        }
        if let Some(other) = alike.into_iter().find(Replay::is_under_way) {
            return Ok(Started::Alike(other.id));
        }
        let begun = on_db!(self, conn, sql = START =>
            sqlx::query(sql)
                .bind(replay.id.as_str())
                .bind(now)
                .bind(fit(by).as_ref())
                .bind(fit(why).as_ref())
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(if begun { Started::Begun } else { Started::Before })
    }

    /// Pauses, resumes or cancels a replay that has not ended; false where it has.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn change_replay(
        &mut self,
        id: &ReplayId,
        state: ReplayState,
        by: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let changed = on_db!(self, conn, sql = CHANGE =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(state.as_str())
                .bind(fit(by).as_ref())
                .bind(fit(why).as_ref())
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(changed)
    }
}
