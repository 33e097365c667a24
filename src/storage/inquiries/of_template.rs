//! The open inquiries of one template, nearest deadline first, and how many there are of each version.

use crate::domain::ids::{EnvironmentName, TemplateId, TemplateVersionId};
use crate::domain::inquiry::Inquiry;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::change::Row;
use crate::storage::row::Place;
use crate::storage::template_runs::RunPlace;
use crate::storage::transaction::Tx;

/// How many open inquiries there are of one version of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCount {
    /// The template.
    pub template: TemplateId,
    /// The version; `None` where Persona did not say which.
    pub version: Option<TemplateVersionId>,
    /// How many.
    pub count: u64,
}

statements! {
    // The index of open inquiries by template has them in this order, so that a page costs a page, wherever it begins.
    DATED {
        "SELECT environment, id, state FROM inquiries
         WHERE environment = $1 AND template_id = $2 AND status IN ('created', 'pending') AND (expires_at, id) > ($3, $4)
         ORDER BY expires_at, id LIMIT $5"
    }
    UNDATED {
        "SELECT environment, id, state FROM inquiries
         WHERE environment = $1 AND template_id = $2 AND status IN ('created', 'pending') AND expires_at IS NULL
           AND id > $3
         ORDER BY expires_at, id LIMIT $4"
    }
    COUNT_OPEN {
        "SELECT template_id, template_version_id, count(*) FROM inquiries
         WHERE environment = $1 AND template_id IS NOT NULL AND status IN ('created', 'pending')
         GROUP BY template_id, template_version_id ORDER BY template_id, template_version_id"
    }
}

/// Before every deadline there is.
const FIRST: Timestamp = Timestamp::from_micros(0);

impl Tx {
    /// The next open inquiries of a template after a place, by deadline, and then those without one by id.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn open_of_template(
        &mut self,
        environment: &EnvironmentName,
        template: &TemplateId,
        after: Option<&RunPlace>,
        limit: u32,
    ) -> Result<Vec<Inquiry>> {
        let (deadline, id) = match after {
            None => (Some(FIRST), ""),
            Some(RunPlace { deadline, inquiry }) => (*deadline, inquiry.as_str()),
        };
        let mut rows: Vec<Row> = Vec::new();
        if let Some(deadline) = deadline {
            rows = on_db!(self, conn, sql = DATED =>
                sqlx::query_as(sql)
                    .bind(environment.as_str())
                    .bind(template.as_str())
                    .bind(deadline)
                    .bind(id)
                    .bind(i64::from(limit))
                    .fetch_all(conn)
                    .await)?;
        }
        let left = i64::from(limit) - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if left > 0 {
            let id = if deadline.is_some() { "" } else { id };
            let undated: Vec<Row> = on_db!(self, conn, sql = UNDATED =>
                sqlx::query_as(sql)
                    .bind(environment.as_str())
                    .bind(template.as_str())
                    .bind(id)
                    .bind(left)
                    .fetch_all(conn)
                    .await)?;
            rows.extend(undated);
        }
        rows.into_iter().map(|row| row.read(&self.names)).collect()
    }

    /// How many open inquiries there are of each version of each template.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn count_open_by_version(&mut self, environment: &EnvironmentName) -> Result<Vec<OpenCount>> {
        let rows: Vec<(String, Option<String>, i64)> = on_db!(self, conn, sql = COUNT_OPEN =>
            sqlx::query_as(sql).bind(environment.as_str()).fetch_all(conn).await)?;
        rows.into_iter()
            .map(|(template, version, count)| {
                let place = Place { table: "inquiries", row: &template };
                Ok(OpenCount {
                    template: place.id("template_id", &template, TemplateId::parse)?,
                    version: place.optional_id("template_version_id", version.as_deref(), TemplateVersionId::parse)?,
                    count: u64::try_from(count).unwrap_or(0),
                })
            })
            .collect()
    }
}

impl RunPlace {
    /// Where an inquiry has its place.
    #[must_use]
    pub fn of(inquiry: &Inquiry) -> Self {
        Self { deadline: inquiry.known.expires_at().copied(), inquiry: inquiry.id.clone() }
    }
}
