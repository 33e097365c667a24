//! What operators decided about lanes: paused, with why and by whom, and which goes first.

use sqlx::SqliteConnection;

use crate::domain::time::Timestamp;
use crate::storage::actions::claim::Lane;
use crate::storage::actions::read::lane;
use crate::storage::error::Result;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// A lane as an operator left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneSetting {
    /// Which.
    pub lane: Lane,
    /// Lanes with a higher one are claimed first; 0 where nobody said anything else.
    pub priority: i32,
    /// Whether nothing is claimed from it.
    pub paused: bool,
    /// Why, in the words of who changed it last.
    pub reason: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When that was, by our clock.
    pub changed_at: Timestamp,
}

statements! {
    SETTINGS {
        "SELECT environment, kind, priority, paused, reason, changed_by, changed_at FROM lanes ORDER BY environment, kind"
    }
    LOCK {
        lock "SELECT environment, kind, priority, paused, reason, changed_by, changed_at FROM lanes
              WHERE environment = $1 AND kind = $2"
    }
    SET {
        "INSERT INTO lanes (environment, kind, priority, paused, reason, changed_by, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (environment, kind) DO UPDATE
         SET priority = excluded.priority, paused = excluded.paused, reason = excluded.reason,
             changed_by = excluded.changed_by, changed_at = excluded.changed_at"
    }
}

impl Tx {
    /// The lanes an operator ever changed.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lane_settings(&mut self) -> Result<Vec<LaneSetting>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = SETTINGS => sqlx::query_as(sql).fetch_all(conn).await)?;
        // A lane of a kind from another release is none of ours.
        Ok(rows.into_iter().filter_map(|row| row.read().ok()).collect())
    }

    /// One lane, if an operator ever changed it, locked until the transaction ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_lane(&mut self, (environment, kind): &Lane) -> Result<Option<LaneSetting>> {
        let row: Option<Row> = on_db!(self, conn, sql = LOCK =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(kind.as_str()).fetch_optional(conn).await)?;
        row.map(Row::read).transpose()
    }

    /// Keeps what an operator decided about a lane, and wakes the workers.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn set_lane(&mut self, setting: &LaneSetting) -> Result<()> {
        let (environment, kind) = &setting.lane;
        on_db!(self, conn, sql = SET =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(kind.as_str())
                .bind(setting.priority)
                .bind(setting.paused)
                .bind(fit(&setting.reason).as_ref())
                .bind(fit(&setting.changed_by).as_ref())
                .bind(setting.changed_at)
                .execute(conn)
                .await
                .map(drop))?;
        self.due(setting.changed_at, setting.changed_at);
        Ok(())
    }
}

/// The settings as they are, for a claim.
pub(super) async fn on_sqlite(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(SETTINGS.sqlite).fetch_all(conn).await
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) environment: String,
    pub(super) kind: String,
    pub(super) priority: i32,
    pub(super) paused: bool,
    reason: String,
    changed_by: String,
    changed_at: Timestamp,
}

impl Row {
    fn read(self) -> Result<LaneSetting> {
        Ok(LaneSetting {
            lane: lane(&self.environment, &self.kind)?,
            priority: self.priority,
            paused: self.paused,
            reason: self.reason,
            changed_by: self.changed_by,
            changed_at: self.changed_at,
        })
    }
}
