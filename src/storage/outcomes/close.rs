//! What came of notices whose deadlines have passed: found out once, and added up.

use std::collections::BTreeMap;

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::rules::LinkForm;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::InquiryKey;
use crate::storage::inquiries::change::{pairs, split};
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::tallies::Period;
use crate::storage::transaction::Tx;

/// A notice of which it is not written down yet what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The verification: its environment and first inquiry.
    pub verification: InquiryKey,
    /// The step; empty: the verification as a whole.
    pub step: String,
    /// When, by our clock.
    pub noticed_at: Timestamp,
    /// The deadline.
    pub deadline: Timestamp,
    template_id: String,
    held_out: bool,
    link_form: String,
}

/// What came of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Which.
    pub notice: Open,
    /// Whether the person opened a link.
    pub opened: bool,
    /// Whether they were seen.
    pub came_back: bool,
    /// Whether they were through.
    pub finished: bool,
}

impl Open {
    /// Whether its link was Persona's own, of whose openings nobody hears but by what follows.
    #[must_use]
    pub fn is_by_persona(&self) -> bool {
        self.link_form != LinkForm::Access.to_string()
    }
}

statements! {
    DUE {
        lock "SELECT environment, lineage, step, template_id, held_out, link_form, noticed_at, deadline
              FROM outcomes WHERE NOT closed AND deadline < $1 ORDER BY deadline LIMIT $2"
    }
    OPENINGS {
        sqlite "SELECT link.environment, link.lineage, link.last_opened_at
                FROM jsonb_each($1) AS wanted
                CROSS JOIN access_links AS link
                ON link.environment = wanted.value ->> 0 AND link.lineage = wanted.value ->> 1
                WHERE link.last_opened_at IS NOT NULL",
        postgres "SELECT found.environment, found.lineage, found.last_opened_at
                  FROM unnest($1::text[], $2::text[]) AS wanted (environment, lineage)
                  CROSS JOIN LATERAL (
                      SELECT environment, lineage, last_opened_at FROM access_links
                      WHERE environment = wanted.environment AND lineage = wanted.lineage
                        AND last_opened_at IS NOT NULL OFFSET 0
                  ) AS found"
    }
    CLOSE {
        sqlite "UPDATE outcomes SET closed = 1
                FROM jsonb_each($1) AS given
                WHERE outcomes.environment = given.value ->> 0 AND outcomes.lineage = given.value ->> 1
                  AND outcomes.step = given.value ->> 2",
        postgres "UPDATE outcomes SET closed = TRUE
                  FROM unnest($1::text[], $2::text[], $3::text[]) AS given (environment, lineage, step)
                  WHERE outcomes.environment = given.environment AND outcomes.lineage = given.lineage
                    AND outcomes.step = given.step"
    }
    COUNT {
        "INSERT INTO outcome_counts (environment, day, template_id, step, link_form, held_out, people, opened, came_back,
                                     finished)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (environment, day, template_id, step, link_form, held_out) DO UPDATE
         SET people = outcome_counts.people + excluded.people, opened = outcome_counts.opened + excluded.opened,
             came_back = outcome_counts.came_back + excluded.came_back,
             finished = outcome_counts.finished + excluded.finished"
    }
    FORGET { "DELETE FROM outcomes WHERE noticed_at < $1 AND closed" }
    FORGET_COUNTS { "DELETE FROM outcome_counts WHERE day < $1" }
}

/// What is counted together.
type Cell<'a> = (&'a str, Timestamp, &'a str, &'a str, &'a str, bool);

