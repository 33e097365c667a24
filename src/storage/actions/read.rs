//! Reading actions back, and how much there is to do.

use crate::domain::action::{Action, Kind, State};
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::actions::claim::Lane;
use crate::storage::actions::row::{Row, action_columns};
use crate::storage::actions::work;
use crate::storage::error::{Result, StorageError};
use crate::storage::page::understood;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// How many actions there are of one kind and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Their environment.
    pub environment: EnvironmentName,
    /// Their kind.
    pub kind: Kind,
    /// Their state.
    pub state: State,
    /// How many.
    pub count: u64,
}

/// The next thing to do in one lane; in the past when work is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Its environment.
    pub environment: EnvironmentName,
    /// Its kind.
    pub kind: Kind,
    /// When the earliest planned action is due.
    pub oldest_due: Timestamp,
}

statements! {
    ONE { concat!("SELECT ", action_columns!(), " FROM actions WHERE id = $1") }
    FOR_INQUIRIES {
        sqlite concat!("SELECT ", action_columns!(), " FROM actions
                        WHERE environment = $1 AND inquiry_id IN (SELECT value FROM json_each($2)) ORDER BY id"),
        postgres concat!("SELECT ", action_columns!(), " FROM actions
                          WHERE environment = $1 AND inquiry_id = ANY($2) ORDER BY id")
    }
    NEXT_DUE {
        sqlite "SELECT min((SELECT due_at FROM actions INDEXED BY actions_due
                            WHERE environment = json_extract(value, '$[0]') AND kind = json_extract(value, '$[1]')
                              AND state = 'planned' ORDER BY due_at LIMIT 1))
                FROM jsonb_each($1)
                WHERE NOT EXISTS (SELECT 1 FROM lanes
                                  WHERE environment = json_extract(value, '$[0]') AND kind = json_extract(value, '$[1]')
                                    AND paused)",
        postgres "SELECT min(due.due_at)
                  FROM (SELECT environment, kind FROM unnest($1::text[], $2::text[]) AS wanted (environment, kind)
                        LEFT JOIN lanes USING (environment, kind)
                        WHERE lanes.paused IS NOT TRUE
                        OFFSET 0) AS lane
                  CROSS JOIN LATERAL (SELECT due_at FROM actions
                                      WHERE environment = lane.environment AND kind = lane.kind AND state = 'planned'
                                      ORDER BY due_at LIMIT 1) AS due"
    }
    // Each by its partial index; the ended ones, which only grow, are not counted.
    COUNTS {
        "SELECT environment, kind, 'planned' AS state, count(*) FROM actions WHERE state = 'planned'
         GROUP BY environment, kind
         UNION ALL
         SELECT environment, kind, 'running', count(*) FROM actions WHERE state = 'running' GROUP BY environment, kind
         UNION ALL
         SELECT environment, kind, 'failed', count(*) FROM actions WHERE state = 'failed' GROUP BY environment, kind
         ORDER BY 1, 2, 3"
    }
    OLDEST_DUE {
        "SELECT environment, kind, min(due_at) FROM actions WHERE state = 'planned' GROUP BY environment, kind
         ORDER BY environment, kind"
    }
}

impl Tx {
    /// One action.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn action(&mut self, id: &ActionId) -> Result<Option<Action>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = ONE => sqlx::query_as(sql).bind(id.as_str()).fetch_optional(conn).await)?;
        row.map(Action::try_from).transpose()
    }

    /// Every action of some inquiries, by id, as it is, without a lock; see [`Tx::actions_of`].
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn actions_for(&mut self, environment: &EnvironmentName, inquiries: &[InquiryId]) -> Result<Vec<Action>> {
        let ids: Vec<&str> = inquiries.iter().map(InquiryId::as_str).collect();
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            let ids = serde_json::json!(ids).to_string();
            sqlx::query_as(FOR_INQUIRIES.sqlite).bind(environment.as_str()).bind(ids).fetch_all(conn).await
        } postgres {
            sqlx::query_as(FOR_INQUIRIES.postgres).bind(environment.as_str()).bind(ids).fetch_all(conn).await
        })?;
        Ok(understood(rows)?.0)
    }

    /// When the earliest planned action of those of these lanes is due that are not paused. Cheap, and takes no lock: on SQLite it is worth asking
    /// before [`Tx::claim`], which needs the one writer.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn next_due(&mut self, lanes: &[Lane]) -> Result<Option<Timestamp>> {
        let (environments, kinds): (Vec<&str>, Vec<&str>) =
            lanes.iter().map(|(environment, kind)| (environment.as_str(), kind.as_str())).unzip();
        let due = on_db!(self, conn => sqlite {
            let pairs: Vec<_> = environments.into_iter().zip(kinds).collect();
            sqlx::query_scalar(NEXT_DUE.sqlite).bind(serde_json::json!(pairs).to_string()).fetch_one(conn).await
        } postgres {
            sqlx::query_scalar(NEXT_DUE.postgres).bind(environments).bind(kinds).fetch_one(conn).await
        });
        Ok(due?)
    }

    /// How many actions are planned, running and dead letters, by environment and kind.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn counts(&mut self) -> Result<Vec<Count>> {
        let rows: Vec<(String, String, String, i64)> =
            on_db!(self, conn, sql = COUNTS => sqlx::query_as(sql).fetch_all(conn).await)?;
        rows.into_iter()
            .map(|(environment, kind, state, count)| {
                let (environment, kind) = lane(&environment, &kind)?;
                let place = Place { table: "actions", row: "count" };
                let state = place.some("state", State::parse(&state))?;
                Ok(Count { environment, kind, state, count: u64::try_from(count).unwrap_or(0) })
            })
            .collect()
    }

    /// When the earliest planned action of each lane is due, for those that have any.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn oldest_due(&mut self) -> Result<Vec<Backlog>> {
        let rows: Vec<(String, String, Timestamp)> =
            on_db!(self, conn, sql = OLDEST_DUE => sqlx::query_as(sql).fetch_all(conn).await)?;
        rows.into_iter()
            .map(|(environment, kind, oldest_due)| {
                let (environment, kind) = lane(&environment, &kind)?;
                Ok(Backlog { environment, kind, oldest_due })
            })
            .collect()
    }
}

pub(super) fn lane(environment: &str, kind: &str) -> Result<Lane, StorageError> {
    let place = Place { table: "actions", row: environment };
    Ok((place.environment(environment)?, place.some("kind", work::kind(kind))?))
}
