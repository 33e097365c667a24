//! Counts of inquiries that stop where "more" is enough, each by its index.

use crate::domain::ids::{EnvironmentName, TemplateId, TemplateVersionId};
use crate::domain::time::Timestamp;
use crate::storage::capped::Capped;
use crate::storage::error::Result;
use crate::storage::inquiries::InquiryKey;
use crate::storage::inquiries::change::{pairs, split};
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

/// A time within which something lies: from the first until before the second.
pub type Span = (Timestamp, Timestamp);

// The versions that open inquiries of a template are of, from one to the next, however many inquiries there are of each.
macro_rules! versions {
    ($table:expr) => {
        concat!(
            "WITH RECURSIVE versions (id) AS (
                 SELECT (SELECT min(template_version_id) FROM ",
            $table,
            "
                         WHERE environment = $1 AND template_id = $2 AND status IN ('created', 'pending'))
                 UNION ALL
                 SELECT (SELECT min(template_version_id) FROM ",
            $table,
            "
                         WHERE environment = $1 AND template_id = $2 AND status IN ('created', 'pending')
                           AND template_version_id > versions.id)
                 FROM versions WHERE versions.id IS NOT NULL
             )
             SELECT id, (SELECT count(*) FROM (
                 SELECT 1 FROM ",
            $table,
            "
                 WHERE environment = $1 AND template_id = $2 AND status IN ('created', 'pending')
                   AND template_version_id = versions.id LIMIT $3) AS counted)
             FROM versions WHERE id IS NOT NULL
             UNION ALL
             SELECT NULL, (SELECT count(*) FROM (
                 SELECT 1 FROM ",
            $table,
            "
                 WHERE environment = $1 AND template_id = $2 AND status IN ('created', 'pending')
                   AND template_version_id IS NULL LIMIT $3) AS counted)"
        )
    };
}

statements! {
    BY_STATUS {
        sqlite "SELECT (SELECT count(*) FROM (SELECT 1 FROM inquiries INDEXED BY inquiries_by_status
                                              WHERE environment = $1 AND status = wanted.value LIMIT $3))
                FROM json_each($2) AS wanted ORDER BY wanted.key",
        postgres "SELECT (SELECT count(*) FROM (SELECT 1 FROM inquiries
                                                WHERE environment = $1 AND status = wanted.status LIMIT $3) AS counted)
                  FROM unnest($2::text[]) WITH ORDINALITY AS wanted (status, place) ORDER BY place"
    }
    BY_DEADLINE {
        sqlite "SELECT (SELECT count(*) FROM (SELECT 1 FROM inquiries INDEXED BY inquiries_open_by_deadline
                                              WHERE environment = $1 AND status IN ('created', 'pending')
                                                AND expires_at >= wanted.value ->> 0 AND expires_at < wanted.value ->> 1
                                              LIMIT $3))
                FROM json_each($2) AS wanted ORDER BY wanted.key",
        postgres "SELECT (SELECT count(*) FROM (SELECT 1 FROM inquiries
                                                WHERE environment = $1 AND status IN ('created', 'pending')
                                                  AND expires_at >= wanted.lower AND expires_at < wanted.upper
                                                LIMIT $3) AS counted)
                  FROM unnest($2::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS wanted (lower, upper, place)
                  ORDER BY place"
    }
    BY_VERSION {
        sqlite versions!("inquiries INDEXED BY inquiries_open_by_version"),
        postgres versions!("inquiries")
    }
    // Whoever is in another one's place, was told something, was let in, or opened a link of ours.
    CAME_BACK {
        sqlite "SELECT wanted.value ->> 0, wanted.value ->> 1
                FROM json_each($1) AS wanted
                CROSS JOIN inquiries AS found
                ON found.environment = wanted.value ->> 0 AND found.id = wanted.value ->> 1
                WHERE found.lineage <> found.id
                   OR EXISTS (SELECT 1 FROM actions
                              WHERE actions.environment = found.environment AND actions.inquiry_id = found.id
                                AND actions.state = 'done'
                                AND actions.kind IN ('remind', 'revive', 'replace', 'invite'))
                   OR EXISTS (SELECT 1 FROM admissions
                              WHERE admissions.inquiry_id = found.id AND admissions.environment = found.environment)
                   OR EXISTS (SELECT 1 FROM access_links
                              WHERE access_links.environment = found.environment
                                AND access_links.lineage = found.lineage AND access_links.opens > 0)",
        postgres "SELECT found.environment, found.id
                  FROM unnest($1::text[], $2::text[]) AS wanted (environment, id)
                  CROSS JOIN LATERAL (
                      SELECT environment, id, lineage FROM inquiries
                      WHERE environment = wanted.environment AND id = wanted.id LIMIT 1
                  ) AS found
                  WHERE found.lineage <> found.id
                     OR EXISTS (SELECT 1 FROM actions
                                WHERE actions.environment = found.environment AND actions.inquiry_id = found.id
                                  AND actions.state = 'done'
                                  AND actions.kind IN ('remind', 'revive', 'replace', 'invite'))
                     OR EXISTS (SELECT 1 FROM admissions
                                WHERE admissions.inquiry_id = found.id AND admissions.environment = found.environment)
                     OR EXISTS (SELECT 1 FROM access_links
                                WHERE access_links.environment = found.environment
                                  AND access_links.lineage = found.lineage AND access_links.opens > 0)"
    }
}

