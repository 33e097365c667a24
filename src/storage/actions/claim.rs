//! The workers' side: taking what is due.

use std::cmp::Reverse;
use std::time::Duration;

use sqlx::{PgConnection, SqliteConnection};

use crate::domain::action::{Action, Kind};
use crate::domain::ids::{ActionId, EnvironmentName};
use crate::domain::time::Timestamp;
use crate::storage::actions::attempt::{Attempt, AttemptOutcome};
use crate::storage::actions::lanes;
use crate::storage::actions::lease::{Lease, end, lease_end, micros};
use crate::storage::actions::row::{Row, action_columns};
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::sabotage::unfenced;
use crate::storage::transaction::Tx;

/// What is claimed from: one kind of work in one environment.
pub type Lane = (EnvironmentName, Kind);

/// An action in the hands of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What is to be done; this attempt is counted.
    pub action: Action,
    /// The right to do it.
    pub lease: Lease,
}

macro_rules! take {
    ($until:expr, $which:expr) => {
        concat!(
            "UPDATE actions
             SET state = 'running', attempts = attempts + 1, lease_token = lease_token + 1, lease_owner = $1,
                 lease_until = ",
            $until,
            ", started_at = $3, updated_at = $3
             WHERE ",
            $which,
            " RETURNING lease_token, ",
            action_columns!()
        )
    };
}

statements! {
    // The first `limit` of a lane. The hint keeps to the partial index whatever the statistics say.
    DUE_IN_LANE {
        sqlite "SELECT id FROM actions INDEXED BY actions_due
                WHERE environment = $1 AND kind = $2 AND state = 'planned' AND due_at <= $3
                ORDER BY due_at, id LIMIT $4",
        postgres ""
    }
    // The place of each row is known when it is locked, so it is not looked up again; a row that moved in between is
    // left for the next claim. The lateral select keeps to the partial index, whatever the statistics say. Of lanes with
    // one priority each has its turn, so that a long one does not starve the others.
    TAKE {
        sqlite take!("$2", "id IN (SELECT value FROM json_each($4))"),
        postgres take!(
            lease_end!("$2"),
            "ctid = ANY(ARRAY(
                 SELECT due.ctid
                 FROM (SELECT wanted.environment, wanted.kind, wanted.place, coalesce(lanes.priority, 0) AS priority
                       FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS wanted (environment, kind, place)
                       LEFT JOIN lanes USING (environment, kind)
                       WHERE lanes.paused IS NOT TRUE
                       OFFSET 0) AS lane
                 CROSS JOIN LATERAL (
                     SELECT ctid, id, due_at FROM actions
                     WHERE environment = lane.environment AND kind = lane.kind AND state = 'planned' AND due_at <= $3
                     ORDER BY due_at, id LIMIT $6 FOR UPDATE SKIP LOCKED
                 ) AS due
                 ORDER BY lane.priority DESC,
                          row_number() OVER (PARTITION BY lane.place ORDER BY due.due_at, due.id), lane.place
                 LIMIT $6))"
        )
    }
    TAKE_ONE {
        sqlite take!("$2", "id = $4 AND state = 'planned'"),
        postgres take!(lease_end!("$2"), "id = $4 AND state = 'planned'")
    }
    BURY {
        "UPDATE actions SET state = 'failed', reason = $3, lease_until = NULL, finished_at = $4, updated_at = $4
         WHERE id = $1 AND lease_token = $2 AND state = 'running'"
    }
}

impl Tx {
    /// Takes up to `n` due actions of the lanes that are not paused, in due order within a lane, for as long as `lease`.
    /// Lanes of a higher priority come first, those of the same in turn.
    ///
    /// What is due is judged by `now`; leases run by the database's clock on PostgreSQL, by `now` on SQLite. An action
    /// that can't be understood becomes a dead letter at once, and no worker's problem.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn claim(
        &mut self,
        lanes: &[Lane],
        n: u32,
        owner: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claimed>> {
        if lanes.is_empty() || n == 0 {
            return Ok(Vec::new());
        }
        let rows = on_db!(self, conn => sqlite {
            take_sqlite(conn, lanes, n, owner, lease, now).await
        } postgres {
            take_postgres(conn, lanes, n, owner, lease, now).await
        })?;
        let mut claimed = Vec::with_capacity(rows.len());
        for ClaimedRow { lease_token: token, action: row } in rows {
            let lease =
                Lease { action: Place { table: "actions", row: &row.id }.id("id", &row.id, ActionId::parse)?, token };
            match Action::try_from(row) {
                Ok(action) => claimed.push(Claimed { action, lease }),
                Err(error) => self.bury(&lease, owner, &error.to_string(), now).await?,
            }
        }
        claimed.sort_by(|a, b| (a.action.planned.due_at, &a.lease).cmp(&(b.action.planned.due_at, &b.lease)));
        Ok(claimed)
    }

