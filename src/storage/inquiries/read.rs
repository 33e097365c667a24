//! Reading inquiries back.

use sqlx::QueryBuilder;

use crate::domain::ids::{AccountId, EnvironmentName, InquiryId, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::inquiry::{Inquiry, Person};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::inquiries::change;
use crate::storage::page::{Cursor, Page};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// An inquiry as stored: what Persona said of it, and what belongs to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInquiry {
    /// As last observed.
    pub inquiry: Inquiry,
    /// The first inquiry of the succession it belongs to.
    pub lineage: InquiryId,
    /// When it was last read from Persona's API, by our clock.
    pub read_at: Option<Timestamp>,
    /// When we first heard of it, by our clock.
    pub first_seen_at: Timestamp,
    /// When it was last saved, by our clock.
    pub updated_at: Timestamp,
}

/// An inquiry in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InquiryRow {
    /// The environment it lives in.
    pub environment: EnvironmentName,
    /// Persona's id.
    pub id: InquiryId,
    /// The status; `None` while only spoken of in passing.
    pub status: Option<Status>,
    /// Whom it is for, as text.
    pub person: Option<String>,
    /// The application's name for the person.
    pub reference_id: Option<ReferenceId>,
    /// Persona's account of the person.
    pub account_id: Option<AccountId>,
    /// The template it was made from.
    pub template_id: Option<TemplateId>,
    /// The template version it is locked to.
    pub template_version_id: Option<TemplateVersionId>,
    /// When it was made, where Persona said so.
    pub created_at: Option<Timestamp>,
    /// The present deadline, where Persona said so.
    pub expires_at: Option<Timestamp>,
    /// When it was made, else first heard of, by Persona's clock.
    pub began_at: Option<Timestamp>,
    /// The latest moment anything was observed, by Persona's clock.
    pub last_observed_at: Option<Timestamp>,
    /// Whether the person's data was erased.
    pub redacted: bool,
    /// The first inquiry of the succession it belongs to.
    pub lineage: InquiryId,
    /// When it was last read from Persona's API, by our clock.
    pub read_at: Option<Timestamp>,
    /// When we first heard of it, by our clock.
    pub first_seen_at: Timestamp,
    /// When it was last saved, by our clock.
    pub updated_at: Timestamp,
}

/// Which inquiries to list; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InquiryFilter {
    /// Of this environment.
    pub environment: Option<EnvironmentName>,
    /// With this status.
    pub status: Option<Status>,
    /// Made from this template.
    pub template: Option<TemplateId>,
    /// Of this person, by reference id.
    pub reference_id: Option<ReferenceId>,
}

macro_rules! whole {
    () => {
        "SELECT environment, id, state, lineage, read_at, first_seen_at, updated_at FROM inquiries "
    };
}

