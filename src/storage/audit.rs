//! The audit: records of what operators did, each bound to the one before it.

use sqlx::QueryBuilder;

use crate::domain::act::Act;
use crate::domain::deed::{Deed, Entry, Head};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// Which records to list; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeedFilter {
    /// In this environment; what concerns all environments is left out then.
    pub environment: Option<EnvironmentName>,
    /// By this operator.
    pub who: Option<String>,
    /// Of this kind.
    pub act: Option<Act>,
    /// To the thing with this id.
    pub about: Option<String>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this number, which is how a list is gone on with.
    pub before: Option<u64>,
}

macro_rules! columns {
    () => {
        "number, at, environment, who, role, how, act, about_kind, about_id, reason, address, previous, hash"
    };
}

statements! {
    // Held until the end of the transaction: records come one by one.
    LOCK_HEAD { lock "SELECT number, hash FROM audit_head WHERE place = 1" }
    READ_HEAD { "SELECT number, hash FROM audit_head" }
    MOVE_HEAD { "UPDATE audit_head SET number = $1, hash = $2 WHERE place = 1" }
    ADD {
        concat!("INSERT INTO audit (", columns!(), ")
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
    }
    AFTER { concat!("SELECT ", columns!(), " FROM audit WHERE number > $1 ORDER BY number LIMIT $2") }
}

impl Tx {
    /// Records what somebody does, in the transaction that does it; its number. Take it last: whoever else records
    /// something waits until this transaction ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn record_deed(&mut self, deed: &Deed) -> Result<u64> {
        let row: Option<(i64, Vec<u8>)> =
            on_db!(self, conn, sql = LOCK_HEAD => sqlx::query_as(sql).fetch_optional(conn).await)?;
        let entry = deed.entry(&head(row)?);
        let (kind, id) = entry.about.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str())).unzip();
        on_db!(self, conn, sql = ADD =>
            sqlx::query(sql)
                .bind(signed(entry.number))
                .bind(entry.at)
                .bind(entry.environment.as_deref())
                .bind(&entry.who)
                .bind(&entry.role)
                .bind(&entry.how)
                .bind(&entry.act)
                .bind(kind)
                .bind(id)
                .bind(entry.reason.as_deref())
                .bind(entry.address.as_deref())
                .bind(entry.previous.as_slice())
                .bind(entry.hash.as_slice())
                .execute(conn)
                .await
                .map(drop))?;
        on_db!(self, conn, sql = MOVE_HEAD =>
            sqlx::query(sql).bind(signed(entry.number)).bind(entry.hash.as_slice()).execute(conn).await.map(drop))?;
        Ok(entry.number)
    }

    /// Where the chain ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn audit_head(&mut self) -> Result<Head> {
        let row: Option<(i64, Vec<u8>)> =
            on_db!(self, conn, sql = READ_HEAD => sqlx::query_as(sql).fetch_optional(conn).await)?;
        head(row)
    }

    /// The records behind a number, oldest first, for going through all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn deeds_after(&mut self, number: u64, limit: u32) -> Result<Vec<Entry>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = AFTER =>
            sqlx::query_as(sql).bind(signed(number)).bind(i64::from(limit)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// The records that pass the filter, newest first, at most `limit`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_deeds(&mut self, filter: &DeedFilter, limit: u32) -> Result<Vec<Entry>> {
        let rows: Vec<Row> = on_db!(self, conn => {
            let mut query = QueryBuilder::new(concat!("SELECT ", columns!(), " FROM audit WHERE 1 = 1"));
            if let Some(environment) = &filter.environment {
                query.push(" AND environment = ").push_bind(environment.as_str());
            }
            if let Some(who) = &filter.who {
                query.push(" AND who = ").push_bind(who);
            }
            if let Some(act) = filter.act {
                query.push(" AND act = ").push_bind(act.as_str());
            }
            if let Some(about) = &filter.about {
                query.push(" AND about_id = ").push_bind(about);
            }
            if let Some(since) = filter.since {
                query.push(" AND at >= ").push_bind(since);
            }
            if let Some(before) = filter.before {
                query.push(" AND number < ").push_bind(signed(before));
            }
            query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::from(limit));
            query.build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    at: Timestamp,
    environment: Option<String>,
    who: String,
    role: String,
    how: String,
    act: String,
    about_kind: Option<String>,
    about_id: Option<String>,
    reason: Option<String>,
    address: Option<String>,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            // A number below zero can only be written by hand; 0 is missed by whoever goes through the chain.
            number: u64::try_from(row.number).unwrap_or(0),
            at: row.at,
            environment: row.environment,
            who: row.who,
            role: row.role,
            how: row.how,
            act: row.act,
            about: row.about_kind.zip(row.about_id),
            reason: row.reason,
            address: row.address,
            previous: row.previous,
            hash: row.hash,
        }
    }
}

/// A head that is gone or damaged is an error here: nothing may be recorded behind it.
fn head(row: Option<(i64, Vec<u8>)>) -> Result<Head, StorageError> {
    let place = Place { table: "audit_head", row: "1" };
    let (number, hash) = place.some("number", row)?;
    let number = place.some("number", u64::try_from(number).ok())?;
    Ok(Head { number, hash: place.some("hash", hash.try_into().ok())? })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
