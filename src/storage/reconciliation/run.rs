//! One row per environment: how far what we know is all there is, and the latest run.
//!
//! The row is held by one run at a time. Who holds it writes on it with every step, and so keeps it; the time is the
//! caller's, because a hold of minutes does not depend on clocks that agree to the second.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::reconciliation::{Stage, Why};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// What is known of an environment's reconciliation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The environment.
    pub environment: EnvironmentName,
    /// What changed at Persona before this time is known; our clock.
    pub reconciled_until: Timestamp,
    /// The latest run.
    pub run: Option<Run>,
    /// Who runs it, or ran it when it ended too soon, and until when nobody else may; our clock.
    pub held: Option<(String, Timestamp)>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Why it began.
    pub why: Why,
    /// When it began, by our clock.
    pub began_at: Timestamp,
    /// It looks at what changed from then on.
    pub since: Timestamp,
    /// How far it is.
    pub stage: Stage,
    /// Where within the stage it goes on: the last id that is through.
    pub place: Option<String>,
    /// What it found so far.
    pub found: Found,
    /// When it last made a step, by our clock.
    pub touched_at: Timestamp,
    /// Why it stopped before it was done; it goes on from there.
    pub error: Option<String>,
}

/// What a run found, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Inquiries that the search gave.
    pub searched: u64,
    /// Inquiries of those that were not as we knew them.
    pub changed: u64,
    /// Events that the list gave.
    pub listed: u64,
    /// Events of those that had never come, fetched and taken.
    pub recovered: u64,
    /// Quarantined events that Persona confirmed.
    pub confirmed: u64,
    /// Quarantined events discarded because Persona does not know them.
    pub discarded: u64,
    /// Silent inquiries that were read again.
    pub reread: u64,
    /// Of those, the ones that were not as we knew them.
    pub overdue: u64,
    /// Lists that Persona refused whole: the run is through only where the search or the events were given.
    pub refused: u64,
    /// Answers that were refused or not understood; each is a line in the log.
    pub errors: u64,
}

/// Who holds a row, and until when.
#[derive(Debug, Clone, Copy)]
pub struct Holding<'a> {
    /// Who.
    pub holder: &'a str,
    /// Until when, by our clock.
    pub until: Timestamp,
}

macro_rules! columns {
    () => {
        "environment, reconciled_until, began_at, why, since, stage, place, found, touched_at, error, holder, held_until"
    };
}

statements! {
    ALL { concat!("SELECT ", columns!(), " FROM reconciliations ORDER BY environment") }
    BEGIN {
        "INSERT INTO reconciliations (environment, reconciled_until) VALUES ($1, $2)
         ON CONFLICT (environment) DO NOTHING"
    }
    HOLD {
        concat!("UPDATE reconciliations SET holder = $2, held_until = $3
                 WHERE environment = $1 AND (held_until IS NULL OR held_until <= $4 OR held_until > $5)
                 RETURNING ", columns!())
    }
    SAVE {
        "UPDATE reconciliations
         SET reconciled_until = $3, began_at = $4, why = $5, since = $6, stage = $7, place = $8, found = $9,
             touched_at = $10, error = $11, held_until = $12, holder = CASE WHEN $13 THEN holder END
         WHERE environment = $1 AND holder = $2"
    }
}

impl Tx {
    /// What is known of every environment's reconciliation.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn reconciliations(&mut self) -> Result<Vec<Reconciliation>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = ALL => sqlx::query_as(sql).fetch_all(conn).await)?;
        rows.into_iter().map(Reconciliation::try_from).collect()
    }

    /// Makes the environment's row, if there is none: what changed before `until` is nobody's concern.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn begin_reconciling(&mut self, environment: &EnvironmentName, until: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = BEGIN =>
            sqlx::query(sql).bind(environment.as_str()).bind(until).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Takes the environment's row for one run; `None` while another one holds it. One that is held for longer than
    /// `longest` was held when a clock was wrong, and is not held.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn hold_reconciliation(
        &mut self,
        environment: &EnvironmentName,
        holding: Holding<'_>,
        now: Timestamp,
        longest: SignedDuration,
    ) -> Result<Option<Reconciliation>> {
        let row: Option<Row> = on_db!(self, conn, sql = HOLD =>
            sqlx::query_as(sql)
                .bind(environment.as_str())
                .bind(holding.holder)
                .bind(holding.until)
                .bind(now)
                .bind(now.plus(longest))
                .fetch_optional(conn)
                .await)?;
        row.map(Reconciliation::try_from).transpose()
    }

    /// Writes how far a run is, and keeps the row for it until then, or lets go of it. False when another run has
    /// taken the row: nothing is written then.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn save_reconciliation(
        &mut self,
        environment: &EnvironmentName,
        holder: &str,
        reconciled_until: Timestamp,
        run: &Run,
        keep_until: Option<Timestamp>,
    ) -> Result<bool> {
        let found = serde_json::to_string(&FoundText::from(run.found)).unwrap_or_default();
        let saved = on_db!(self, conn, sql = SAVE =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(holder)
                .bind(reconciled_until)
                .bind(run.began_at)
                .bind(run.why.as_str())
                .bind(run.since)
                .bind(run.stage.as_str())
                .bind(run.place.as_deref())
                .bind(&found)
                .bind(run.touched_at)
                .bind(run.error.as_deref().map(fit).as_deref())
                .bind(keep_until)
                .bind(keep_until.is_some())
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(saved)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    reconciled_until: Timestamp,
    began_at: Option<Timestamp>,
    why: Option<String>,
    since: Option<Timestamp>,
    stage: Option<String>,
    place: Option<String>,
    found: Option<String>,
    touched_at: Option<Timestamp>,
    error: Option<String>,
    holder: Option<String>,
    held_until: Option<Timestamp>,
}

impl TryFrom<Row> for Reconciliation {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "reconciliations", row: &row.environment };
        let run = match (row.began_at, row.since, row.touched_at) {
            (Some(began_at), Some(since), Some(touched_at)) => Some(Run {
                why: place.some("why", row.why.as_deref().and_then(Why::parse))?,
                stage: place.some("stage", row.stage.as_deref().and_then(Stage::parse))?,
                found: place.some("found", row.found.as_deref().and_then(read_found))?,
                place: row.place,
                error: row.error,
                began_at,
                since,
                touched_at,
            }),
            _ => None,
        };
        Ok(Self {
            environment: place.environment(&row.environment)?,
            reconciled_until: row.reconciled_until,
            run,
            held: row.holder.zip(row.held_until),
        })
    }
}

fn read_found(text: &str) -> Option<Found> {
    serde_json::from_str::<FoundText>(text).ok().map(Found::from)
}

/// Declares how [`Found`] is written, number by number; a number that a later program adds is passed over.
macro_rules! declare_found_text {
    ($($name:ident)+) => {
        #[derive(Serialize, Deserialize)]
        #[serde(default)]
        #[derive(Default)]
        struct FoundText {
            $($name: u64,)+
        }

        impl From<Found> for FoundText {
            fn from(found: Found) -> Self {
                Self { $($name: found.$name,)+ }
            }
        }

        impl From<FoundText> for Found {
            fn from(text: FoundText) -> Self {
                Self { $($name: text.$name,)+ }
            }
        }
    };
}
declare_found_text!(searched changed listed recovered confirmed discarded reread overdue refused errors);
