//! How far a template's open inquiries were planned anew for a version that became the latest: one row per version.
//!
//! A run goes by deadline, the nearest first, and then through those without one. What moves meanwhile is planned by
//! what moved it.

use crate::domain::ids::{EnvironmentName, InquiryId, TemplateId, TemplateVersionId};
use crate::domain::template::TemplateSource;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

stored_words! {
    /// How a run stands.
    RunState {
        /// It is gone on with.
        Running = "running",
        /// An operator held it; it goes on where it is when resumed.
        Paused = "paused",
        /// An operator, or a newer version, ended it.
        Cancelled = "cancelled",
        /// Every open inquiry was looked at.
        Done = "done",
    }
}

stored_words! {
    /// How a list of templates was asked for.
    PollOutcome {
        /// It was given.
        Done = "done",
        /// This key may not see it.
        Refused = "refused",
        /// It could not be asked for.
        Failed = "failed",
    }
}

/// Which run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunKey {
    /// The environment.
    pub environment: EnvironmentName,
    /// The template.
    pub template: TemplateId,
    /// The version that became its latest.
    pub version: TemplateVersionId,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRun {
    /// Which.
    pub key: RunKey,
    /// Who told of the version.
    pub source: Option<TemplateSource>,
    /// When it was the latest, as first told, by Persona's clock.
    pub told_for: Option<Timestamp>,
    /// How it stands.
    pub state: RunState,
    /// When it began, by our clock.
    pub began_at: Timestamp,
    /// How far it is.
    pub progress: Progress,
    /// When it last made a step, by our clock.
    pub touched_at: Timestamp,
    /// When it ended, by our clock.
    pub ended_at: Option<Timestamp>,
    /// Who began it, or changed its state last.
    pub changed_by: String,
    /// Why, in their words.
    pub reason: String,
}

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The last inquiry that is through; `None` at the beginning.
    pub place: Option<RunPlace>,
    /// Inquiries looked at.
    pub looked_at: u64,
    /// Those of them that are not of the run's version, and so were planned anew.
    pub outdated: u64,
    /// Those of these that could not be planned; each is a line in the log.
    pub errors: u64,
}

/// An inquiry's place among the open ones of its template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPlace {
    /// Its deadline; those without one come last.
    pub deadline: Option<Timestamp>,
    /// Which.
    pub inquiry: InquiryId,
}

/// How a list of templates was last asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// When, by our clock.
    pub at: Timestamp,
    /// With what success.
    pub outcome: PollOutcome,
    /// What stood in the way.
    pub error: Option<String>,
}

/// A statement with a run's key bound first.
macro_rules! keyed {
    ($sql:expr, $key:expr) => {
        sqlx::query($sql).bind($key.environment.as_str()).bind($key.template.as_str()).bind($key.version.as_str())
    };
}

macro_rules! columns {
    () => {
        "environment, template_id, version, source, told_for, state, began_at, place_at, place_id, looked_at, outdated,
         errors, touched_at, ended_at, changed_by, reason"
    };
}

