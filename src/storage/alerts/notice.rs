//! What is to be told of alerts, until the receiver takes it.

use crate::domain::alert::{AlertName, News};
use crate::domain::ids::{ActionId, EnvironmentName, NotifierName};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// One notice of an alert to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNotice {
    /// What receivers know it by; the same on every try.
    pub id: ActionId,
    /// The alert's environment.
    pub environment: EnvironmentName,
    /// The alert.
    pub name: AlertName,
    /// Who is told.
    pub notifier: NotifierName,
    /// What.
    pub news: News,
    /// Since when the alert had stood so.
    pub since: Timestamp,
    /// How much of it there was.
    pub value: u64,
    /// What it was.
    pub summary: String,
    /// When it was to be told first, by our clock.
    pub created_at: Timestamp,
    /// When it is to be tried next.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it was taken, or given up.
    pub ended_at: Option<Timestamp>,
    /// Why the latest try failed, or why it was given up.
    pub error: Option<String>,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// When it is to be tried next, where it is.
    pub due_at: Timestamp,
    /// When it ended, where it did.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
}

macro_rules! columns {
    () => {
        "id, environment, name, notifier, news, since, value, summary, created_at, due_at, tries, ended_at, error"
    };
}

statements! {
    // What was not taken yet is no longer true: nobody is told of a fire after its end.
    OVERTAKE {
        "UPDATE alert_notices SET ended_at = $4, error = 'overtaken by a later one'
         WHERE environment = $1 AND name = $2 AND notifier = $3 AND id <> $5 AND ended_at IS NULL"
    }
    ADD {
        "INSERT INTO alert_notices (id, environment, name, notifier, news, since, value, summary, created_at, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT (id) DO NOTHING"
    }
    DUE {
        concat!("SELECT ", columns!(), " FROM alert_notices WHERE ended_at IS NULL AND due_at <= $1
                 ORDER BY due_at, id LIMIT $2")
    }
    LATEST { concat!("SELECT ", columns!(), " FROM alert_notices ORDER BY created_at DESC, id DESC LIMIT $1") }
    SETTLE {
        "UPDATE alert_notices SET tries = tries + 1, due_at = $2, ended_at = $3, error = $4
         WHERE id = $1 AND ended_at IS NULL"
    }
    FORGET { "DELETE FROM alert_notices WHERE created_at < $1 AND ended_at IS NOT NULL" }
}

impl Tx {
    /// Keeps a notice to be sent, in the place of those of the same alert that its receiver has not taken.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn add_alert_notice(&mut self, notice: &AlertNotice) -> Result<()> {
        on_db!(self, conn => {
            // One body, because both statements are the same on both.
            sqlx::query(OVERTAKE.sqlite)
                .bind(notice.environment.as_str())
                .bind(notice.name.as_str())
                .bind(notice.notifier.as_str())
                .bind(notice.created_at)
                .bind(notice.id.as_str())
                .execute(&mut *conn)
                .await?;
            sqlx::query(ADD.sqlite)
                .bind(notice.id.as_str())
                .bind(notice.environment.as_str())
                .bind(notice.name.as_str())
                .bind(notice.notifier.as_str())
                .bind(notice.news.as_str())
                .bind(notice.since)
                .bind(i64::try_from(notice.value).unwrap_or(i64::MAX))
                .bind(fit(&notice.summary).as_ref())
                .bind(notice.created_at)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// What is to be sent now, what is due longest first, at most `most`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn due_alert_notices(&mut self, now: Timestamp, most: u32) -> Result<Vec<AlertNotice>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = DUE =>
            sqlx::query_as(sql).bind(now).bind(i64::from(most)).fetch_all(conn).await)?;
        rows.into_iter().filter_map(|row| row.read().transpose()).collect()
    }

    /// The latest notices, the latest first, at most `most`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn latest_alert_notices(&mut self, most: u32) -> Result<Vec<AlertNotice>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = LATEST =>
            sqlx::query_as(sql).bind(i64::from(most)).fetch_all(conn).await)?;
        rows.into_iter().filter_map(|row| row.read().transpose()).collect()
    }

    /// Keeps what came of a try; nothing happens when it ended meanwhile.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn settle_alert_notice(&mut self, id: &ActionId, settled: &Settled) -> Result<()> {
        on_db!(self, conn, sql = SETTLE =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(settled.due_at)
                .bind(settled.ended_at)
                .bind(settled.error.as_deref().map(|error| fit(error).into_owned()))
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// Forgets notices that ended and were made before a time; how many.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_alert_notices(&mut self, before: Timestamp) -> Result<u64> {
        let done = on_db!(self, conn, sql = FORGET =>
            sqlx::query(sql).bind(before).execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(done)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    environment: String,
    name: String,
    notifier: String,
    news: String,
    since: Timestamp,
    value: i64,
    summary: String,
    created_at: Timestamp,
    due_at: Timestamp,
    tries: i32,
    ended_at: Option<Timestamp>,
    error: Option<String>,
}

impl Row {
    /// `None` for an alert of another release.
    fn read(self) -> Result<Option<AlertNotice>> {
        let place = Place { table: "alert_notices", row: &self.id };
        let Some(name) = AlertName::parse(&self.name) else { return Ok(None) };
        Ok(Some(AlertNotice {
            id: place.id("id", &self.id, ActionId::parse)?,
            environment: place.environment(&self.environment)?,
            name,
            notifier: place.id("notifier", &self.notifier, NotifierName::parse)?,
            news: place.some("news", News::parse(&self.news))?,
            since: self.since,
            value: u64::try_from(self.value).unwrap_or(0),
            summary: self.summary,
            created_at: self.created_at,
            due_at: self.due_at,
            tries: place.count("tries", self.tries)?,
            ended_at: self.ended_at,
            error: self.error,
        }))
    }
}
