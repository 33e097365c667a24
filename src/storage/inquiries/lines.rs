//! What a list of inquiries says of each beside its row: whose it is, what comes next, what failed.

use crate::domain::ids::{CustomerName, ReferenceId, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::InquiryRow;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

/// What is said of an inquiry beside its row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Whose it is, by what is written down.
    pub customer: Option<CustomerName>,
    /// When its next planned action is due.
    pub next_due: Option<Timestamp>,
    /// How many of its actions were given up.
    pub failures: u32,
}

macro_rules! beside {
    ($environment:expr, $id:expr, $lineage:expr, $reference:expr, $template:expr, $wanted:expr) => {
        concat!(
            "SELECT coalesce(
                 (SELECT customer FROM customer_lineages AS c
                  WHERE c.environment = ",
            $environment,
            " AND c.lineage = ",
            $lineage,
            "),
                 (SELECT customer FROM creations AS c
                  WHERE c.environment = ",
            $environment,
            " AND c.reference_id = ",
            $reference,
            "
                    AND c.template_id = ",
            $template,
            "),
                 (SELECT nullif(c.customer, '') FROM static_links AS c
                  WHERE c.environment = ",
            $environment,
            " AND c.reference_id = ",
            $reference,
            ")),
                 (SELECT min(due_at) FROM actions
                  WHERE actions.environment = ",
            $environment,
            " AND actions.inquiry_id = ",
            $id,
            "
                    AND actions.state = 'planned'),
                 (SELECT count(*) FROM actions
                  WHERE actions.environment = ",
            $environment,
            " AND actions.inquiry_id = ",
            $id,
            "
                    AND actions.state = 'failed')
             FROM ",
            $wanted
        )
    };
}

statements! {
    BESIDE {
        sqlite beside!("wanted.value ->> 0", "wanted.value ->> 1", "wanted.value ->> 2", "wanted.value ->> 3",
                       "wanted.value ->> 4", "json_each($1) AS wanted ORDER BY wanted.key"),
        postgres beside!("wanted.environment", "wanted.id", "wanted.lineage", "wanted.reference", "wanted.template",
                         "unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
                          AS wanted (environment, id, lineage, reference, template, place) ORDER BY place")
    }
}

impl Tx {
    /// What is said of each of these inquiries beside its row, in their order.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn beside(&mut self, inquiries: &[InquiryRow]) -> Result<Vec<Beside>> {
        if inquiries.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<Option<ReferenceId>> =
            inquiries.iter().map(|row| row.reference_id.as_ref().map(|name| self.names.seal(name))).collect();
        let columns = inquiries.iter().zip(&names).map(|(row, name)| {
            (
                row.environment.as_str(),
                row.id.as_str(),
                row.lineage.as_str(),
                name.as_ref().map(ReferenceId::as_str),
                row.template_id.as_ref().map(TemplateId::as_str),
            )
        });
        let rows: Vec<(Option<String>, Option<Timestamp>, i64)> = on_db!(self, conn => sqlite {
            sqlx::query_as(BESIDE.sqlite).bind(json(&columns.collect::<Vec<_>>())).fetch_all(conn).await
        } postgres {
            let columns: Vec<_> = columns.collect();
            sqlx::query_as(BESIDE.postgres)
                .bind(columns.iter().map(|row| row.0).collect::<Vec<_>>())
                .bind(columns.iter().map(|row| row.1).collect::<Vec<_>>())
                .bind(columns.iter().map(|row| row.2).collect::<Vec<_>>())
                .bind(columns.iter().map(|row| row.3).collect::<Vec<_>>())
                .bind(columns.iter().map(|row| row.4).collect::<Vec<_>>())
                .fetch_all(conn)
                .await
        })?;
        let read = |(row, (customer, next_due, failures)): (&InquiryRow, (Option<String>, _, i64))| {
            let place = Place { table: "customer_lineages", row: row.lineage.as_str() };
            let customer = place.optional_id("customer", customer.as_deref(), CustomerName::parse)?;
            Ok(Beside { customer, next_due, failures: u32::try_from(failures).unwrap_or(u32::MAX) })
        };
        inquiries.iter().zip(rows).map(read).collect()
    }
}
