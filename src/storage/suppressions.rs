//! What people do not want to be told: by person, address or lineage, by one channel or by any.

use sha2::{Digest, Sha256};

use crate::domain::ids::{CustomerName, EnvironmentName, NotifierName, ReferenceId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::names::Names;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

stored_words! {
    /// What a suppression goes by.
    Kind {
        /// A person, by the application's name for them.
        Person = "person",
        /// An address, by its keyed hash.
        Address = "address",
        /// One verification, by its first inquiry.
        Lineage = "lineage",
    }
}

/// One suppression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSuppression {
    /// What it goes by.
    pub kind: Kind,
    /// A reference id, a keyed hash in hex, or the id of an inquiry.
    pub value: String,
    /// In this environment; in all without.
    pub environment: Option<EnvironmentName>,
    /// For this customer's people; for everyone's without.
    pub customer: Option<CustomerName>,
    /// By this channel; by any without.
    pub notifier: Option<NotifierName>,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When, by our clock.
    pub at: Timestamp,
}

impl StoredSuppression {
    /// What it is known by: it follows from whom it is for, so that one that is said twice is one.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        let (environment, customer, notifier) = self.columns();
        for part in [self.kind.as_str(), &self.value, environment, customer, notifier] {
            hash.update(part);
            hash.update([0]);
        }
        format!("rks_{}", hex::encode(&hash.finalize()[..10]))
    }

    fn columns(&self) -> (&str, &str, &str) {
        (
            self.environment.as_ref().map_or("", EnvironmentName::as_str),
            self.customer.as_ref().map_or("", CustomerName::as_str),
            self.notifier.as_ref().map_or("", NotifierName::as_str),
        )
    }
}

macro_rules! columns {
    () => {
        "suppressions.id, suppressions.kind, suppressions.value, suppressions.environment, suppressions.customer,
         suppressions.notifier, suppressions.reason, suppressions.suppressed_by, suppressions.suppressed_at"
    };
}