statements! {
    OF_ENVIRONMENT {
        concat!("SELECT ", columns!(), " FROM template_runs WHERE environment = $1 ORDER BY template_id, began_at, version")
    }
    RUNNING {
        concat!("SELECT ", columns!(), " FROM template_runs WHERE state = 'running' ORDER BY began_at, environment, template_id")
    }
    BEGIN {
        concat!("INSERT INTO template_runs (", columns!(), ")
                 VALUES ($1, $2, $3, $4, $5, 'running', $6, NULL, NULL, 0, 0, 0, $6, NULL, $7, $8)
                 ON CONFLICT (environment, template_id, version) DO UPDATE
                 SET state = 'running', began_at = excluded.began_at, place_at = NULL, place_id = NULL, looked_at = 0,
                     outdated = 0, errors = 0, touched_at = excluded.touched_at, ended_at = NULL,
                     changed_by = excluded.changed_by, reason = excluded.reason")
    }
    SUPERSEDE {
        "UPDATE template_runs SET state = 'cancelled', ended_at = $4, touched_at = $4, changed_by = $5, reason = $6
         WHERE environment = $1 AND template_id = $2 AND version <> $3 AND state IN ('running', 'paused')"
    }
    STEP {
        "UPDATE template_runs
         SET place_at = $4, place_id = $5, looked_at = $6, outdated = $7, errors = $8, touched_at = $9,
             state = CASE WHEN $10 THEN 'done' ELSE state END, ended_at = CASE WHEN $10 THEN CAST($9 AS TIMESTAMPTZ) END
         WHERE environment = $1 AND template_id = $2 AND version = $3 AND state = 'running'"
    }
    CHANGE {
        concat!("UPDATE template_runs
                 SET state = $4, touched_at = $5, changed_by = $6, reason = $7,
                     ended_at = CASE WHEN $4 = 'cancelled' THEN CAST($5 AS TIMESTAMPTZ) END
                 WHERE environment = $1 AND template_id = $2 AND version = $3 AND state IN ('running', 'paused')
                 RETURNING ", columns!())
    }
    KEEP_POLL {
        "INSERT INTO template_polls (environment, polled_at, outcome, error) VALUES ($1, $2, $3, $4)
         ON CONFLICT (environment) DO UPDATE
         SET polled_at = excluded.polled_at, outcome = excluded.outcome, error = excluded.error"
    }
    POLL { "SELECT polled_at, outcome, error FROM template_polls WHERE environment = $1" }
}

impl Tx {
    /// Every run of an environment's templates, the oldest of each first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn template_runs(&mut self, environment: &EnvironmentName) -> Result<Vec<TemplateRun>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = OF_ENVIRONMENT =>
            sqlx::query_as(sql).bind(environment.as_str()).fetch_all(conn).await)?;
        rows.into_iter().map(TemplateRun::try_from).collect()
    }

    /// The runs that are to be gone on with, the oldest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn running_template_runs(&mut self) -> Result<Vec<TemplateRun>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = RUNNING => sqlx::query_as(sql).fetch_all(conn).await)?;
        rows.into_iter().map(TemplateRun::try_from).collect()
    }

    /// Begins a run, from the beginning if there was one for that version; runs for other versions of the template end.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn begin_template_run(
        &mut self,
        key: &RunKey,
        told: (Option<TemplateSource>, Option<Timestamp>),
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<()> {
        let superseded = format!("{} took its place", key.version);
        on_db!(self, conn, sql = SUPERSEDE =>
            keyed!(sql, key).bind(now).bind(fit(by).as_ref()).bind(&superseded).execute(conn).await.map(drop))?;
        on_db!(self, conn, sql = BEGIN =>
            keyed!(sql, key)
                .bind(told.0.map(TemplateSource::as_str))
                .bind(told.1)
                .bind(now)
                .bind(fit(by).as_ref())
                .bind(fit(reason).as_ref())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// Writes how far a run is, and that it is through. False when it is not running any more: nothing is written then.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn step_template_run(
        &mut self,
        key: &RunKey,
        progress: &Progress,
        through: bool,
        now: Timestamp,
    ) -> Result<bool> {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let place = progress.place.as_ref();
        let written = on_db!(self, conn, sql = STEP =>
            keyed!(sql, key)
                .bind(place.and_then(|place| place.deadline))
                .bind(place.map(|place| place.inquiry.as_str()))
                .bind(count(progress.looked_at))
                .bind(count(progress.outdated))
                .bind(count(progress.errors))
                .bind(now)
                .bind(through)
                .execute(conn)
                .await
                .map(|done| done.rows_affected()))?;
        Ok(written == 1)
    }

    /// Pauses, resumes or cancels a run that has not ended; gives it as it is then.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn change_template_run(
        &mut self,
        key: &RunKey,
        state: RunState,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<TemplateRun>> {
        let row: Option<Row> = on_db!(self, conn, sql = CHANGE =>
            sqlx::query_as(sql)
                .bind(key.environment.as_str())
                .bind(key.template.as_str())
                .bind(key.version.as_str())
                .bind(state.as_str())
                .bind(now)
                .bind(fit(by).as_ref())
                .bind(fit(reason).as_ref())
                .fetch_optional(conn)
                .await)?;
        row.map(TemplateRun::try_from).transpose()
    }

    /// Keeps how a list of templates was asked for.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn keep_template_poll(&mut self, environment: &EnvironmentName, poll: &Poll) -> Result<()> {
        on_db!(self, conn, sql = KEEP_POLL =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(poll.at)
                .bind(poll.outcome.as_str())
                .bind(poll.error.as_deref().map(fit).as_deref())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// How an environment's list of templates was last asked for.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn template_poll(&mut self, environment: &EnvironmentName) -> Result<Option<Poll>> {
        let row: Option<(Timestamp, String, Option<String>)> = on_db!(self, conn, sql = POLL =>
            sqlx::query_as(sql).bind(environment.as_str()).fetch_optional(conn).await)?;
        let place = Place { table: "template_polls", row: environment.as_str() };
        row.map(|(at, outcome, error)| {
            Ok(Poll { at, outcome: place.some("outcome", PollOutcome::parse(&outcome))?, error })
        })
        .transpose()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    template_id: String,
    version: String,
    source: Option<String>,
    told_for: Option<Timestamp>,
    state: String,
    began_at: Timestamp,
    place_at: Option<Timestamp>,
    place_id: Option<String>,
    looked_at: i64,
    outdated: i64,
    errors: i64,
    touched_at: Timestamp,
    ended_at: Option<Timestamp>,
    changed_by: String,
    reason: String,
}

impl TryFrom<Row> for TemplateRun {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let name = format!("{}/{}/{}", row.environment, row.template_id, row.version);
        let place = Place { table: "template_runs", row: &name };
        let count = |column, count: i64| place.some(column, u64::try_from(count).ok());
        let source = row.source.as_deref().map(|word| place.some("source", TemplateSource::parse(word))).transpose()?;
        let inquiry = place.optional_id("place_id", row.place_id.as_deref(), InquiryId::parse)?;
        Ok(Self {
            key: RunKey {
                environment: place.environment(&row.environment)?,
                template: place.id("template_id", &row.template_id, TemplateId::parse)?,
                version: place.id("version", &row.version, TemplateVersionId::parse)?,
            },
            source,
            told_for: row.told_for,
            state: place.some("state", RunState::parse(&row.state))?,
            began_at: row.began_at,
            progress: Progress {
                place: inquiry.map(|inquiry| RunPlace { deadline: row.place_at, inquiry }),
                looked_at: count("looked_at", row.looked_at)?,
                outdated: count("outdated", row.outdated)?,
                errors: count("errors", row.errors)?,
            },
            touched_at: row.touched_at,
            ended_at: row.ended_at,
            changed_by: row.changed_by,
            reason: row.reason,
        })
    }
}
