//! How many sessions an inquiry has had, as far as we know.

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

statements! {
    COUNT {
        "INSERT INTO session_counts (environment, inquiry_id, made) VALUES ($1, $2, 1)
         ON CONFLICT (inquiry_id, environment) DO UPDATE SET made = session_counts.made + 1"
    }
    LISTED {
        "INSERT INTO session_counts (environment, inquiry_id, made, listed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (inquiry_id, environment) DO UPDATE SET made = excluded.made, listed_at = excluded.listed_at"
    }
    MADE { "SELECT made FROM session_counts WHERE environment = $1 AND inquiry_id = $2" }
}

impl Tx {
    /// Counts one more session of an inquiry.
    ///
    /// # Errors
    /// Whatever the database says, and when the inquiry is not there.
    pub async fn count_session(&mut self, environment: &EnvironmentName, inquiry: &InquiryId) -> Result<()> {
        on_db!(self, conn, sql = COUNT =>
            sqlx::query(sql).bind(environment.as_str()).bind(inquiry.as_str()).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Remembers how many sessions Persona lists.
    ///
    /// # Errors
    /// Whatever the database says, and when the inquiry is not there.
    pub async fn sessions_listed(
        &mut self,
        environment: &EnvironmentName,
        inquiry: &InquiryId,
        made: u32,
        now: Timestamp,
    ) -> Result<()> {
        on_db!(self, conn, sql = LISTED =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(inquiry.as_str())
                .bind(i32::try_from(made).unwrap_or(i32::MAX))
                .bind(now)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// How many sessions an inquiry has had, as far as we know.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn sessions_made(&mut self, environment: &EnvironmentName, inquiry: &InquiryId) -> Result<u32> {
        let made: Option<i32> = on_db!(self, conn, sql = MADE =>
            sqlx::query_scalar(sql).bind(environment.as_str()).bind(inquiry.as_str()).fetch_optional(conn).await)?;
        Place { table: "session_counts", row: inquiry.as_str() }.count("made", made.unwrap_or(0))
    }
}
