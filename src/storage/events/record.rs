//! Recording events, as many at once as there are, and settling what became of them.

use std::collections::{HashMap, HashSet};

use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::events::{Origin, Outcome};
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// What an event is found by.
pub type EventKey = (EnvironmentName, EventId);

/// An event to be recorded, with what became of it.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// The environment it was sent to, and Persona's id of it; the hash of its content where it was not understood.
    pub key: &'a EventKey,
    /// Its name, as Persona wrote it; `None` where the body was not understood.
    pub name: Option<&'a str>,
    /// When it happened, by Persona's clock; `None` with the name.
    pub occurred_at: Option<Timestamp>,
    /// When it first came, by our clock.
    pub received_at: Timestamp,
    /// When it last came, by our clock.
    pub last_received_at: Timestamp,
    /// How often it came.
    pub deliveries: u32,
    /// The inquiry it speaks of.
    pub inquiry: Option<&'a InquiryId>,
    /// How it came.
    pub origin: Origin,
    /// What became of it; `None` for one that is known already and changes nothing.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: Option<&'a str>,
    /// Whom it is about, where that is not its inquiry.
    pub subject: Option<&'a SubjectId>,
    /// The body, sealed; `None` for one that is not kept.
    pub body: Option<&'a [u8]>,
}

const fn encoding(body: Option<&[u8]>) -> &'static str {
    if body.is_some() { "sealed" } else { "dropped" }
}

macro_rules! recorded_columns {
    () => {
        "environment, id, name, occurred_at, received_at, last_received_at, deliveries, inquiry_id, origin, outcome, \
         reason, subject, body_encoding, body"
    };
}

// An outcome that was said stands; only what is quarantined can still be applied.
macro_rules! merge_recorded {
    () => {
        " ON CONFLICT (environment, id) DO UPDATE
          SET deliveries = events.deliveries + excluded.deliveries,
              last_received_at = CASE WHEN excluded.last_received_at > events.last_received_at
                                      THEN excluded.last_received_at ELSE events.last_received_at END,
              outcome = CASE WHEN excluded.outcome IS NOT NULL
                                  AND (events.outcome IS NULL OR events.outcome = 'quarantined')
                             THEN excluded.outcome ELSE events.outcome END,
              reason = CASE WHEN excluded.outcome IS NOT NULL
                                 AND (events.outcome IS NULL OR events.outcome = 'quarantined')
                            THEN excluded.reason ELSE events.reason END
          RETURNING environment, id, deliveries"
    };
}

statements! {
    KNOWN {
        sqlite "SELECT found.environment, found.id, found.outcome
                FROM jsonb_each($1) AS wanted
                CROSS JOIN events AS found
                ON found.environment = wanted.value ->> 0 AND found.id = wanted.value ->> 1",
        // A look-up by key for each, whatever the statistics say: only the key has them in this order.
        postgres "SELECT found.environment, found.id, found.outcome
                  FROM unnest($1::text[], $2::text[]) AS wanted (environment, id)
                  CROSS JOIN LATERAL (
                      SELECT environment, id, outcome FROM events
                      WHERE id >= wanted.id AND id <= wanted.id AND environment = wanted.environment
                      ORDER BY id LIMIT 1
                  ) AS found"
    }
    RECORD {
        // All bodies come as one, in which each row has its place: JSON holds no bytes. No bytes at all are bound as NULL.
        sqlite concat!(
            "INSERT INTO events (", recorded_columns!(), ")
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                    value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12,
                    coalesce(substr($2, value ->> 13, value ->> 14), x'')
             FROM jsonb_each($1) WHERE true",
            merge_recorded!()
        ),
        postgres concat!(
            "INSERT INTO events (", recorded_columns!(), ")
             SELECT environment, id, name, occurred_at, received_at, last_received_at, deliveries, inquiry_id, origin,
                    outcome, reason, subject, body_encoding, body
             FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
                         $7::integer[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                         $14::bytea[])
                  AS given (environment, id, name, occurred_at, received_at, last_received_at, deliveries, inquiry_id,
                            origin, outcome, reason, subject, body_encoding, body)",
            merge_recorded!()
        )
    }
    SETTLE {
        "UPDATE events SET outcome = $3, reason = $4, inquiry_id = coalesce($5, inquiry_id)
         WHERE environment = $1 AND id = $2"
    }
}

