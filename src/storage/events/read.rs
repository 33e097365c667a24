//! Reading events back.

use sqlx::QueryBuilder;

use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::events::{Origin, Outcome};
use crate::storage::page::{Cursor, Page};
use crate::storage::row::Place;
use crate::storage::subjects::keys::{place, sealed};
use crate::storage::transaction::Tx;

/// An event as stored, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The environment it was sent to.
    pub environment: EnvironmentName,
    /// Persona's id, or the content hash of what was not understood.
    pub id: EventId,
    /// Its name; `None` where the body was not understood.
    pub name: Option<String>,
    /// When it happened, by Persona's clock.
    pub occurred_at: Option<Timestamp>,
    /// When it first came, by our clock.
    pub received_at: Timestamp,
    /// When it last came, by our clock.
    pub last_received_at: Timestamp,
    /// How often it came.
    pub deliveries: u32,
    /// The inquiry it speaks of.
    pub inquiry: Option<InquiryId>,
    /// How it first came.
    pub origin: Origin,
    /// What became of it; `None` while nobody has said.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: Option<String>,
    /// Who released or discarded it, and when by our clock, where it was quarantined.
    pub decided: Option<(String, Timestamp)>,
}

/// Which events to list; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this environment.
    pub environment: Option<EnvironmentName>,
    /// Of this name, as Persona wrote it.
    pub name: Option<String>,
    /// About this inquiry.
    pub inquiry: Option<InquiryId>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
}

macro_rules! columns {
    () => {
        "environment, id, name, occurred_at, received_at, last_received_at, deliveries, inquiry_id, origin, outcome, \
         reason, decided_by, decided_at"
    };
}

statements! {
    FIND { concat!("SELECT ", columns!(), " FROM events WHERE id = $1 ORDER BY environment") }
    OF_INQUIRY {
        concat!("SELECT ", columns!(), " FROM events
                 WHERE environment = $1 AND inquiry_id = $2 ORDER BY received_at, id")
    }
    BODY {
        "SELECT events.body, events.body_encoding, subjects.subject, subjects.sealed_key, subjects.master_key_id
         FROM events
         LEFT JOIN subjects ON subjects.environment = events.environment
                            AND subjects.subject = coalesce(events.subject, 'inquiry/' || events.inquiry_id)
         WHERE events.environment = $1 AND events.id = $2"
    }
}

impl Tx {
    /// The events that pass the filter, newest first, `limit` at a time.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_events(
        &mut self,
        filter: &EventFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<StoredEvent>> {
        let rows: Vec<Row> = on_db!(self, conn => {
            let mut query = QueryBuilder::new(concat!("SELECT ", columns!(), " FROM events WHERE 1 = 1"));
            if let Some(environment) = &filter.environment {
                query.push(" AND environment = ").push_bind(environment.as_str());
            }
            if let Some(name) = &filter.name {
                query.push(" AND name = ").push_bind(name);
            }
            if let Some(inquiry) = &filter.inquiry {
                query.push(" AND inquiry_id = ").push_bind(inquiry.as_str());
            }
            if let Some(outcome) = filter.outcome {
                query.push(" AND outcome = ").push_bind(outcome.as_str());
            }
            if let Some(after) = after {
                query.push(" AND (received_at, environment, id) < (").push_bind(after.at);
                query.push(", ").push_bind(&after.environment).push(", ").push_bind(&after.id).push(")");
            }
            query.push(" ORDER BY received_at DESC, environment DESC, id DESC LIMIT ");
            query.push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(conn).await
        })?;
        Page::of(rows, limit, |row| Cursor {
            at: row.received_at,
            environment: row.environment.clone(),
            id: row.id.clone(),
        })
    }

    /// The event in every environment that has it.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn find_event(&mut self, id: &EventId) -> Result<Vec<StoredEvent>> {
        let rows: Vec<Row> =
            on_db!(self, conn, sql = FIND => sqlx::query_as(sql).bind(id.as_str()).fetch_all(conn).await)?;
        rows.into_iter().map(StoredEvent::try_from).collect()
    }

    /// Every event of an inquiry, in the order they came.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn events_of_inquiry(
        &mut self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
    ) -> Result<Vec<StoredEvent>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = OF_INQUIRY =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(inquiry.as_str()).fetch_all(conn).await)?;
        rows.into_iter().map(StoredEvent::try_from).collect()
    }

    /// The body of an event, as received; `None` where there is no such event, or its body or its key is gone.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when it does not open.
    pub async fn event_body(&mut self, environment: &EnvironmentName, id: &EventId) -> Result<Option<Vec<u8>>> {
        let found: Option<BodyRow> = on_db!(self, conn, sql = BODY =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(id.as_str()).fetch_optional(conn).await)?;
        let Some(row) = found else { return Ok(None) };
        let at = Place { table: "events", row: id.as_str() };
        match &*row.body_encoding {
            "plain" => Ok(Some(row.body)),
            "dropped" => Ok(None),
            "sealed" => {
                let sealed_key = sealed(&at, row.sealed_key, row.master_key_id.as_deref())?;
                let Some((subject, sealed_key)) = row.subject.zip(sealed_key) else { return Ok(None) };
                let whose = (environment.clone(), SubjectId::stored(subject));
                let key = self.vault.open_key(place(&whose), &sealed_key)?;
                Ok(Some(key.open_body(place(&whose), id, &row.body)?))
            }
            _ => Err(at.inconsistent("body_encoding")),
        }
    }
}

#[derive(sqlx::FromRow)]
struct BodyRow {
    body: Vec<u8>,
    body_encoding: String,
    subject: Option<String>,
    sealed_key: Option<Vec<u8>>,
    master_key_id: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    id: String,
    name: Option<String>,
    occurred_at: Option<Timestamp>,
    received_at: Timestamp,
    last_received_at: Timestamp,
    deliveries: i32,
    inquiry_id: Option<String>,
    origin: String,
    outcome: Option<String>,
    reason: Option<String>,
    decided_by: Option<String>,
    decided_at: Option<Timestamp>,
}

impl TryFrom<Row> for StoredEvent {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "events", row: &format!("{}/{}", row.environment, row.id) };
        Ok(Self {
            environment: place.environment(&row.environment)?,
            id: place.id("id", &row.id, EventId::parse)?,
            occurred_at: row.occurred_at,
            received_at: row.received_at,
            last_received_at: row.last_received_at,
            deliveries: place.count("deliveries", row.deliveries)?,
            inquiry: place.optional_id("inquiry_id", row.inquiry_id.as_deref(), InquiryId::parse)?,
            origin: place.some("origin", Origin::parse(&row.origin))?,
            outcome: row.outcome.map(|word| place.some("outcome", Outcome::parse(&word))).transpose()?,
            name: row.name,
            reason: row.reason,
            decided: row.decided_by.zip(row.decided_at),
        })
    }
}