statements! {
    ADD {
        "INSERT INTO suppressions (id, kind, value, environment, customer, notifier, reason, suppressed_by,
                                   suppressed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO NOTHING"
    }
    PEOPLE { "SELECT id, value FROM suppressions WHERE kind = 'person'" }
    RENAME { "UPDATE suppressions SET value = $2 WHERE id = $1" }
    REMOVE { "DELETE FROM suppressions WHERE id = $1" }
    ONE { concat!("SELECT ", columns!(), " FROM suppressions WHERE id = $1") }
    LIST { concat!("SELECT ", columns!(), " FROM suppressions WHERE id > $1 ORDER BY id LIMIT $2") }
    OF_CUSTOMER {
        concat!("SELECT ", columns!(), " FROM suppressions WHERE id > $1 AND customer = $3 ORDER BY id LIMIT $2")
    }
    OF_VALUES {
        sqlite concat!("SELECT ", columns!(), "
                        FROM json_each($1) AS wanted CROSS JOIN suppressions ON suppressions.value = wanted.value"),
        postgres concat!("SELECT ", columns!(), "
                          FROM unnest($1::text[]) AS wanted (value)
                          CROSS JOIN LATERAL (
                              SELECT * FROM suppressions WHERE suppressions.value = wanted.value
                              ORDER BY suppressions.value LIMIT 100
                          ) AS suppressions")
    }
}

impl Tx {
    /// Adds a suppression; false when it is there.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn suppress(&mut self, new: &StoredSuppression) -> Result<bool> {
        let (environment, customer, notifier) = new.columns();
        let value = if new.kind == Kind::Person { self.names.text(&new.value) } else { new.value.clone() };
        let added = on_db!(self, conn, sql = ADD =>
            sqlx::query(sql)
                .bind(new.id())
                .bind(new.kind.as_str())
                .bind(value.as_str())
                .bind(environment)
                .bind(customer)
                .bind(notifier)
                .bind(fit(&new.reason).as_ref())
                .bind(fit(&new.by).as_ref())
                .bind(new.at)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(added)
    }

    /// Keeps every person's name as it is to be kept from now on.
    ///
    /// # Errors
    /// Whatever the database says.
    pub(super) async fn rename_suppressions(&mut self) -> Result<()> {
        let rows: Vec<(String, String)> =
            on_db!(self, conn, sql = PEOPLE => sqlx::query_as(sql).fetch_all(conn).await)?;
        for (id, kept) in rows {
            let Ok(name) = ReferenceId::parse(&kept) else { continue };
            let value = self.names.seal(&self.names.open(name));
            on_db!(self, conn, sql = RENAME =>
                sqlx::query(sql).bind(&id).bind(value.as_str()).execute(conn).await.map(drop))?;
        }
        Ok(())
    }

    /// Takes a suppression away; false when it is not there.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn remove_suppression(&mut self, id: &str) -> Result<bool> {
        let removed = on_db!(self, conn, sql = REMOVE =>
            sqlx::query(sql).bind(id).execute(conn).await.map(|done| done.rows_affected() == 1))?;
        Ok(removed)
    }

    /// A suppression by its id.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn suppression(&mut self, id: &str) -> Result<Option<StoredSuppression>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = ONE => sqlx::query_as(sql).bind(id).fetch_optional(conn).await)?;
        row.map(|row| row.read(&self.names)).transpose()
    }

    /// Up to `most` suppressions after one, in the order of their ids: of one customer's people, or all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_suppressions(
        &mut self,
        after: &str,
        most: u32,
        customer: Option<&CustomerName>,
    ) -> Result<Vec<StoredSuppression>> {
        let rows: Vec<Row> = match customer {
            None => on_db!(self, conn, sql = LIST =>
                sqlx::query_as(sql).bind(after).bind(i64::from(most)).fetch_all(conn).await)?,
            Some(customer) => on_db!(self, conn, sql = OF_CUSTOMER =>
                sqlx::query_as(sql)
                    .bind(after)
                    .bind(i64::from(most))
                    .bind(customer.as_str())
                    .fetch_all(conn)
                    .await)?,
        };
        rows.into_iter().map(|row| row.read(&self.names)).collect()
    }

    /// The suppressions that go by any of these values, whatever they are.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn suppressions_of(&mut self, values: &[&str]) -> Result<Vec<StoredSuppression>> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        // Some are people's names, which may be kept otherwise.
        let mut kept: Vec<String> =
            values.iter().flat_map(|value| [(*value).to_owned(), self.names.text(value)]).collect();
        kept.sort_unstable();
        kept.dedup();
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            sqlx::query_as(OF_VALUES.sqlite).bind(json(&kept)).fetch_all(conn).await
        } postgres {
            sqlx::query_as(OF_VALUES.postgres).bind(kept).fetch_all(conn).await
        })?;
        rows.into_iter().map(|row| row.read(&self.names)).collect()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    kind: String,
    value: String,
    environment: String,
    customer: String,
    notifier: String,
    reason: String,
    suppressed_by: String,
    suppressed_at: Timestamp,
}

impl Row {
    fn read(self, names: &Names) -> Result<StoredSuppression> {
        let row = self;
        let at = Place { table: "suppressions", row: &row.id };
        let [environment, customer, notifier] = [&row.environment, &row.customer, &row.notifier]
            .map(|text| Some(text.as_str()).filter(|text| !text.is_empty()));
        let kind = at.some("kind", Kind::parse(&row.kind))?;
        let name = ReferenceId::parse(&row.value).ok().filter(|_| kind == Kind::Person);
        let name = name.map(|name| names.open(name).as_str().to_owned());
        Ok(StoredSuppression {
            kind,
            environment: at.optional_id("environment", environment, EnvironmentName::parse)?,
            customer: at.optional_id("customer", customer, CustomerName::parse)?,
            notifier: at.optional_id("notifier", notifier, NotifierName::parse)?,
            value: name.unwrap_or_else(|| row.value.clone()),
            reason: row.reason.clone(),
            by: row.suppressed_by.clone(),
            at: row.suppressed_at,
        })
    }
}