    /// Takes one action that is planned, whenever it is due and whether or not its lane is paused: somebody waits for
    /// it. `None` when it is in any other state.
    ///
    /// # Errors
    /// Whatever the database says, and when the action can't be understood.
    pub async fn take_action(
        &mut self,
        id: &ActionId,
        owner: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<Claimed>> {
        let row: Option<ClaimedRow> = on_db!(self, conn => sqlite {
            sqlx::query_as(TAKE_ONE.sqlite)
                .bind(owner)
                .bind(end(now, lease))
                .bind(now)
                .bind(id.as_str())
                .fetch_optional(conn)
                .await
        } postgres {
            sqlx::query_as(TAKE_ONE.postgres)
                .bind(owner)
                .bind(micros(lease))
                .bind(now)
                .bind(id.as_str())
                .fetch_optional(conn)
                .await
        })?;
        let Some(ClaimedRow { lease_token: token, action }) = row else { return Ok(None) };
        let lease = Lease { action: id.clone(), token };
        Ok(Some(Claimed { action: Action::try_from(action)?, lease }))
    }

    /// Makes a dead letter of an action that can't be understood.
    async fn bury(&mut self, lease: &Lease, owner: &str, reason: &str, now: Timestamp) -> Result<()> {
        tracing::error!(action = %lease.action, reason, "an action was given up unread");
        on_db!(self, conn, sql = BURY =>
            sqlx::query(sql).bind(lease.action.as_str()).bind(lease.token).bind(reason).bind(now).execute(conn).await
                .map(drop))?;
        let attempt = Attempt {
            number: 1,
            started_at: now,
            ended_at: now,
            worker: owner.to_owned(),
            outcome: AttemptOutcome::GaveUp,
            error: Some(reason.to_owned()),
        };
        self.keep_attempt(lease, &attempt).await
    }
}

async fn take_sqlite(
    conn: &mut SqliteConnection,
    wanted: &[Lane],
    n: u32,
    owner: &str,
    lease: Duration,
    now: Timestamp,
) -> sqlx::Result<Vec<ClaimedRow>> {
    let mut due: Vec<(Reverse<i32>, usize, usize, String)> = Vec::new();
    let settings = lanes::on_sqlite(conn).await?;
    for (place, (environment, kind)) in wanted.iter().enumerate() {
        let setting = settings
            .iter()
            .find(|setting| (&*setting.environment, &*setting.kind) == (environment.as_str(), kind.as_str()));
        if setting.is_some_and(|setting| setting.paused) {
            continue;
        }
        let priority = Reverse(setting.map_or(0, |setting| setting.priority));
        let ids: Vec<String> = sqlx::query_scalar(unfenced(DUE_IN_LANE.sqlite))
            .bind(environment.as_str())
            .bind(kind.as_str())
            .bind(now)
            .bind(i64::from(n))
            .fetch_all(&mut *conn)
            .await?;
        due.extend(ids.into_iter().enumerate().map(|(turn, id)| (priority, turn, place, id)));
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    due.sort();
    due.truncate(usize::try_from(n).unwrap_or(usize::MAX));
    let ids: Vec<&str> = due.iter().map(|(.., id)| id.as_str()).collect();
    sqlx::query_as(TAKE.sqlite)
        .bind(owner)
        .bind(end(now, lease))
        .bind(now)
        .bind(serde_json::json!(ids).to_string())
        .fetch_all(conn)
        .await
}

async fn take_postgres(
    conn: &mut PgConnection,
    lanes: &[Lane],
    n: u32,
    owner: &str,
    lease: Duration,
    now: Timestamp,
) -> sqlx::Result<Vec<ClaimedRow>> {
    let environments: Vec<&str> = lanes.iter().map(|(environment, _)| environment.as_str()).collect();
    let kinds: Vec<&str> = lanes.iter().map(|(_, kind)| kind.as_str()).collect();
    sqlx::query_as(unfenced(TAKE.postgres))
        .bind(owner)
        .bind(micros(lease))
        .bind(now)
        .bind(environments)
        .bind(kinds)
        .bind(i64::from(n))
        .fetch_all(conn)
        .await
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    lease_token: i64,
    #[sqlx(flatten)]
    action: Row,
}