statements! {
    ONE { concat!(whole!(), "WHERE environment = $1 AND id = $2") }
    GROUP {
        concat!(whole!(), "WHERE environment = $1 AND person = $2
                           AND (template_id = $3 OR (template_id IS NULL AND $3 IS NULL)) ORDER BY id")
    }
    FIND { concat!(whole!(), "WHERE id = $1 OR reference_id = $1 ORDER BY first_seen_at, environment, id") }
    OPEN_AFTER {
        "SELECT id FROM inquiries
         WHERE environment = $1 AND status IN ('created', 'pending') AND id > $2 ORDER BY id LIMIT $3"
    }
}

impl Tx {
    /// One inquiry.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn inquiry(&mut self, environment: &EnvironmentName, id: &InquiryId) -> Result<Option<StoredInquiry>> {
        let row: Option<Whole> = on_db!(self, conn, sql = ONE =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(id.as_str()).fetch_optional(conn).await)?;
        row.map(StoredInquiry::try_from).transpose()
    }

    /// Every inquiry of one person made from one template, by id, as it is, without a lock.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn group(
        &mut self,
        environment: &EnvironmentName,
        person: &Person,
        template: Option<&TemplateId>,
    ) -> Result<Vec<Inquiry>> {
        let rows: Vec<Whole> = on_db!(self, conn, sql = GROUP =>
            sqlx::query_as(sql)
                .bind(environment.as_str())
                .bind(person.to_string())
                .bind(template.map(TemplateId::as_str))
                .fetch_all(conn)
                .await)?;
        rows.into_iter().map(|row| Inquiry::try_from(row.inquiry)).collect()
    }

    /// The inquiries with this id or this reference id, in every environment, oldest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn find_inquiries(&mut self, id_or_reference: &str) -> Result<Vec<StoredInquiry>> {
        let rows: Vec<Whole> =
            on_db!(self, conn, sql = FIND => sqlx::query_as(sql).bind(id_or_reference).fetch_all(conn).await)?;
        rows.into_iter().map(StoredInquiry::try_from).collect()
    }

    /// The ids of open inquiries (created or pending) after `after` in the order of ids, for going through all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn open_inquiries_after(
        &mut self,
        environment: &EnvironmentName,
        after: Option<&InquiryId>,
        limit: u32,
    ) -> Result<Vec<InquiryId>> {
        let ids: Vec<String> = on_db!(self, conn, sql = OPEN_AFTER =>
            sqlx::query_scalar(sql)
                .bind(environment.as_str())
                .bind(after.map_or("", InquiryId::as_str))
                .bind(i64::from(limit))
                .fetch_all(conn)
                .await)?;
        let parse = |id: &String| Place { table: "inquiries", row: id }.id("id", id, InquiryId::parse);
        ids.iter().map(parse).collect()
    }

    /// The inquiries that pass the filter, last heard of first, `limit` at a time.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_inquiries(
        &mut self,
        filter: &InquiryFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<InquiryRow>> {
        let rows: Vec<Row> = on_db!(self, conn => {
            let mut query = QueryBuilder::new(
                "SELECT environment, id, status, person, reference_id, account_id, template_id, template_version_id,
                        created_at, expires_at, began_at, last_observed_at, redacted, lineage, read_at, first_seen_at,
                        updated_at
                 FROM inquiries WHERE 1 = 1",
            );
            if let Some(environment) = &filter.environment {
                query.push(" AND environment = ").push_bind(environment.as_str());
            }
            if let Some(status) = &filter.status {
                query.push(" AND status = ").push_bind(status.as_str());
            }
            if let Some(template) = &filter.template {
                query.push(" AND template_id = ").push_bind(template.as_str());
            }
            if let Some(reference) = &filter.reference_id {
                query.push(" AND reference_id = ").push_bind(reference.as_str());
            }
            if let Some(after) = after {
                query.push(" AND (first_seen_at, environment, id) < (").push_bind(after.at);
                query.push(", ").push_bind(&after.environment).push(", ").push_bind(&after.id).push(")");
            }
            query.push(" ORDER BY first_seen_at DESC, environment DESC, id DESC LIMIT ");
            query.push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(conn).await
        })?;
        Page::of(rows, limit, |row| Cursor {
            at: row.first_seen_at,
            environment: row.environment.clone(),
            id: row.id.clone(),
        })
    }
}

#[derive(sqlx::FromRow)]
struct Whole {
    #[sqlx(flatten)]
    inquiry: change::Row,
    lineage: String,
    read_at: Option<Timestamp>,
    first_seen_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<Whole> for StoredInquiry {
    type Error = StorageError;

    fn try_from(row: Whole) -> Result<Self> {
        let inquiry = Inquiry::try_from(row.inquiry)?;
        let place = Place { table: "inquiries", row: &format!("{}/{}", inquiry.environment, inquiry.id) };
        Ok(Self {
            lineage: place.id("lineage", &row.lineage, InquiryId::parse)?,
            inquiry,
            read_at: row.read_at,
            first_seen_at: row.first_seen_at,
            updated_at: row.updated_at,
        })
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    id: String,
    status: Option<String>,
    person: Option<String>,
    reference_id: Option<String>,
    account_id: Option<String>,
    template_id: Option<String>,
    template_version_id: Option<String>,
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    began_at: Option<Timestamp>,
    last_observed_at: Option<Timestamp>,
    redacted: bool,
    lineage: String,
    read_at: Option<Timestamp>,
    first_seen_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<Row> for InquiryRow {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "inquiries", row: &format!("{}/{}", row.environment, row.id) };
        let version = row.template_version_id.as_deref();
        Ok(Self {
            environment: place.environment(&row.environment)?,
            id: place.id("id", &row.id, InquiryId::parse)?,
            status: row.status.as_deref().map(Status::parse),
            reference_id: place.optional_id("reference_id", row.reference_id.as_deref(), ReferenceId::parse)?,
            account_id: place.optional_id("account_id", row.account_id.as_deref(), AccountId::parse)?,
            template_id: place.optional_id("template_id", row.template_id.as_deref(), TemplateId::parse)?,
            template_version_id: place.optional_id("template_version_id", version, TemplateVersionId::parse)?,
            lineage: place.id("lineage", &row.lineage, InquiryId::parse)?,
            person: row.person,
            created_at: row.created_at,
            expires_at: row.expires_at,
            began_at: row.began_at,
            last_observed_at: row.last_observed_at,
            redacted: row.redacted,
            read_at: row.read_at,
            first_seen_at: row.first_seen_at,
            updated_at: row.updated_at,
        })
    }
}