impl Tx {
    /// Up to `most` notices whose deadlines came before a time, the earliest first, locked until the transaction ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn due_outcomes(&mut self, before: Timestamp, most: u32) -> Result<Vec<Open>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = DUE =>
            sqlx::query_as(sql).bind(before).bind(i64::from(most)).fetch_all(conn).await)?;
        rows.into_iter().map(Row::read).collect()
    }

    /// When links into some verifications, by their first inquiries, were last opened.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn openings_of(&mut self, verifications: &[&InquiryKey]) -> Result<Vec<(InquiryKey, Timestamp)>> {
        if verifications.is_empty() {
            return Ok(Vec::new());
        }
        let (environments, ids) = split(verifications);
        let rows: Vec<(String, String, Timestamp)> = on_db!(self, conn => sqlite {
            sqlx::query_as(OPENINGS.sqlite).bind(json(&pairs(&environments, &ids))).fetch_all(conn).await
        } postgres {
            sqlx::query_as(OPENINGS.postgres).bind(environments).bind(ids).fetch_all(conn).await
        })?;
        let read = |(environment, lineage, at): (String, String, Timestamp)| {
            let place = Place { table: "access_links", row: &lineage };
            Ok(((place.environment(&environment)?, place.id("lineage", &lineage, InquiryId::parse)?), at))
        };
        rows.into_iter().map(read).collect()
    }

    /// Writes down what came of notices, which [`Tx::due_outcomes`] of this transaction gave.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn close_outcomes(&mut self, closed: &[Closed]) -> Result<()> {
        if closed.is_empty() {
            return Ok(());
        }
        let key = |one: &Closed| {
            let (environment, lineage) = &one.notice.verification;
            (environment.to_string(), lineage.to_string(), one.notice.step.clone())
        };
        let keys: Vec<(String, String, String)> = closed.iter().map(key).collect();
        on_db!(self, conn => sqlite {
            sqlx::query(CLOSE.sqlite).bind(json(&keys)).execute(conn).await.map(drop)
        } postgres {
            sqlx::query(CLOSE.postgres)
                .bind(keys.iter().map(|key| key.0.as_str()).collect::<Vec<_>>())
                .bind(keys.iter().map(|key| key.1.as_str()).collect::<Vec<_>>())
                .bind(keys.iter().map(|key| key.2.as_str()).collect::<Vec<_>>())
                .execute(conn)
                .await
                .map(drop)
        })?;
        for (cell, counts) in added_up(closed) {
            self.count_outcomes(cell, counts).await?;
        }
        Ok(())
    }

    async fn count_outcomes(&mut self, cell: Cell<'_>, counts: [i64; 4]) -> Result<()> {
        let (environment, day, template, step, form, held_out) = cell;
        on_db!(self, conn, sql = COUNT => {
            let query = sqlx::query(sql).bind(environment).bind(day).bind(template).bind(step).bind(form);
            let query = query.bind(held_out);
            let [people, opened, came_back, finished] = counts;
            query.bind(people).bind(opened).bind(came_back).bind(finished).execute(conn).await.map(drop)
        })?;
        Ok(())
    }

    /// Forgets notices that are counted, and counts, from before these times.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_outcomes(&mut self, notices: Timestamp, counts: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = FORGET => sqlx::query(sql).bind(notices).execute(conn).await.map(drop))?;
        on_db!(self, conn, sql = FORGET_COUNTS => sqlx::query(sql).bind(counts).execute(conn).await.map(drop))?;
        Ok(())
    }
}

/// How many of each there were: people, and those who opened, came back and finished.
fn added_up(closed: &[Closed]) -> BTreeMap<Cell<'_>, [i64; 4]> {
    let mut cells: BTreeMap<Cell<'_>, [i64; 4]> = BTreeMap::new();
    for Closed { notice, opened, came_back, finished } in closed {
        let day = Period::Day.beginning(notice.noticed_at);
        let (environment, template) = (notice.verification.0.as_str(), notice.template_id.as_str());
        let cell = (environment, day, template, notice.step.as_str(), notice.link_form.as_str(), notice.held_out);
        let counts = cells.entry(cell).or_default();
        for (count, more) in counts.iter_mut().zip([true, *opened, *came_back, *finished]) {
            *count += i64::from(more);
        }
    }
    cells
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    lineage: String,
    step: String,
    template_id: String,
    held_out: bool,
    link_form: String,
    noticed_at: Timestamp,
    deadline: Timestamp,
}

impl Row {
    fn read(self) -> Result<Open> {
        let place = Place { table: "outcomes", row: &self.lineage };
        let environment: EnvironmentName = place.environment(&self.environment)?;
        let lineage = place.id("lineage", &self.lineage, InquiryId::parse)?;
        let Self { step, template_id, held_out, link_form, noticed_at, deadline, .. } = self;
        let verification = (environment, lineage);
        Ok(Open { verification, step, noticed_at, deadline, template_id, held_out, link_form })
    }
}
