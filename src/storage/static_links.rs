//! Static links: opaque reference ids, and whom they stand for.

use crate::domain::ids::{CustomerName, EnvironmentName, ReferenceId, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::names::Names;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

/// One static link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticLink {
    /// In this environment.
    pub environment: EnvironmentName,
    /// The reference id that Persona is given: it says nothing.
    pub reference_id: ReferenceId,
    /// Of this template.
    pub template: TemplateId,
    /// The application's own name for the person.
    pub known_as: ReferenceId,
    /// Whose it is.
    pub customer: Option<CustomerName>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// Persona's name for a person in an environment.
pub type Named = (EnvironmentName, ReferenceId);

macro_rules! columns {
    () => {
        "SELECT environment, reference_id, template_id, known_as, customer, made_at FROM static_links "
    };
}

statements! {
    KEEP {
        "INSERT INTO static_links (environment, reference_id, template_id, known_as, customer, made_at, touched_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (environment, template_id, known_as, customer) DO UPDATE
         SET touched_at = excluded.touched_at WHERE static_links.touched_at < excluded.touched_at"
    }
    SAME {
        concat!(columns!(), "WHERE environment = $1 AND template_id = $2 AND known_as = $3 AND customer = $4")
    }
    ONE { concat!(columns!(), "WHERE environment = $1 AND reference_id = $2") }
    KNOWN_AS {
        sqlite "SELECT found.environment, found.reference_id, found.known_as
                FROM jsonb_each($1) AS wanted CROSS JOIN static_links AS found
                ON found.environment = wanted.value ->> 0 AND found.reference_id = wanted.value ->> 1",
        postgres "SELECT found.environment, found.reference_id, found.known_as
                  FROM unnest($1::text[], $2::text[]) AS wanted (environment, reference_id)
                  CROSS JOIN LATERAL (
                      SELECT environment, reference_id, known_as FROM static_links
                      WHERE environment = wanted.environment AND reference_id = wanted.reference_id LIMIT 1
                  ) AS found"
    }
    NAMED { concat!(columns!(), "WHERE known_as = $1 ORDER BY environment, reference_id LIMIT 100") }
}

impl Tx {
    /// Keeps a static link; the one there is for the same person, template and customer, if there is one: that was
    /// asked for once more then.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn keep_static_link(&mut self, link: &StaticLink) -> Result<StaticLink> {
        let customer = link.customer.as_ref().map_or("", CustomerName::as_str);
        let (name, known_as) = (self.names.seal(&link.reference_id), self.names.seal(&link.known_as));
        on_db!(self, conn, sql = KEEP =>
            sqlx::query(sql)
                .bind(link.environment.as_str())
                .bind(name.as_str())
                .bind(link.template.as_str())
                .bind(known_as.as_str())
                .bind(customer)
                .bind(link.made_at)
                .execute(conn)
                .await
                .map(drop))?;
        let row: Row = on_db!(self, conn, sql = SAME =>
            sqlx::query_as(sql)
                .bind(link.environment.as_str())
                .bind(link.template.as_str())
                .bind(known_as.as_str())
                .bind(customer)
                .fetch_one(conn)
                .await)?;
        row.read(&self.names)
    }

    /// The static link of an opaque reference id.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn static_link(
        &mut self,
        environment: &EnvironmentName,
        reference_id: &ReferenceId,
    ) -> Result<Option<StaticLink>> {
        let name = self.names.seal(reference_id);
        let row: Option<Row> = on_db!(self, conn, sql = ONE =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(name.as_str()).fetch_optional(conn).await)?;
        row.map(|row| row.read(&self.names)).transpose()
    }

    /// Of people by Persona's names for them: the application's own names, where Persona was given opaque ones.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn known_as(&mut self, people: &[&Named]) -> Result<Vec<(Named, ReferenceId)>> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<ReferenceId> = people.iter().map(|(_, reference)| self.names.seal(reference)).collect();
        let references: Vec<&str> = names.iter().map(ReferenceId::as_str).collect();
        let environments: Vec<&str> = people.iter().map(|(environment, _)| environment.as_str()).collect();
        let rows: Vec<(String, String, String)> = on_db!(self, conn => sqlite {
            let pairs: Vec<_> = environments.into_iter().zip(references).collect();
            sqlx::query_as(KNOWN_AS.sqlite).bind(json(&pairs)).fetch_all(conn).await
        } postgres {
            sqlx::query_as(KNOWN_AS.postgres).bind(environments).bind(references).fetch_all(conn).await
        })?;
        let read = |(environment, reference, known_as): (String, String, String)| {
            let place = Place { table: "static_links", row: &reference };
            let reference_id = self.names.open(place.id("reference_id", &reference, ReferenceId::parse)?);
            let known_as = self.names.open(place.id("known_as", &known_as, ReferenceId::parse)?);
            Ok(((place.environment(&environment)?, reference_id), known_as))
        };
        rows.into_iter().map(read).collect()
    }

    /// The static links of a person by the application's own name, 100 at most.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn static_links_of(&mut self, known_as: &ReferenceId) -> Result<Vec<StaticLink>> {
        let name = self.names.seal(known_as);
        let rows: Vec<Row> =
            on_db!(self, conn, sql = NAMED => sqlx::query_as(sql).bind(name.as_str()).fetch_all(conn).await)?;
        rows.into_iter().map(|row| row.read(&self.names)).collect()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    reference_id: String,
    template_id: String,
    known_as: String,
    customer: String,
    made_at: Timestamp,
}

impl Row {
    fn read(self, names: &Names) -> Result<StaticLink> {
        let row = self;
        let place = Place { table: "static_links", row: &row.template_id };
        let customer = Some(row.customer.as_str()).filter(|customer| !customer.is_empty());
        Ok(StaticLink {
            environment: place.environment(&row.environment)?,
            reference_id: names.open(place.id("reference_id", &row.reference_id, ReferenceId::parse)?),
            template: place.id("template_id", &row.template_id, TemplateId::parse)?,
            known_as: names.open(place.id("known_as", &row.known_as, ReferenceId::parse)?),
            customer: place.optional_id("customer", customer, CustomerName::parse)?,
            made_at: row.made_at,
        })
    }
}