/// How far is counted: one beyond what is told.
pub(in crate::storage) const COUNT_TO: i64 = Capped::MOST as i64 + 1;

impl Tx {
    /// How many inquiries of an environment have each of these statuses.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn count_by_status(&mut self, environment: &EnvironmentName, statuses: &[&str]) -> Result<Vec<Capped>> {
        let counts: Vec<i64> = on_db!(self, conn => sqlite {
            let query = sqlx::query_scalar(BY_STATUS.sqlite).bind(environment.as_str()).bind(json(&statuses));
            query.bind(COUNT_TO).fetch_all(conn).await
        } postgres {
            let query = sqlx::query_scalar(BY_STATUS.postgres).bind(environment.as_str()).bind(statuses);
            query.bind(COUNT_TO).fetch_all(conn).await
        })?;
        Ok(counts.into_iter().map(Capped::of).collect())
    }

    /// How many open inquiries of an environment have their deadline within each of these times.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn count_by_deadline(&mut self, environment: &EnvironmentName, spans: &[Span]) -> Result<Vec<Capped>> {
        let counts: Vec<i64> = on_db!(self, conn => sqlite {
            let rows: Vec<_> = spans.iter().map(|(from, to)| (from.as_micros(), to.as_micros())).collect();
            let query = sqlx::query_scalar(BY_DEADLINE.sqlite).bind(environment.as_str()).bind(json(&rows));
            query.bind(COUNT_TO).fetch_all(conn).await
        } postgres {
            let (lower, upper): (Vec<Timestamp>, Vec<Timestamp>) = spans.iter().copied().unzip();
            let query = sqlx::query_scalar(BY_DEADLINE.postgres).bind(environment.as_str()).bind(lower);
            query.bind(COUNT_TO).bind(upper).fetch_all(conn).await
        })?;
        Ok(counts.into_iter().map(Capped::of).collect())
    }

    /// How many open inquiries there are of each version of a template, and of no known one.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn count_by_version(
        &mut self,
        environment: &EnvironmentName,
        template: &TemplateId,
    ) -> Result<Vec<(Option<TemplateVersionId>, Capped)>> {
        let rows: Vec<(Option<String>, i64)> = on_db!(self, conn, sql = BY_VERSION =>
            sqlx::query_as(sql)
                .bind(environment.as_str())
                .bind(template.as_str())
                .bind(COUNT_TO)
                .fetch_all(conn)
                .await)?;
        let place = Place { table: "inquiries", row: template.as_str() };
        let read = |(version, count): (Option<String>, i64)| {
            let version = place.optional_id("template_version_id", version.as_deref(), TemplateVersionId::parse)?;
            Ok((version, Capped::of(count)))
        };
        rows.into_iter().map(read).collect()
    }

    /// Those of some inquiries whose person we had told something, let in, or given a revived or new inquiry.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn came_back(&mut self, inquiries: &[&InquiryKey]) -> Result<Vec<InquiryKey>> {
        if inquiries.is_empty() {
            return Ok(Vec::new());
        }
        let (environments, ids) = split(inquiries);
        let rows: Vec<(String, String)> = on_db!(self, conn => sqlite {
            sqlx::query_as(CAME_BACK.sqlite).bind(json(&pairs(&environments, &ids))).fetch_all(conn).await
        } postgres {
            sqlx::query_as(CAME_BACK.postgres).bind(environments).bind(ids).fetch_all(conn).await
        })?;
        let read = |(environment, id): (String, String)| {
            let place = Place { table: "inquiries", row: &id };
            Ok((place.environment(&environment)?, place.id("id", &id, crate::domain::ids::InquiryId::parse)?))
        };
        rows.into_iter().map(read).collect()
    }
}
