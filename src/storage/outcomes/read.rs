//! Reading the counts of what came of notices.

use crate::domain::ids::{EnvironmentName, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::capped::Capped;
use crate::storage::error::Result;
use crate::storage::inquiries::COUNT_TO;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// What came of the notices of one step, to people of one template, with one kind of link; or of passing them over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The template.
    pub template: Option<TemplateId>,
    /// The step; empty: the verification as a whole, from its first step on.
    pub step: String,
    /// The kind of link.
    pub link_form: String,
    /// Whether they were passed over.
    pub held_out: bool,
    /// How many there were.
    pub people: u64,
    /// How many opened a link before the deadline.
    pub opened: u64,
    /// How many were seen before the deadline.
    pub came_back: u64,
    /// How many were through before the deadline.
    pub finished: u64,
}

statements! {
    COUNTS {
        "SELECT template_id, step, link_form, held_out, CAST(sum(people) AS BIGINT) AS people,
                CAST(sum(opened) AS BIGINT) AS opened, CAST(sum(came_back) AS BIGINT) AS came_back,
                CAST(sum(finished) AS BIGINT) AS finished
         FROM outcome_counts WHERE environment = $1 AND day >= $2
         GROUP BY template_id, step, link_form, held_out
         ORDER BY template_id, step, link_form, held_out"
    }
    WAITING {
        "SELECT template_id, count(*)
         FROM (SELECT template_id FROM outcomes WHERE environment = $1 AND NOT closed AND step = '' LIMIT $2) AS open
         GROUP BY template_id ORDER BY template_id"
    }
}

impl Tx {
    /// What came of notices since the day a time lies in, by template, step, link and group.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn outcome_counts(&mut self, environment: &EnvironmentName, since: Timestamp) -> Result<Vec<Counted>> {
        let day = crate::storage::tallies::Period::Day.beginning(since);
        let rows: Vec<Row> = on_db!(self, conn, sql = COUNTS =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(day).fetch_all(conn).await)?;
        rows.into_iter().map(Row::read).collect()
    }

    /// How many verifications of each template wait for the deadline of a notice, to be counted.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn waiting_outcomes(
        &mut self,
        environment: &EnvironmentName,
    ) -> Result<Vec<(Option<TemplateId>, Capped)>> {
        let rows: Vec<(String, i64)> = on_db!(self, conn, sql = WAITING =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(COUNT_TO).fetch_all(conn).await)?;
        rows.into_iter().map(|(template, count)| Ok((template_of(&template)?, Capped::of(count)))).collect()
    }
}

fn template_of(text: &str) -> Result<Option<TemplateId>> {
    let place = Place { table: "outcome_counts", row: text };
    place.optional_id("template_id", Some(text).filter(|text| !text.is_empty()), TemplateId::parse)
}

#[derive(sqlx::FromRow)]
struct Row {
    template_id: String,
    step: String,
    link_form: String,
    held_out: bool,
    people: i64,
    opened: i64,
    came_back: i64,
    finished: i64,
}

impl Row {
    fn read(self) -> Result<Counted> {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Ok(Counted {
            template: template_of(&self.template_id)?,
            held_out: self.held_out,
            people: count(self.people),
            opened: count(self.opened),
            came_back: count(self.came_back),
            finished: count(self.finished),
            step: self.step,
            link_form: self.link_form,
        })
    }
}
