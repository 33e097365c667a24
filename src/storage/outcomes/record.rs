//! Writing down that somebody was reminded, or passed over.

use std::collections::HashMap;

use crate::domain::ids::{EnvironmentName, InquiryId, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::InquiryKey;
use crate::storage::inquiries::change::{pairs, split};
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

/// A verification: its first inquiry, and the template of it.
pub type Whole = (InquiryId, Option<TemplateId>);

/// One step that reminded somebody, or passed them over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Noticed {
    /// The environment of the verification.
    pub environment: EnvironmentName,
    /// The first inquiry of the verification.
    pub lineage: InquiryId,
    /// The step, as the rule writes it; empty: the verification as a whole, from its first step on.
    pub step: String,
    /// The template.
    pub template: Option<TemplateId>,
    /// Whether they were passed over.
    pub held_out: bool,
    /// What kind of link the notice carried, or would have.
    pub link_form: String,
    /// When, by our clock.
    pub noticed_at: Timestamp,
    /// The deadline that was reminded of.
    pub deadline: Timestamp,
}

statements! {
    WHOLES {
        sqlite "SELECT found.environment, found.id, found.lineage, found.template_id
                FROM jsonb_each($1) AS wanted
                CROSS JOIN inquiries AS found
                ON found.environment = wanted.value ->> 0 AND found.id = wanted.value ->> 1",
        postgres "SELECT found.environment, found.id, found.lineage, found.template_id
                  FROM unnest($1::text[], $2::text[]) AS wanted (environment, id)
                  CROSS JOIN LATERAL (
                      SELECT environment, id, lineage, template_id FROM inquiries
                      WHERE id >= wanted.id AND id <= wanted.id AND environment = wanted.environment
                      ORDER BY id LIMIT 1
                  ) AS found"
    }
    // Whatever comes first of a step or of a verification is what counts.
    ADD {
        sqlite "INSERT INTO outcomes (environment, lineage, step, template_id, held_out, link_form, noticed_at, deadline)
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                       value ->> 7
                FROM jsonb_each($1) WHERE true
                ON CONFLICT (environment, lineage, step) DO NOTHING",
        postgres "INSERT INTO outcomes (environment, lineage, step, template_id, held_out, link_form, noticed_at,
                                        deadline)
                  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[],
                                       $7::timestamptz[], $8::timestamptz[])
                  ON CONFLICT (environment, lineage, step) DO NOTHING"
    }
}

impl Tx {
    /// The verifications of some inquiries.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn wholes_of(&mut self, inquiries: &[&InquiryKey]) -> Result<HashMap<InquiryKey, Whole>> {
        if inquiries.is_empty() {
            return Ok(HashMap::new());
        }
        let (environments, ids) = split(inquiries);
        let rows: Vec<(String, String, String, Option<String>)> = on_db!(self, conn => sqlite {
            sqlx::query_as(WHOLES.sqlite).bind(json(&pairs(&environments, &ids))).fetch_all(conn).await
        } postgres {
            sqlx::query_as(WHOLES.postgres).bind(environments).bind(ids).fetch_all(conn).await
        })?;
        let read = |(environment, id, lineage, template): (String, String, String, Option<String>)| {
            let place = Place { table: "inquiries", row: &id };
            let key = (place.environment(&environment)?, place.id("id", &id, InquiryId::parse)?);
            let template = place.optional_id("template_id", template.as_deref(), TemplateId::parse)?;
            Ok((key, (place.id("lineage", &lineage, InquiryId::parse)?, template)))
        };
        rows.into_iter().map(read).collect()
    }

    /// Writes down who was reminded or passed over; what is there already stands.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn add_outcomes(&mut self, noticed: &[Noticed]) -> Result<()> {
        if noticed.is_empty() {
            return Ok(());
        }
        // In one order, so that two transactions never wait for each other.
        let mut rows: Vec<&Noticed> = noticed.iter().collect();
        rows.sort_unstable();
        on_db!(self, conn => sqlite {
            let row = |one: &&Noticed| {
                serde_json::json!([
                    one.environment.as_str(), one.lineage.as_str(), one.step, template(one), i32::from(one.held_out),
                    one.link_form, one.noticed_at.as_micros(), one.deadline.as_micros(),
                ])
            };
            let rows: Vec<_> = rows.iter().map(row).collect();
            sqlx::query(ADD.sqlite).bind(json(&rows)).execute(conn).await.map(drop)
        } postgres {
            sqlx::query(ADD.postgres)
                .bind(rows.iter().map(|one| one.environment.as_str()).collect::<Vec<_>>())
                .bind(rows.iter().map(|one| one.lineage.as_str()).collect::<Vec<_>>())
                .bind(rows.iter().map(|one| one.step.as_str()).collect::<Vec<_>>())
                .bind(rows.iter().map(|one| template(one)).collect::<Vec<_>>())
                .bind(rows.iter().map(|one| one.held_out).collect::<Vec<_>>())
                .bind(rows.iter().map(|one| one.link_form.as_str()).collect::<Vec<_>>())
                .bind(rows.iter().map(|one| one.noticed_at).collect::<Vec<_>>())
                .bind(rows.iter().map(|one| one.deadline).collect::<Vec<_>>())
                .execute(conn)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}

fn template(noticed: &Noticed) -> &str {
    noticed.template.as_ref().map_or("", TemplateId::as_str)
}
