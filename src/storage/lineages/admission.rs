//! By what people were let in: a number for the idempotency key, and not the link or token itself.

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

stored_words! {
    /// By what somebody is let in.
    Means {
        /// A fresh one-time link.
        Link = "link",
        /// A one-time link into a session there is.
        SessionLink = "session-link",
        /// A session token.
        Token = "token",
    }
}

/// The number under which Persona is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// Part of the idempotency key.
    pub generation: u32,
    /// Whether nobody asked under it before.
    pub fresh: bool,
}

statements! {
    RESERVE {
        "INSERT INTO admissions (environment, inquiry_id, means, generation, made_at) VALUES ($1, $2, $3, 0, $4)
         ON CONFLICT (inquiry_id, environment, means) DO UPDATE
         SET generation = CASE WHEN admissions.made_at > $5
                          THEN admissions.generation ELSE admissions.generation + 1 END,
             made_at = CASE WHEN admissions.made_at > $5 THEN admissions.made_at ELSE excluded.made_at END
         RETURNING generation, made_at"
    }
    OF_INQUIRY {
        "SELECT means, made_at FROM admissions WHERE environment = $1 AND inquiry_id = $2 ORDER BY made_at, means"
    }
    SPEND {
        "UPDATE admissions SET generation = generation + 1
         WHERE environment = $1 AND inquiry_id = $2 AND means = $3 AND generation = $4"
    }
}

impl Tx {
    /// The number under which to ask Persona for a way into an inquiry: that of the last time, if that was later than
    /// `since`, so that Persona gives the same again; else a new one.
    ///
    /// # Errors
    /// Whatever the database says, and when the inquiry is not there.
    pub async fn reserve_admission(
        &mut self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        means: Means,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Reserved> {
        let (generation, made_at): (i32, Timestamp) = on_db!(self, conn, sql = RESERVE =>
            sqlx::query_as(sql)
                .bind(environment.as_str())
                .bind(inquiry.as_str())
                .bind(means.as_str())
                .bind(now)
                .bind(since)
                .fetch_one(conn)
                .await)?;
        let place = Place { table: "admissions", row: inquiry.as_str() };
        Ok(Reserved { generation: place.count("generation", generation)?, fresh: made_at == now })
    }

    /// By what somebody was last let into an inquiry, and when, by our clock.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn admissions(
        &mut self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
    ) -> Result<Vec<(Means, Timestamp)>> {
        let rows: Vec<(String, Timestamp)> = on_db!(self, conn, sql = OF_INQUIRY =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(inquiry.as_str()).fetch_all(conn).await)?;
        let place = Place { table: "admissions", row: inquiry.as_str() };
        rows.into_iter().map(|(means, at)| Ok((place.some("means", Means::parse(&means))?, at))).collect()
    }

    /// Leaves a number behind under which Persona would give a refusal again.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn spend_admission(
        &mut self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        means: Means,
        generation: u32,
    ) -> Result<()> {
        on_db!(self, conn, sql = SPEND =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(inquiry.as_str())
                .bind(means.as_str())
                .bind(i32::try_from(generation).unwrap_or(i32::MAX))
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }
}
