//! Replays listed, what became of what in one of them, and the end of old ones.

use crate::domain::ids::{EnvironmentName, ReplayId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::page::{Cursor, Page};
use crate::storage::parts::Parts;
use crate::storage::replays::row::{Row, replay_columns};
use crate::storage::replays::{Became, Reason, Replay};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

statements! {
    REASONS {
        "SELECT became, reason, count FROM replay_reasons WHERE replay_id = $1 ORDER BY count DESC, became, reason"
    }
    FORGET_PREVIEWS {
        "DELETE FROM replays
         WHERE id IN (SELECT id FROM replays WHERE state = 'previewed' AND expires_at < $1
                      ORDER BY expires_at LIMIT $2)"
    }
    FORGET_ENDED {
        "DELETE FROM replays
         WHERE id IN (SELECT id FROM replays
                      WHERE state IN ('cancelled', 'done') AND began_at < $1 AND ended_at < $1
                      ORDER BY began_at LIMIT $2)
         RETURNING id"
    }
    FORGET_REASONS {
        sqlite "DELETE FROM replay_reasons WHERE replay_id IN (SELECT value FROM json_each($1))",
        postgres "DELETE FROM replay_reasons WHERE replay_id = ANY($1)"
    }
    FORGET_WAITS {
        sqlite "DELETE FROM replay_waits WHERE replay_id IN (SELECT value FROM json_each($1))",
        postgres "DELETE FROM replay_waits WHERE replay_id = ANY($1)"
    }
}

impl Tx {
    /// Replays that were started, the latest first, of an environment or of all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_replays(
        &mut self,
        environment: Option<&EnvironmentName>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Replay>> {
        let mut parts = Parts::default();
        parts.sql(concat!("SELECT ", replay_columns!(), " FROM replays WHERE state <> 'previewed'"));
        parts.and_text(" AND environment = ", environment.map(EnvironmentName::as_str));
        if let Some(after) = after {
            parts.sql(" AND (began_at, id) < (").time(after.at).sql(", ").text(&after.id).sql(")");
        }
        parts.sql(" ORDER BY began_at DESC, id DESC LIMIT ").number(i64::from(limit) + 1);
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            built!(parts, true).build_query_as().fetch_all(conn).await
        } postgres {
            built!(parts, false).build_query_as().fetch_all(conn).await
        })?;
        let place = |row: &Row| Cursor::at(row.began_at.unwrap_or(Timestamp::from_micros(0)), "", &row.id);
        Page::of(rows, limit, place)
    }

    /// What became of what was not simply done, the most frequent first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn replay_reasons(&mut self, id: &ReplayId) -> Result<Vec<Reason>> {
        let rows: Vec<(String, String, i64)> =
            on_db!(self, conn, sql = REASONS => sqlx::query_as(sql).bind(id.as_str()).fetch_all(conn).await)?;
        let place = Place { table: "replay_reasons", row: id.as_str() };
        let read = |(became, reason, count): (String, String, i64)| {
            let became = place.some("became", Became::parse(&became))?;
            Ok(Reason { became, reason, count: place.some("count", u64::try_from(count).ok())? })
        };
        rows.into_iter().map(read).collect()
    }

    /// Takes away previews that nobody started by then, and replays that ended before `ended`; how many of both.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_replays(&mut self, expired: Timestamp, ended: Timestamp, limit: u32) -> Result<u64> {
        let previews = on_db!(self, conn, sql = FORGET_PREVIEWS =>
            sqlx::query(sql).bind(expired).bind(i64::from(limit)).execute(conn).await.map(|done| done.rows_affected()))?;
        let gone: Vec<String> = on_db!(self, conn, sql = FORGET_ENDED =>
            sqlx::query_scalar(sql).bind(ended).bind(i64::from(limit)).fetch_all(conn).await)?;
        on_db!(self, conn => sqlite {
            let ids = crate::storage::sql::json(&gone);
            sqlx::query(FORGET_REASONS.sqlite).bind(&ids).execute(&mut *conn).await?;
            sqlx::query(FORGET_WAITS.sqlite).bind(&ids).execute(conn).await.map(drop)
        } postgres {
            sqlx::query(FORGET_REASONS.postgres).bind(&gone).execute(&mut *conn).await?;
            sqlx::query(FORGET_WAITS.postgres).bind(&gone).execute(conn).await.map(drop)
        })?;
        Ok(previews + gone.len() as u64)
    }
}
