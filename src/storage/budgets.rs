//! What is left of each environment's rate limit: one row, locked for every exchange.

use serde::{Deserialize, Serialize};

use crate::domain::budget::{Holding, Ledger, URGENCIES};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

macro_rules! columns {
    () => {
        "environment, call_limit, calls_left, calls_blind, resets_at, assumed_since, pace, slowed_at, closed_until, granted, holdings, updated_at"
    };
}

statements! {
    LOCK { lock concat!("SELECT ", columns!(), " FROM budgets WHERE environment = $1") }
    LOOK { concat!("SELECT ", columns!(), " FROM budgets WHERE budgets.environment = $1") }
    SAVE {
        concat!("INSERT INTO budgets (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                 ON CONFLICT (environment) DO UPDATE
                 SET call_limit = excluded.call_limit, calls_left = excluded.calls_left,
                     calls_blind = excluded.calls_blind,
                     resets_at = excluded.resets_at, assumed_since = excluded.assumed_since, pace = excluded.pace,
                     slowed_at = excluded.slowed_at, closed_until = excluded.closed_until,
                     granted = excluded.granted, holdings = excluded.holdings, updated_at = excluded.updated_at")
    }
    BEGIN {
        concat!("INSERT INTO budgets (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                 ON CONFLICT (environment) DO NOTHING")
    }
}

impl Tx {
    /// An environment's budget, locked until the transaction ends; one of which nothing is known where there is none.
    ///
    /// `careful` is how many calls a window is assumed to allow before Persona says it.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_budget(&mut self, environment: &EnvironmentName, careful: u32, now: Timestamp) -> Result<Ledger> {
        if let Some(row) = self.locked_row(environment).await? {
            return row.read(careful);
        }
        // An absent row can't be locked, so it is made first; another process may be faster.
        self.write_budget(BEGIN, environment, &Ledger::unknown(careful, now), now).await?;
        let row = self.locked_row(environment).await?;
        row.map_or_else(|| Ok(Ledger::unknown(careful, now)), |row| row.read(careful))
    }

    /// An environment's budget as it is, without a lock.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn budget(&mut self, environment: &EnvironmentName, careful: u32) -> Result<Option<Ledger>> {
        let row: Option<Row> = on_db!(self, conn, sql = LOOK =>
            sqlx::query_as(sql).bind(environment.as_str()).fetch_optional(conn).await)?;
        row.map(|row| row.read(careful)).transpose()
    }

    /// Saves a budget that was locked.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn save_budget(&mut self, environment: &EnvironmentName, ledger: &Ledger, now: Timestamp) -> Result<()> {
        self.write_budget(SAVE, environment, ledger, now).await
    }

    async fn locked_row(&mut self, environment: &EnvironmentName) -> Result<Option<Row>> {
        Ok(on_db!(self, conn, sql = LOCK =>
            sqlx::query_as(sql).bind(environment.as_str()).fetch_optional(conn).await)?)
    }

    async fn write_budget(
        &mut self,
        statement: crate::storage::Sql,
        environment: &EnvironmentName,
        ledger: &Ledger,
        now: Timestamp,
    ) -> Result<()> {
        let signed = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let holdings: Vec<HoldingText> = ledger.holdings.iter().map(HoldingText::of).collect();
        on_db!(self, conn, sql = statement =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(ledger.limit.map(signed))
                .bind(signed(ledger.left))
                .bind(signed(ledger.blind))
                .bind(ledger.resets_at)
                .bind(ledger.assumed_since)
                .bind(signed(ledger.pace.clamp(1, 100)))
                .bind(ledger.slowed_at)
                .bind(ledger.closed_until)
                .bind(json(&ledger.granted))
                .bind(json(&holdings))
                .bind(now)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    call_limit: Option<i32>,
    calls_left: i32,
    calls_blind: i32,
    resets_at: Option<Timestamp>,
    assumed_since: Option<Timestamp>,
    pace: i32,
    slowed_at: Option<Timestamp>,
    closed_until: Option<Timestamp>,
    granted: String,
    holdings: String,
    updated_at: Timestamp,
}

impl Row {
    fn read(self, careful: u32) -> Result<Ledger, StorageError> {
        let place = Place { table: "budgets", row: &self.environment };
        let granted: Option<[u32; URGENCIES]> = serde_json::from_str(&self.granted).ok();
        let holdings: Option<Vec<HoldingText>> = serde_json::from_str(&self.holdings).ok();
        Ok(Ledger {
            limit: self.call_limit.map(|limit| place.count("call_limit", limit)).transpose()?,
            left: place.count("calls_left", self.calls_left)?,
            blind: place.count("calls_blind", self.calls_blind)?,
            resets_at: self.resets_at,
            assumed_since: self.assumed_since,
            pace: place.count("pace", self.pace)?,
            slowed_at: self.slowed_at,
            closed_until: self.closed_until,
            written_at: self.updated_at,
            granted: place.some("granted", granted)?,
            holdings: place.some("holdings", holdings)?.into_iter().map(HoldingText::read).collect(),
            careful,
        })
    }
}

/// How a holding is written.
#[derive(Serialize, Deserialize)]
struct HoldingText {
    owner: String,
    calls: u32,
    until: i64,
}

impl HoldingText {
    fn of(holding: &Holding) -> Self {
        Self { owner: holding.owner.clone(), calls: holding.calls, until: holding.until.as_micros() }
    }

    fn read(self) -> Holding {
        Holding { owner: self.owner, calls: self.calls, until: Timestamp::from_micros(self.until) }
    }
}
