//! What is known of inquiry templates: each attribute as it was last told, whatever the order it was told in.

use crate::domain::ids::{EnvironmentName, TemplateId, TemplateVersionId};
use crate::domain::template::{Template, TemplateSource};
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

/// A template as known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTemplate {
    /// The environment it belongs to.
    pub environment: EnvironmentName,
    /// What is known; `observed_at` is the latest time any of it was told for, `source` who first told the version.
    pub template: Template,
    /// The time for which the latest version was last told.
    pub version_told_for: Option<Timestamp>,
    /// When something newer was last told, by our clock.
    pub learnt_at: Timestamp,
}

macro_rules! columns {
    () => {
        "environment, id, name, latest_version, latest_version_observed_at, latest_version_source, observed_at, learnt_at"
    };
}

statements! {
    // A value told for the same moment as the one that stands wins when it is the greater: any rule would do that
    // does not depend on the order of arrival.
    OBSERVE {
        "INSERT INTO templates (environment, id, name, name_observed_at, latest_version, latest_version_observed_at,
                                observed_at, learnt_at, latest_version_source)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (environment, id) DO UPDATE
         SET name = CASE WHEN templates.name IS NULL
                              OR (excluded.name_observed_at, excluded.name) >
                                 (templates.name_observed_at, templates.name)
                         THEN excluded.name ELSE templates.name END,
             name_observed_at = CASE WHEN templates.name IS NULL
                              OR excluded.name_observed_at > templates.name_observed_at
                         THEN excluded.name_observed_at ELSE templates.name_observed_at END,
             latest_version = CASE WHEN templates.latest_version IS NULL
                              OR (excluded.latest_version_observed_at, excluded.latest_version) >
                                 (templates.latest_version_observed_at, templates.latest_version)
                         THEN excluded.latest_version ELSE templates.latest_version END,
             latest_version_observed_at = CASE WHEN templates.latest_version IS NULL
                              OR excluded.latest_version_observed_at > templates.latest_version_observed_at
                         THEN excluded.latest_version_observed_at ELSE templates.latest_version_observed_at END,
             latest_version_source = CASE WHEN templates.latest_version IS NULL
                              OR ((excluded.latest_version_observed_at, excluded.latest_version) >
                                  (templates.latest_version_observed_at, templates.latest_version)
                                  AND excluded.latest_version <> templates.latest_version)
                         THEN excluded.latest_version_source ELSE templates.latest_version_source END,
             observed_at = CASE WHEN excluded.observed_at > templates.observed_at
                         THEN excluded.observed_at ELSE templates.observed_at END,
             learnt_at = CASE WHEN excluded.observed_at > templates.observed_at
                         THEN excluded.learnt_at ELSE templates.learnt_at END"
    }
    FIND {
        concat!("SELECT ", columns!(), " FROM templates WHERE environment = $1 AND id = $2")
    }
    LIST {
        concat!("SELECT ", columns!(), " FROM templates WHERE environment = $1 ORDER BY id")
    }
}

impl Tx {
    /// Merges what was told of a template. What was not told erases nothing.
    ///
    /// Several in one transaction should come in the order of their ids, so that two transactions can't wait for
    /// each other.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn observe_template(
        &mut self,
        environment: &EnvironmentName,
        template: &Template,
        now: Timestamp,
    ) -> Result<()> {
        let name = template.name.as_deref().map(fit);
        let version = template.latest_version.as_ref();
        on_db!(self, conn, sql = OBSERVE =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(template.id.as_str())
                .bind(name.as_deref())
                .bind(name.is_some().then_some(template.observed_at))
                .bind(version.map(TemplateVersionId::as_str))
                .bind(version.map(|_| template.observed_at))
                .bind(template.observed_at)
                .bind(now)
                .bind(version.map(|_| template.source.as_str()))
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// One template.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn template(&mut self, environment: &EnvironmentName, id: &TemplateId) -> Result<Option<KnownTemplate>> {
        let row: Option<Row> = on_db!(self, conn, sql = FIND =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(id.as_str()).fetch_optional(conn).await)?;
        row.map(KnownTemplate::try_from).transpose()
    }

    /// Every template of an environment, by id.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_templates(&mut self, environment: &EnvironmentName) -> Result<Vec<KnownTemplate>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = LIST =>
            sqlx::query_as(sql).bind(environment.as_str()).fetch_all(conn).await)?;
        rows.into_iter().map(KnownTemplate::try_from).collect()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    id: String,
    name: Option<String>,
    latest_version: Option<String>,
    latest_version_observed_at: Option<Timestamp>,
    latest_version_source: Option<String>,
    observed_at: Timestamp,
    learnt_at: Timestamp,
}

impl TryFrom<Row> for KnownTemplate {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "templates", row: &format!("{}/{}", row.environment, row.id) };
        let version = row.latest_version.as_deref();
        // Without a version there is no source either, and no difference.
        let source = row.latest_version_source.as_deref().map_or(Some(TemplateSource::Included), TemplateSource::parse);
        Ok(Self {
            environment: place.environment(&row.environment)?,
            template: Template {
                id: place.id("id", &row.id, TemplateId::parse)?,
                latest_version: place.optional_id("latest_version", version, TemplateVersionId::parse)?,
                name: row.name,
                observed_at: row.observed_at,
                source: place.some("latest_version_source", source)?,
            },
            version_told_for: row.latest_version_observed_at,
            learnt_at: row.learnt_at,
        })
    }
}
