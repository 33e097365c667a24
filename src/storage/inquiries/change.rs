//! Making, locking and saving inquiries.

use crate::domain::ids::{AccountId, EnvironmentName, InquiryId, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::inquiry::{Inquiry, Person};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::inquiries::state;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

statements! {
    ENSURE {
        sqlite "INSERT INTO inquiries (environment, id, redacted, state, lineage, first_seen_at, updated_at)
                SELECT $1, value, 0, $3, value, $4, $4 FROM json_each($2) WHERE true
                ON CONFLICT (environment, id) DO NOTHING",
        postgres "INSERT INTO inquiries (environment, id, redacted, state, lineage, first_seen_at, updated_at)
                  SELECT $1, id, false, $3, id, $4, $4 FROM unnest($2::text[]) AS wanted (id)
                  ON CONFLICT (environment, id) DO NOTHING"
    }
    LOCK { lock "SELECT environment, id, state FROM inquiries WHERE environment = $1 AND id = $2" }
    LOCK_PERSON {
        sqlite "",
        // Any two texts may share a number: the worst that follows is a wait.
        postgres "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
    }
    LOCK_GROUP {
        lock "SELECT environment, id, state FROM inquiries
              WHERE environment = $1 AND person = $2 AND (template_id = $3 OR (template_id IS NULL AND $3 IS NULL))
              ORDER BY id"
    }
    SAVE {
        "UPDATE inquiries
         SET status = $3, person = $4, reference_id = $5, account_id = $6, template_id = $7, template_version_id = $8,
             created_at = $9, expires_at = $10, began_at = $11, last_observed_at = $12, redacted = $13, state = $14,
             updated_at = $15
         WHERE environment = $1 AND id = $2"
    }
    MARK_READ { "UPDATE inquiries SET read_at = $3 WHERE environment = $1 AND id = $2" }
}

impl Tx {
    /// Makes the inquiries that are not there yet, as unknown ones: an absent row can't be locked.
    ///
    /// The ids should be sorted, so that two transactions can't wait for each other.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn ensure_inquiries(
        &mut self,
        environment: &EnvironmentName,
        ids: &[InquiryId],
        now: Timestamp,
    ) -> Result<()> {
        let ids: Vec<&str> = ids.iter().map(InquiryId::as_str).collect();
        on_db!(self, conn => sqlite {
            sqlx::query(ENSURE.sqlite)
                .bind(environment.as_str())
                .bind(serde_json::json!(ids).to_string())
                .bind(state::UNKNOWN)
                .bind(now)
                .execute(conn)
                .await
                .map(drop)
        } postgres {
            sqlx::query(ENSURE.postgres)
                .bind(environment.as_str())
                .bind(ids)
                .bind(state::UNKNOWN)
                .bind(now)
                .execute(conn)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Locks people until the transaction ends, before any of their inquiries: of two transactions that each bring
    /// one person a new inquiry, the second then sees what the first made.
    ///
    /// The people should be sorted, so that two transactions can't wait for each other.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_people(&mut self, environment: &EnvironmentName, people: &[Person]) -> Result<()> {
        on_db!(self, conn => sqlite {
            // A write transaction is alone from its start.
            let _ = conn;
        } postgres {
            for person in people {
                let key = format!("{environment}\u{1f}{person}");
                sqlx::query(LOCK_PERSON.postgres).bind(key).execute(&mut *conn).await?;
            }
        });
        Ok(())
    }

    /// An inquiry, locked until the transaction ends.
    ///
    /// # Errors
    /// `Inconsistent` when it is not there; see [`Tx::ensure_inquiries`].
    pub async fn lock_inquiry(&mut self, environment: &EnvironmentName, id: &InquiryId) -> Result<Inquiry> {
        let row: Option<Row> = on_db!(self, conn, sql = LOCK =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(id.as_str()).fetch_optional(conn).await)?;
        row.ok_or_else(|| missing(environment, id))?.try_into()
    }

    /// Every inquiry of one person made from one template, by id, locked until the transaction ends.
    ///
    /// Without a template: those of which none is known. Take [`Tx::lock_people`] before.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_group(
        &mut self,
        environment: &EnvironmentName,
        person: &Person,
        template: Option<&TemplateId>,
    ) -> Result<Vec<Inquiry>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = LOCK_GROUP =>
            sqlx::query_as(sql)
                .bind(environment.as_str())
                .bind(person.to_string())
                .bind(template.map(TemplateId::as_str))
                .fetch_all(conn)
                .await)?;
        rows.into_iter().map(Inquiry::try_from).collect()
    }

    /// Saves an inquiry that was locked, and the columns that follow from it.
    ///
    /// # Errors
    /// `Inconsistent` when it is not there.
    pub async fn save_inquiry(&mut self, inquiry: &Inquiry, now: Timestamp) -> Result<()> {
        let known = &inquiry.known;
        let status = inquiry.status().map(Status::as_str).map(fit);
        let saved = on_db!(self, conn, sql = SAVE =>
            sqlx::query(sql)
                .bind(inquiry.environment.as_str())
                .bind(inquiry.id.as_str())
                .bind(status.as_deref())
                .bind(inquiry.person().map(|person| person.to_string()))
                .bind(known.reference_id().map(ReferenceId::as_str))
                .bind(known.account_id().map(AccountId::as_str))
                .bind(known.template_id().map(TemplateId::as_str))
                .bind(known.template_version_id().map(TemplateVersionId::as_str))
                .bind(known.created_at().copied())
                .bind(known.expires_at().copied())
                .bind(inquiry.began())
                .bind(inquiry.last_observed)
                .bind(known.redacted_at().is_some())
                .bind(state::write(inquiry))
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected()))?;
        if saved == 1 { Ok(()) } else { Err(missing(&inquiry.environment, &inquiry.id)) }
    }

    /// Remembers that the inquiry was read from Persona's API now.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn mark_read(&mut self, environment: &EnvironmentName, id: &InquiryId, now: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = MARK_READ =>
            sqlx::query(sql).bind(environment.as_str()).bind(id.as_str()).bind(now).execute(conn).await.map(drop))?;
        Ok(())
    }
}

fn missing(environment: &EnvironmentName, id: &InquiryId) -> StorageError {
    Place { table: "inquiries", row: &format!("{environment}/{id}") }.inconsistent("id")
}

/// The whole of an inquiry.
#[derive(sqlx::FromRow)]
pub(in crate::storage) struct Row {
    environment: String,
    id: String,
    state: String,
}

impl TryFrom<Row> for Inquiry {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "inquiries", row: &format!("{}/{}", row.environment, row.id) };
        let environment = place.environment(&row.environment)?;
        let id = place.id("id", &row.id, InquiryId::parse)?;
        place.some("state", state::read(environment, id, &row.state))
    }
}
