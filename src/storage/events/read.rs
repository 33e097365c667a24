//! Reading events back.

use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::events::{Origin, Outcome};
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

macro_rules! event_columns {
    () => {
        "environment, id, name, occurred_at, received_at, last_received_at, deliveries, inquiry_id, origin, outcome, \
         reason, decided_by, decided_at"
    };
}
pub(in crate::storage) use event_columns;

statements! {
    FIND { concat!("SELECT ", event_columns!(), " FROM events WHERE id = $1 ORDER BY environment") }
    OF_INQUIRY {
        concat!("SELECT ", event_columns!(), " FROM events
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
pub(in crate::storage) struct Row {
    pub(in crate::storage) environment: String,
    pub(in crate::storage) id: String,
    name: Option<String>,
    occurred_at: Option<Timestamp>,
    pub(in crate::storage) received_at: Timestamp,
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
