//! Whose inquiries are whose, as far as that is written down; see [`crate::domain::customer`] for the rules beside it.

use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId, ReferenceId, TemplateId};
use crate::domain::inquiry::Inquiry;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

statements! {
    ASSIGN {
        "INSERT INTO customer_lineages (environment, lineage, customer, assigned_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (lineage, environment) DO NOTHING"
    }
    OWNER {
        "SELECT customer FROM (
             SELECT 1 AS place, customer FROM customer_lineages WHERE environment = $1 AND lineage = $2
             UNION ALL
             SELECT 2, customer FROM creations
             WHERE environment = $1 AND reference_id = $3 AND template_id = $4 AND customer IS NOT NULL
             UNION ALL
             SELECT 3, customer FROM static_links WHERE environment = $1 AND reference_id = $3 AND customer <> ''
         ) AS said ORDER BY place LIMIT 1"
    }
}

impl Tx {
    /// Gives a succession of inquiries, by its first, to a customer; false when it is somebody's already.
    ///
    /// # Errors
    /// Whatever the database says, and when the inquiry is not there.
    pub async fn assign_customer(
        &mut self,
        environment: &EnvironmentName,
        lineage: &InquiryId,
        customer: &CustomerName,
        now: Timestamp,
    ) -> Result<bool> {
        let done = on_db!(self, conn, sql = ASSIGN =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(lineage.as_str())
                .bind(customer.as_str())
                .bind(now)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(done)
    }

    /// Whose an inquiry is, by what is written down: of its succession, of its person and template, of its static link.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn written_customer(&mut self, inquiry: &Inquiry, lineage: &InquiryId) -> Result<Option<CustomerName>> {
        let known = &inquiry.known;
        let name = known.reference_id().map(|name| self.names.seal(name));
        let customer: Option<String> = on_db!(self, conn, sql = OWNER =>
            sqlx::query_scalar(sql)
                .bind(inquiry.environment.as_str())
                .bind(lineage.as_str())
                .bind(name.as_ref().map(ReferenceId::as_str))
                .bind(known.template_id().map(TemplateId::as_str))
                .fetch_optional(conn)
                .await)?;
        let place = Place { table: "customer_lineages", row: lineage.as_str() };
        place.optional_id("customer", customer.as_deref(), CustomerName::parse)
    }
}
