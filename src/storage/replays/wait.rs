//! Actions that a replay made due, until it has counted how they ended.

use crate::domain::action::State;
use crate::domain::ids::{ActionId, ReplayId};
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

/// An action that was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// Which.
    pub action: ActionId,
    /// How it ended; `None` where its row was taken away.
    pub state: Option<State>,
    /// Why.
    pub reason: Option<String>,
}

statements! {
    WAIT {
        sqlite "INSERT INTO replay_waits (replay_id, action_id) SELECT $1, value FROM json_each($2) WHERE true
                ON CONFLICT (replay_id, action_id) DO NOTHING",
        postgres "INSERT INTO replay_waits (replay_id, action_id) SELECT $1, id FROM unnest($2::text[]) AS given (id)
                  ON CONFLICT (replay_id, action_id) DO NOTHING"
    }
    ENDED {
        "SELECT replay_waits.action_id, actions.state, actions.reason
         FROM replay_waits LEFT JOIN actions ON actions.id = replay_waits.action_id
         WHERE replay_waits.replay_id = $1
           AND (actions.id IS NULL OR actions.state IN ('done', 'failed', 'cancelled'))
         ORDER BY replay_waits.action_id LIMIT $2"
    }
    FORGET {
        sqlite "DELETE FROM replay_waits
                WHERE replay_id = $1 AND action_id IN (SELECT value FROM json_each($2))",
        postgres "DELETE FROM replay_waits WHERE replay_id = $1 AND action_id = ANY($2)"
    }
    FORGET_ALL { "DELETE FROM replay_waits WHERE replay_id = $1" }
}

impl Tx {
    /// Waits for actions that a replay made due.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn wait_for(&mut self, replay: &ReplayId, actions: &[ActionId]) -> Result<()> {
        if actions.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = actions.iter().map(ActionId::as_str).collect();
        on_db!(self, conn => sqlite {
            sqlx::query(WAIT.sqlite).bind(replay.as_str()).bind(json(&ids)).execute(conn).await.map(drop)
        } postgres {
            sqlx::query(WAIT.postgres).bind(replay.as_str()).bind(ids).execute(conn).await.map(drop)
        })?;
        Ok(())
    }

    /// Up to `limit` actions that a replay waits for and that have ended.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn waited_for(&mut self, replay: &ReplayId, limit: u32) -> Result<Vec<Waited>> {
        let rows: Vec<(String, Option<String>, Option<String>)> = on_db!(self, conn, sql = ENDED =>
            sqlx::query_as(sql).bind(replay.as_str()).bind(i64::from(limit)).fetch_all(conn).await)?;
        let read = |(id, state, reason): (String, Option<String>, Option<String>)| {
            let place = Place { table: "replay_waits", row: &id };
            let state = state.as_deref().map(|word| place.some("state", State::parse(word))).transpose()?;
            Ok(Waited { action: place.id("action_id", &id, ActionId::parse)?, state, reason })
        };
        rows.into_iter().map(read).collect()
    }

    /// Waits no more for these.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn stop_waiting(&mut self, replay: &ReplayId, actions: &[ActionId]) -> Result<()> {
        if actions.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = actions.iter().map(ActionId::as_str).collect();
        on_db!(self, conn => sqlite {
            sqlx::query(FORGET.sqlite).bind(replay.as_str()).bind(json(&ids)).execute(conn).await.map(drop)
        } postgres {
            sqlx::query(FORGET.postgres).bind(replay.as_str()).bind(ids).execute(conn).await.map(drop)
        })?;
        Ok(())
    }

    /// Waits no more for anything of a replay.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn stop_waiting_for_all(&mut self, replay: &ReplayId) -> Result<()> {
        on_db!(self, conn, sql = FORGET_ALL =>
            sqlx::query(sql).bind(replay.as_str()).execute(conn).await.map(drop))?;
        Ok(())
    }
}
