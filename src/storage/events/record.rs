//! Recording events and settling what became of them.

use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::events::{Origin, Outcome};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// An event to be recorded. Without `Debug`: the body holds people's data.
#[derive(Clone, Copy)]
pub struct NewEvent<'a> {
    /// The environment it was sent to.
    pub environment: &'a EnvironmentName,
    /// Persona's id of it.
    pub id: &'a EventId,
    /// Its name, as Persona wrote it.
    pub name: &'a str,
    /// When it happened, by Persona's clock.
    pub occurred_at: Timestamp,
    /// When it came, by our clock.
    pub received_at: Timestamp,
    /// The inquiry it speaks of.
    pub inquiry: Option<&'a InquiryId>,
    /// How it came.
    pub origin: Origin,
    /// The body as received.
    pub body: &'a [u8],
}

/// A verified body that is no event, as far as we understand it. Without `Debug`: it holds people's data.
#[derive(Clone, Copy)]
pub struct UnreadableBody<'a> {
    /// The environment it was sent to.
    pub environment: &'a EnvironmentName,
    /// What it is known by: a hash of its content, so that it too is stored once.
    pub id: &'a EventId,
    /// When it came, by our clock.
    pub received_at: Timestamp,
    /// How it came.
    pub origin: Origin,
    /// Why it was not understood; free of its content.
    pub reason: &'a str,
    /// The body as received.
    pub body: &'a [u8],
}

/// What recording found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It was not there.
    New,
    /// It was there; this delivery was counted, and nothing else changed.
    Duplicate {
        /// What became of it; `None` while nobody has said.
        outcome: Option<Outcome>,
    },
}

statements! {
    RECORD {
        "INSERT INTO events (environment, id, name, occurred_at, received_at, last_received_at, deliveries, inquiry_id,
                             origin, outcome, reason, body_encoding, body)
         VALUES ($1, $2, $3, $4, $5, $5, 1, $6, $7, $8, $9, 'plain', $10)
         ON CONFLICT (environment, id) DO UPDATE
         SET deliveries = events.deliveries + 1,
             last_received_at = CASE WHEN excluded.last_received_at > events.last_received_at
                                     THEN excluded.last_received_at ELSE events.last_received_at END
         RETURNING deliveries, outcome"
    }
    SETTLE {
        "UPDATE events SET outcome = $3, reason = $4, inquiry_id = coalesce($5, inquiry_id)
         WHERE environment = $1 AND id = $2"
    }
}

impl Tx {
    /// Records an event once, however often it is delivered. Its outcome is for [`Tx::settle_event`] to say.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn record_event(&mut self, event: &NewEvent<'_>) -> Result<Recorded> {
        self.record(Row {
            environment: event.environment,
            id: event.id,
            name: Some(event.name),
            occurred_at: Some(event.occurred_at),
            received_at: event.received_at,
            inquiry: event.inquiry,
            origin: event.origin,
            outcome: None,
            reason: None,
            body: event.body,
        })
        .await
    }

    /// Records a body that was not understood, among the events.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn record_unreadable(&mut self, body: &UnreadableBody<'_>) -> Result<Recorded> {
        self.record(Row {
            environment: body.environment,
            id: body.id,
            name: None,
            occurred_at: None,
            received_at: body.received_at,
            inquiry: None,
            origin: body.origin,
            outcome: Some(Outcome::Unreadable),
            reason: Some(body.reason),
            body: body.body,
        })
        .await
    }

    /// Says what became of an event, and why; names its inquiry where recording could not.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn settle_event(
        &mut self,
        environment: &EnvironmentName,
        id: &EventId,
        outcome: Outcome,
        reason: Option<&str>,
        inquiry: Option<&InquiryId>,
    ) -> Result<()> {
        let (reason, inquiry) = (reason.map(fit), inquiry.map(InquiryId::as_str));
        on_db!(self, conn, sql = SETTLE =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(id.as_str())
                .bind(outcome.as_str())
                .bind(reason.as_deref())
                .bind(inquiry)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    async fn record(&mut self, row: Row<'_>) -> Result<Recorded> {
        let (name, reason) = (row.name.map(fit), row.reason.map(fit));
        let (deliveries, outcome): (i32, Option<String>) = on_db!(self, conn, sql = RECORD =>
            sqlx::query_as(sql)
                .bind(row.environment.as_str())
                .bind(row.id.as_str())
                .bind(name.as_deref())
                .bind(row.occurred_at)
                .bind(row.received_at)
                .bind(row.inquiry.map(InquiryId::as_str))
                .bind(row.origin.as_str())
                .bind(row.outcome.map(Outcome::as_str))
                .bind(reason.as_deref())
                .bind(row.body)
                .fetch_one(conn)
                .await)?;
        if deliveries == 1 {
            return Ok(Recorded::New);
        }
        let key = format!("{}/{}", row.environment, row.id);
        let place = Place { table: "events", row: &key };
        let outcome = outcome.map(|word| place.some("outcome", Outcome::parse(&word))).transpose()?;
        Ok(Recorded::Duplicate { outcome })
    }
}

/// One row to be recorded, of either kind.
struct Row<'a> {
    environment: &'a EnvironmentName,
    id: &'a EventId,
    name: Option<&'a str>,
    occurred_at: Option<Timestamp>,
    received_at: Timestamp,
    inquiry: Option<&'a InquiryId>,
    origin: Origin,
    outcome: Option<Outcome>,
    reason: Option<&'a str>,
    body: &'a [u8],
}
