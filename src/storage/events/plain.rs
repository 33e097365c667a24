//! Bodies that were stored before there was sealing: found, and put away sealed.

use crate::domain::ids::{EnvironmentName, EventId};
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::events::EventKey;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// A body as it was received. Without `Debug`: it holds people's data.
#[derive(Clone)]
pub struct PlainBody {
    /// Of which event.
    pub key: EventKey,
    /// When it happened, else when it came.
    pub at: Timestamp,
    /// The body.
    pub body: Vec<u8>,
}

statements! {
    PLAIN {
        "SELECT environment, id, coalesce(occurred_at, received_at) AS happened_at, body FROM events
         WHERE body_encoding = 'plain' AND (id, environment) > ($1, $2) ORDER BY id, environment LIMIT $3"
    }
    PUT_AWAY {
        "UPDATE events
         SET body = $3, body_encoding = $4, subject = CASE WHEN 'inquiry/' || inquiry_id = $5 THEN NULL ELSE $5 END
         WHERE environment = $1 AND id = $2 AND body_encoding = 'plain'"
    }
}

impl Tx {
    /// The next bodies that are not sealed, after an event in the order of ids.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn plain_bodies_after(&mut self, after: Option<&EventKey>, limit: u32) -> Result<Vec<PlainBody>> {
        let (id, environment) = after.map_or(("", ""), |(of, id)| (id.as_str(), of.as_str()));
        let rows: Vec<(String, String, Timestamp, Vec<u8>)> = on_db!(self, conn, sql = PLAIN =>
            sqlx::query_as(sql).bind(id).bind(environment).bind(i64::from(limit)).fetch_all(conn).await)?;
        let read = |(environment, id, at, body): (String, String, Timestamp, Vec<u8>)| {
            let place = Place { table: "events", row: &id };
            let key = (place.environment(&environment)?, place.id("id", &id, EventId::parse)?);
            Ok(PlainBody { key, at, body })
        };
        rows.into_iter().map(read).collect()
    }

    /// Puts a body that was not sealed away: sealed, or not at all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn put_body_away(
        &mut self,
        environment: &EnvironmentName,
        id: &EventId,
        subject: &SubjectId,
        sealed: Option<&[u8]>,
    ) -> Result<()> {
        let encoding = if sealed.is_some() { "sealed" } else { "dropped" };
        on_db!(self, conn, sql = PUT_AWAY =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(id.as_str())
                .bind(sealed.unwrap_or_default())
                .bind(encoding)
                .bind(subject.as_str())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }
}
