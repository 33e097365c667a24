//! Reading inquiries back.

use crate::domain::ids::{EnvironmentName, InquiryId, TemplateId};
use crate::domain::inquiry::{Inquiry, Person};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::change;
use crate::storage::names::Names;
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
    FIND { concat!(whole!(), "WHERE id = $1 OR reference_id = $2 ORDER BY first_seen_at, environment, id") }
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
        row.map(|row| row.read(&self.names)).transpose()
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
                .bind(self.names.person(person))
                .bind(template.map(TemplateId::as_str))
                .fetch_all(conn)
                .await)?;
        rows.into_iter().map(|row| row.inquiry.read(&self.names)).collect()
    }

    /// The inquiries with this id or this reference id, in every environment, oldest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn find_inquiries(&mut self, id_or_reference: &str) -> Result<Vec<StoredInquiry>> {
        let kept = self.names.text(id_or_reference);
        let rows: Vec<Whole> = on_db!(self, conn, sql = FIND => sqlx::query_as(sql).bind(id_or_reference).bind(&kept).fetch_all(conn).await)?;
        rows.into_iter().map(|row| row.read(&self.names)).collect()
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

impl Whole {
    fn read(self, names: &Names) -> Result<StoredInquiry> {
        let row = self;
        let inquiry = row.inquiry.read(names)?;
        let place = Place { table: "inquiries", row: &format!("{}/{}", inquiry.environment, inquiry.id) };
        Ok(StoredInquiry {
            lineage: place.id("lineage", &row.lineage, InquiryId::parse)?,
            inquiry,
            read_at: row.read_at,
            first_seen_at: row.first_seen_at,
            updated_at: row.updated_at,
        })
    }
}