impl Tx {
    /// Which of these events are recorded already, each with what became of it.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn known_events(&mut self, keys: &[&EventKey]) -> Result<HashMap<EventKey, Option<Outcome>>> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let (environments, ids): (Vec<&str>, Vec<&str>) =
            keys.iter().map(|(environment, id)| (environment.as_str(), id.as_str())).unzip();
        let rows: Vec<(String, String, Option<String>)> = on_db!(self, conn => sqlite {
            let pairs: Vec<_> = environments.into_iter().zip(ids).collect();
            sqlx::query_as(KNOWN.sqlite).bind(json(&pairs)).fetch_all(conn).await
        } postgres {
            sqlx::query_as(KNOWN.postgres).bind(environments).bind(ids).fetch_all(conn).await
        })?;
        let known = rows.into_iter().map(|(environment, id, outcome)| {
            let key = format!("{environment}/{id}");
            let place = Place { table: "events", row: &key };
            let outcome = outcome.map(|word| place.some("outcome", Outcome::parse(&word))).transpose()?;
            Ok(((place.environment(&environment)?, place.id("id", &id, EventId::parse)?), outcome))
        });
        known.collect()
    }

    /// Records events, each once, however often it is delivered; gives those that were there already.
    ///
    /// Of these the deliveries are counted, and what was quarantined takes its new outcome. No two may have one key,
    /// and they should come in the order of their keys, so that two transactions can't wait for each other.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn record_events(&mut self, events: &[NewEvent<'_>]) -> Result<HashSet<EventKey>> {
        if events.is_empty() {
            return Ok(HashSet::new());
        }
        let rows: Vec<(String, String, i32)> = on_db!(self, conn => sqlite {
            let (rows, bodies) = json_rows(events);
            sqlx::query_as(RECORD.sqlite).bind(rows).bind(bodies).fetch_all(conn).await
        } postgres {
            fn column<'a, T>(events: &'a [NewEvent<'_>], of: impl Fn(&'a NewEvent<'_>) -> T) -> Vec<T> {
                events.iter().map(of).collect()
            }
            sqlx::query_as(RECORD.postgres)
                .bind(column(events, |event| event.key.0.as_str()))
                .bind(column(events, |event| event.key.1.as_str()))
                .bind(column(events, |event| event.name.map(fit)))
                .bind(column(events, |event| event.occurred_at))
                .bind(column(events, |event| event.received_at))
                .bind(column(events, |event| event.last_received_at))
                .bind(column(events, |event| i32::try_from(event.deliveries).unwrap_or(i32::MAX)))
                .bind(column(events, |event| event.inquiry.map(InquiryId::as_str)))
                .bind(column(events, |event| event.origin.as_str()))
                .bind(column(events, |event| event.outcome.map(Outcome::as_str)))
                .bind(column(events, |event| event.reason.map(fit)))
                .bind(column(events, |event| event.subject.map(SubjectId::as_str)))
                .bind(column(events, |event| encoding(event.body)))
                .bind(column(events, |event| event.body.unwrap_or_default()))
                .fetch_all(conn)
                .await
        })?;
        let now: HashMap<_, _> =
            rows.iter().map(|(environment, id, count)| ((&**environment, &**id), *count)).collect();
        let was_there = |event: &&NewEvent<'_>| {
            let (environment, id) = event.key;
            let count = now.get(&(environment.as_str(), id.as_str())).copied().unwrap_or(0);
            u32::try_from(count).unwrap_or(0) > event.deliveries
        };
        Ok(events.iter().filter(was_there).map(|event| event.key.clone()).collect())
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
}

/// The rows, each with where its body begins (from 1) and how long it is, and all bodies in a row.
fn json_rows(events: &[NewEvent<'_>]) -> (String, Vec<u8>) {
    let mut bodies = Vec::with_capacity(events.iter().filter_map(|event| event.body.map(<[u8]>::len)).sum());
    let rows = events.iter().map(|event| {
        let begin = bodies.len() + 1;
        bodies.extend_from_slice(event.body.unwrap_or_default());
        (
            event.key.0.as_str(),
            event.key.1.as_str(),
            event.name.map(fit),
            event.occurred_at.map(Timestamp::as_micros),
            event.received_at.as_micros(),
            event.last_received_at.as_micros(),
            event.deliveries,
            event.inquiry.map(InquiryId::as_str),
            event.origin.as_str(),
            event.outcome.map(Outcome::as_str),
            event.reason.map(fit),
            event.subject.map(SubjectId::as_str),
            encoding(event.body),
            begin,
            event.body.map_or(0, <[u8]>::len),
        )
    });
    let rows = json(&rows.collect::<Vec<_>>());
    (rows, bodies)
}
