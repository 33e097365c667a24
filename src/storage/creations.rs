//! Inquiries made because an application asked: who asks Persona, and what may have been asked for.

use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId, ReferenceId, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// Whose inquiry of which template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreationKey {
    /// In this environment.
    pub environment: EnvironmentName,
    /// For the person of this name.
    pub reference_id: ReferenceId,
    /// Of this template.
    pub template: TemplateId,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// Whose they are.
    pub customer: Option<CustomerName>,
    /// Part of the idempotency key.
    pub generation: u32,
    /// Since then one may have been made of which nobody knows.
    pub asked_at: Option<Timestamp>,
    /// Until when somebody else asks.
    pub held_until: Option<Timestamp>,
}

statements! {
    OPEN {
        "INSERT INTO creations (environment, reference_id, template_id, generation, touched_at) VALUES ($1, $2, $3, 0, $4)
         ON CONFLICT (environment, reference_id, template_id) DO NOTHING"
    }
    FIND {
        lock "SELECT customer, generation, asked_at, held_until FROM creations
              WHERE environment = $1 AND reference_id = $2 AND template_id = $3"
    }
    HOLD {
        "UPDATE creations
         SET holder = $4, held_until = $5, customer = COALESCE(customer, $6), generation = generation + 1,
             asked_at = COALESCE(asked_at, $7), touched_at = $7
         WHERE environment = $1 AND reference_id = $2 AND template_id = $3"
    }
    MADE {
        "UPDATE creations SET inquiry_id = $4, asked_at = NULL, holder = NULL, held_until = NULL
         WHERE environment = $1 AND reference_id = $2 AND template_id = $3"
    }
    REFUSED {
        "UPDATE creations SET asked_at = NULL, holder = NULL, held_until = NULL
         WHERE environment = $1 AND reference_id = $2 AND template_id = $3 AND holder = $4"
    }
    LEAVE {
        "UPDATE creations SET holder = NULL, held_until = NULL
         WHERE environment = $1 AND reference_id = $2 AND template_id = $3 AND holder = $4"
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    customer: Option<String>,
    generation: i32,
    asked_at: Option<Timestamp>,
    held_until: Option<Timestamp>,
}

impl Tx {
    /// The row of a person's inquiries of one template, locked; made at `now` where there is none.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn open_creation(&mut self, key: &CreationKey, now: Timestamp) -> Result<Creation> {
        let name = self.names.seal(&key.reference_id);
        let row: Row = on_db!(self, conn => sqlite {
            sqlx::query(OPEN.sqlite).bind(key.environment.as_str()).bind(name.as_str())
                .bind(key.template.as_str()).bind(now).execute(&mut *conn).await?;
            sqlx::query_as(FIND.sqlite).bind(key.environment.as_str()).bind(name.as_str())
                .bind(key.template.as_str()).fetch_one(conn).await
        } postgres {
            sqlx::query(OPEN.postgres).bind(key.environment.as_str()).bind(name.as_str())
                .bind(key.template.as_str()).bind(now).execute(&mut *conn).await?;
            sqlx::query_as(FIND.postgres).bind(key.environment.as_str()).bind(name.as_str())
                .bind(key.template.as_str()).fetch_one(conn).await
        })?;
        let place = Place { table: "creations", row: key.template.as_str() };
        Ok(Creation {
            customer: place.optional_id("customer", row.customer.as_deref(), CustomerName::parse)?,
            generation: place.count("generation", row.generation)?,
            asked_at: row.asked_at,
            held_until: row.held_until,
        })
    }

    /// Takes the right to ask Persona, under the next number, and writes down that one may be made from now on.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn hold_creation(
        &mut self,
        key: &CreationKey,
        holder: &str,
        until: Timestamp,
        customer: Option<&CustomerName>,
        now: Timestamp,
    ) -> Result<()> {
        let name = self.names.seal(&key.reference_id);
        on_db!(self, conn, sql = HOLD =>
            sqlx::query(sql)
                .bind(key.environment.as_str())
                .bind(name.as_str())
                .bind(key.template.as_str())
                .bind(holder)
                .bind(until)
                .bind(customer.map(CustomerName::as_str))
                .bind(now)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// Writes down what was made.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn creation_made(&mut self, key: &CreationKey, inquiry: &InquiryId) -> Result<()> {
        self.end_creation(MADE, key, inquiry.as_str()).await
    }

    /// Writes down that Persona refused: nothing was made.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn creation_refused(&mut self, key: &CreationKey, holder: &str) -> Result<()> {
        self.end_creation(REFUSED, key, holder).await
    }

    /// Gives the right back without knowing whether one was made.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn leave_creation(&mut self, key: &CreationKey, holder: &str) -> Result<()> {
        self.end_creation(LEAVE, key, holder).await
    }

    async fn end_creation(&mut self, statement: crate::storage::Sql, key: &CreationKey, last: &str) -> Result<()> {
        let name = self.names.seal(&key.reference_id);
        on_db!(self, conn, sql = statement =>
            sqlx::query(sql)
                .bind(key.environment.as_str())
                .bind(name.as_str())
                .bind(key.template.as_str())
                .bind(last)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }
}
