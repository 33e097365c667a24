//! An action's row.

use crate::domain::action::{Action, CancelledBy, DedupeKey, Planned, State};
use crate::domain::ids::{ActionId, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::actions::work;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;

/// The columns of [`Row`].
macro_rules! action_columns {
    () => {
        "id, environment, inquiry_id, kind, arguments, dedupe_key, due_at, state, attempts, max_attempts, generation, \
         reason, cancelled_by, created_at, finished_at"
    };
}
pub(in crate::storage) use action_columns;

#[derive(sqlx::FromRow)]
pub(in crate::storage) struct Row {
    pub(in crate::storage) id: String,
    environment: String,
    inquiry_id: String,
    kind: String,
    arguments: String,
    dedupe_key: String,
    pub(in crate::storage) due_at: Timestamp,
    state: String,
    attempts: i32,
    max_attempts: i32,
    generation: i32,
    reason: Option<String>,
    cancelled_by: Option<String>,
    pub(in crate::storage) created_at: Timestamp,
    pub(in crate::storage) finished_at: Option<Timestamp>,
}

impl TryFrom<Row> for Action {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "actions", row: &row.id };
        let kind = place.some("kind", work::kind(&row.kind))?;
        let cancelled_by = row.cancelled_by.map(|by| place.some("cancelled_by", CancelledBy::parse(&by)));
        Ok(Self {
            planned: Planned {
                id: place.id("id", &row.id, ActionId::parse)?,
                environment: place.environment(&row.environment)?,
                inquiry: place.id("inquiry_id", &row.inquiry_id, InquiryId::parse)?,
                work: place.some("arguments", work::read(kind, &row.arguments))?,
                key: DedupeKey::from_stored(row.dedupe_key),
                due_at: row.due_at,
            },
            state: place.some("state", State::parse(&row.state))?,
            attempts: place.count("attempts", row.attempts)?,
            max_attempts: place.count("max_attempts", row.max_attempts)?,
            generation: place.count("generation", row.generation)?,
            cancelled_by: cancelled_by.transpose()?,
            reason: row.reason,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}
