//! How each alert stands, and whether somebody silenced it.

use crate::domain::alert::{Alert, AlertName, AlertState, Silenced};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

macro_rules! columns {
    () => {
        "environment, name, state, since, seen_at, told_at, value, summary, silenced_until, silenced_by, silenced_why"
    };
}

statements! {
    ALL { concat!("SELECT ", columns!(), " FROM alerts ORDER BY environment, name") }
    LOCK { lock concat!("SELECT ", columns!(), " FROM alerts WHERE environment = $1 ORDER BY name") }
    // What operators wish is theirs.
    SAVE {
        "INSERT INTO alerts (environment, name, state, since, seen_at, told_at, value, summary)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (environment, name) DO UPDATE
         SET state = excluded.state, since = excluded.since, seen_at = excluded.seen_at, told_at = excluded.told_at,
             value = excluded.value, summary = excluded.summary"
    }
    SILENCE {
        "INSERT INTO alerts (environment, name, state, since, seen_at, value, summary,
                             silenced_until, silenced_by, silenced_why)
         VALUES ($1, $2, 'quiet', $3, $3, 0, '', $4, $5, $6)
         ON CONFLICT (environment, name) DO UPDATE
         SET silenced_until = excluded.silenced_until, silenced_by = excluded.silenced_by,
             silenced_why = excluded.silenced_why"
    }
}

impl Tx {
    /// Every alert that anything is known of.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn alerts(&mut self) -> Result<Vec<Alert>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = ALL => sqlx::query_as(sql).fetch_all(conn).await)?;
        rows.into_iter().filter_map(|row| row.read().transpose()).collect()
    }

    /// The alerts of an environment, locked until the transaction ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_alerts(&mut self, environment: &EnvironmentName) -> Result<Vec<Alert>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = LOCK =>
            sqlx::query_as(sql).bind(environment.as_str()).fetch_all(conn).await)?;
        rows.into_iter().filter_map(|row| row.read().transpose()).collect()
    }

    /// Keeps how an alert stands; whether it is silenced stays as it is.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn save_alert(&mut self, alert: &Alert) -> Result<()> {
        on_db!(self, conn, sql = SAVE =>
            sqlx::query(sql)
                .bind(alert.environment.as_str())
                .bind(alert.name.as_str())
                .bind(alert.state.as_str())
                .bind(alert.since)
                .bind(alert.seen_at)
                .bind(alert.told_at)
                .bind(i64::try_from(alert.value).unwrap_or(i64::MAX))
                .bind(fit(&alert.summary).as_ref())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// Silences an alert, or ends its silence; how it stands stays as it is.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn silence_alert(
        &mut self,
        environment: &EnvironmentName,
        name: AlertName,
        silenced: Option<&Silenced>,
        now: Timestamp,
    ) -> Result<()> {
        on_db!(self, conn, sql = SILENCE =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(name.as_str())
                .bind(now)
                .bind(silenced.map(|silenced| silenced.until))
                .bind(silenced.map(|silenced| fit(&silenced.by).into_owned()))
                .bind(silenced.map(|silenced| fit(&silenced.why).into_owned()))
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    name: String,
    state: String,
    since: Timestamp,
    seen_at: Timestamp,
    told_at: Option<Timestamp>,
    value: i64,
    summary: String,
    silenced_until: Option<Timestamp>,
    silenced_by: Option<String>,
    silenced_why: Option<String>,
}

impl Row {
    /// `None` for an alert of another release.
    fn read(self) -> Result<Option<Alert>> {
        let place = Place { table: "alerts", row: &self.name };
        let Some(name) = AlertName::parse(&self.name) else { return Ok(None) };
        let silenced = match (self.silenced_until, self.silenced_by, self.silenced_why) {
            (Some(until), Some(by), Some(why)) => Some(Silenced { until, by, why }),
            _ => None,
        };
        Ok(Some(Alert {
            environment: place.environment(&self.environment)?,
            name,
            state: place.some("state", AlertState::parse(&self.state))?,
            since: self.since,
            seen_at: self.seen_at,
            told_at: self.told_at,
            value: u64::try_from(self.value).unwrap_or(0),
            summary: self.summary,
            silenced,
        }))
    }
}
