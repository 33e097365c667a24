//! Locking inquiries and writing them, as many at once as there are.

use crate::domain::ids::{EnvironmentName, InquiryId, TemplateId};
use crate::domain::inquiry::{Inquiry, Person};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::columns::{Columns, json_rows};
use crate::storage::inquiries::state;
use crate::storage::names::Names;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

/// What an inquiry is found by.
pub type InquiryKey = (EnvironmentName, InquiryId);

/// Whom and what for, in one environment: inquiries that share it are planned together. Without a template: those of
/// which none is known.
pub type GroupKey = (EnvironmentName, Person, Option<TemplateId>);

macro_rules! written_columns {
    () => {
        "environment, id, status, person, reference_id, account_id, template_id, template_version_id, created_at, \
         expires_at, began_at, last_observed_at, redacted, state"
    };
}

/// Rows to be written, as each database is handed them: JSON to SQLite, arrays to PostgreSQL.
macro_rules! insert_rows {
    (sqlite) => {
        concat!(
            "INSERT INTO inquiries (",
            written_columns!(),
            ", lineage, first_seen_at, updated_at)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                    value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13,
                    value ->> 1, $2, $2
             FROM jsonb_each($1) WHERE true
             ON CONFLICT (environment, id) "
        )
    };
    (postgres) => {
        concat!(
            "INSERT INTO inquiries (",
            written_columns!(),
            ", lineage, first_seen_at, updated_at)
             SELECT ",
            written_columns!(),
            ", id, $2, $2
             FROM unnest($1::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
                         $14::boolean[], $15::text[]) AS given (",
            written_columns!(),
            ")
             ON CONFLICT (environment, id) "
        )
    };
}

macro_rules! overwrite {
    () => {
        "DO UPDATE
         SET status = excluded.status, person = excluded.person, reference_id = excluded.reference_id,
             account_id = excluded.account_id, template_id = excluded.template_id,
             template_version_id = excluded.template_version_id, created_at = excluded.created_at,
             expires_at = excluded.expires_at, began_at = excluded.began_at,
             last_observed_at = excluded.last_observed_at, redacted = excluded.redacted, state = excluded.state,
             updated_at = excluded.updated_at"
    };
}

statements! {
    PEEK {
        sqlite "SELECT found.environment, found.id, found.state
                FROM jsonb_each($1) AS wanted
                CROSS JOIN inquiries AS found
                ON found.environment = wanted.value ->> 0 AND found.id = wanted.value ->> 1",
        // A look-up by key for each, whatever the statistics say: only the key has them in this order.
        postgres "SELECT found.environment, found.id, found.state
                  FROM unnest($1::text[], $2::text[]) AS wanted (environment, id)
                  CROSS JOIN LATERAL (
                      SELECT environment, id, state FROM inquiries
                      WHERE id >= wanted.id AND id <= wanted.id AND environment = wanted.environment
                      ORDER BY id LIMIT 1
                  ) AS found"
    }
    LOCK_PEOPLE {
        sqlite "",
        // Any two texts may share a number: the worst that follows is a wait. In the order of the numbers, because
        // those are what is locked.
        postgres "SELECT pg_advisory_xact_lock(number)
                  FROM (SELECT DISTINCT hashtextextended(name, 0) AS number FROM unnest($1::text[]) AS people (name)
                        ORDER BY number) AS sorted"
    }
    LOCK {
        sqlite "SELECT found.environment, found.id, found.state
                FROM (SELECT value ->> 0 AS environment, value ->> 1 AS id FROM jsonb_each($1)
                      UNION
                      SELECT member.environment, member.id
                      FROM jsonb_each($2) AS party
                      CROSS JOIN inquiries AS member
                      ON member.environment = party.value ->> 0 AND member.person = party.value ->> 1
                         AND member.template_id IS (party.value ->> 2)) AS wanted
                CROSS JOIN inquiries AS found ON found.environment = wanted.environment AND found.id = wanted.id
                ORDER BY found.environment, found.id",
        postgres r#"SELECT found.environment, found.id, found.state
                    FROM (SELECT environment COLLATE "C" AS environment, id COLLATE "C" AS id
                          FROM unnest($1::text[], $2::text[]) AS asked (environment, id)
                          UNION
                          SELECT member.environment, member.id
                          FROM unnest($3::text[], $4::text[], $5::text[]) AS party (environment, person, template_id)
                          CROSS JOIN LATERAL (
                              SELECT environment, id FROM inquiries
                              WHERE person >= party.person AND person <= party.person
                                AND environment = party.environment
                                AND template_id IS NOT DISTINCT FROM party.template_id
                              ORDER BY person OFFSET 0
                          ) AS member
                          ORDER BY environment, id) AS wanted
                    CROSS JOIN LATERAL (
                        SELECT environment, id, state FROM inquiries
                        WHERE id >= wanted.id AND id <= wanted.id AND environment = wanted.environment
                        ORDER BY id LIMIT 1 FOR UPDATE
                    ) AS found"#
    }
    ADD {
        sqlite concat!(insert_rows!(sqlite), "DO NOTHING"),
        postgres concat!(insert_rows!(postgres), "DO NOTHING")
    }
    // The rows are there and locked: this way they are found by their key without a join to be planned.
    SAVE {
        sqlite concat!(insert_rows!(sqlite), overwrite!()),
        postgres concat!(insert_rows!(postgres), overwrite!())
    }
    MARK_READ { "UPDATE inquiries SET read_at = $3 WHERE environment = $1 AND id = $2" }
}

impl Tx {
    /// The inquiries of these keys that are there, without a lock.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn peek_inquiries(&mut self, keys: &[&InquiryKey]) -> Result<Vec<Inquiry>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (environments, ids) = split(keys);
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            sqlx::query_as(PEEK.sqlite).bind(json(&pairs(&environments, &ids))).fetch_all(conn).await
        } postgres {
            sqlx::query_as(PEEK.postgres).bind(environments).bind(ids).fetch_all(conn).await
        })?;
        rows.into_iter().map(|row| row.read(&self.names)).collect()
    }

    /// Locks people until the transaction ends, before any of their inquiries: of two transactions that each bring
    /// one person a new inquiry, the second then sees what the first made.
    ///
    /// All at once, because two transactions that lock some now and some later can wait for each other.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_people<'a>(
        &mut self,
        people: impl IntoIterator<Item = (&'a EnvironmentName, &'a Person)>,
    ) -> Result<()> {
        let names = self.names.clone();
        on_db!(self, conn => sqlite {
            // A write transaction is alone from its start.
            let _ = (conn, people, names);
        } postgres {
            let name = |(environment, person)| format!("{environment}\u{1f}{}", names.person(person));
            let people: Vec<String> = people.into_iter().map(name).collect();
            if !people.is_empty() {
                sqlx::query(LOCK_PEOPLE.postgres).bind(people).execute(conn).await?;
            }
        });
        Ok(())
    }

    /// The inquiries of these keys that are there, and every member of these groups, in the order of their keys,
    /// locked until the transaction ends. Take [`Tx::lock_people`] before.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_inquiries(&mut self, keys: &[&InquiryKey], groups: &[&GroupKey]) -> Result<Vec<Inquiry>> {
        let (environments, ids) = split(keys);
        let places: Vec<&str> = groups.iter().map(|(environment, ..)| environment.as_str()).collect();
        let people: Vec<String> = groups.iter().map(|(_, person, _)| self.names.person(person)).collect();
        let templates: Vec<Option<&str>> =
            groups.iter().map(|(.., template)| template.as_ref().map(TemplateId::as_str)).collect();
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            let parties = places.iter().zip(&people).zip(&templates);
            let parties: Vec<_> = parties.map(|((place, person), template)| (place, person, template)).collect();
            sqlx::query_as(LOCK.sqlite)
                .bind(json(&pairs(&environments, &ids)))
                .bind(json(&parties))
                .fetch_all(conn)
                .await
        } postgres {
            sqlx::query_as(LOCK.postgres)
                .bind(environments)
                .bind(ids)
                .bind(places)
                .bind(people)
                .bind(templates)
                .fetch_all(conn)
                .await
        })?;
        rows.into_iter().map(|row| row.read(&self.names)).collect()
    }

    /// Adds inquiries that were not there; gives how many were added. Fewer means that another process was faster.
    ///
    /// They should come in the order of their keys, so that two transactions can't wait for each other.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn add_inquiries(&mut self, inquiries: &[&Inquiry], now: Timestamp) -> Result<usize> {
        let added = self.write(ADD, inquiries, now).await?;
        if added == inquiries.len() {
            self.added.extend(inquiries.iter().map(|one| (one.id.clone(), one.environment.clone())));
        }
        Ok(added)
    }

    /// Saves inquiries that were locked, and the columns that follow from them.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn save_inquiries(&mut self, inquiries: &[&Inquiry], now: Timestamp) -> Result<()> {
        self.write(SAVE, inquiries, now).await.map(drop)
    }

    async fn write(&mut self, sql: crate::storage::Sql, inquiries: &[&Inquiry], now: Timestamp) -> Result<usize> {
        if inquiries.is_empty() {
            return Ok(0);
        }
        let sealed = self.names.seal_all(inquiries);
        let sealed: Option<Vec<&Inquiry>> = sealed.as_ref().map(|all| all.iter().collect());
        let inquiries = sealed.as_deref().unwrap_or(inquiries);
        let written = on_db!(self, conn => sqlite {
            let rows = json_rows(inquiries);
            sqlx::query(sql.sqlite).bind(rows).bind(now).execute(conn).await.map(|done| done.rows_affected())
        } postgres {
            let columns = Columns::of(inquiries);
            let query = sqlx::query(sql.postgres).bind(columns.environment).bind(now);
            query
                .bind(columns.id)
                .bind(columns.status)
                .bind(columns.person)
                .bind(columns.reference_id)
                .bind(columns.account_id)
                .bind(columns.template_id)
                .bind(columns.template_version_id)
                .bind(columns.created_at)
                .bind(columns.expires_at)
                .bind(columns.began_at)
                .bind(columns.last_observed_at)
                .bind(columns.redacted)
                .bind(columns.state)
                .execute(conn)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(usize::try_from(written).unwrap_or(usize::MAX))
    }

    /// Remembers that the inquiry was read from Persona's API now.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn mark_read(&mut self, environment: &EnvironmentName, id: &InquiryId, now: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = MARK_READ =>
            sqlx::query(sql).bind(environment.as_str()).bind(id.as_str()).bind(now).execute(conn).await.map(drop))?;
        Ok(())
    }
}

/// Keys as two columns.
pub(in crate::storage) fn split<'a>(keys: &[&'a InquiryKey]) -> (Vec<&'a str>, Vec<&'a str>) {
    keys.iter().map(|(environment, id)| (environment.as_str(), id.as_str())).unzip()
}

/// Two columns as rows.
pub(in crate::storage) fn pairs<'a>(one: &[&'a str], other: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    one.iter().copied().zip(other.iter().copied()).collect()
}

/// The whole of an inquiry.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    environment: String,
    id: String,
    state: String,
}

impl Row {
    /// What it says.
    pub(super) fn read(self, names: &Names) -> Result<Inquiry> {
        let row = self;
        // The name of the place is only made where it is needed: every row of a batch comes through here.
        let read = || {
            let environment = EnvironmentName::parse(&row.environment).map_err(|_| "environment")?;
            let id = InquiryId::parse(&row.id).map_err(|_| "id")?;
            state::read(environment, id, &row.state).ok_or("state")
        };
        read().map(|inquiry| names.open_inquiry(inquiry)).map_err(|column| {
            Place { table: "inquiries", row: &format!("{}/{}", row.environment, row.id) }.inconsistent(column)
        })
    }
}
