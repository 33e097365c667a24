//! Who was told what, when, by which channel. People stand in it by keyed hashes.

use crate::domain::addressee::{Occasion, Told};
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId, NotifierName};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::transaction::Tx;

stored_words! {
    /// What somebody was told.
    Kind {
        /// That something is left to do.
        Remind = "remind",
        /// A link that they asked for.
        Invite = "invite",
    }
}

/// One notice by one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotice {
    /// The action it comes from.
    pub action: ActionId,
    /// The environment of the inquiry.
    pub environment: EnvironmentName,
    /// The inquiry.
    pub inquiry: InquiryId,
    /// What it says.
    pub kind: Kind,
    /// What it is for: the same for every channel by which one thing is told.
    pub occasion: Occasion,
    /// The channel.
    pub notifier: NotifierName,
    /// Whom it is for, as a keyed hash.
    pub person: String,
    /// When it was handed over.
    pub told_at: Timestamp,
}

statements! {
    RECORD {
        "INSERT INTO notices (action_id, environment, inquiry_id, kind, occasion, notifier, person, told_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (action_id) DO UPDATE SET told_at = excluded.told_at, person = excluded.person"
    }
    WITHDRAW { "DELETE FROM notices WHERE action_id = $1" }
    LOCK { sqlite "", postgres "SELECT pg_advisory_xact_lock(hashtextextended('told' || $1, 22))" }
    TOLD {
        sqlite "SELECT notices.person, notices.occasion, notices.told_at
                FROM json_each($1) AS wanted CROSS JOIN notices
                ON notices.person = wanted.value AND notices.told_at > $2 AND notices.kind = 'remind'",
        postgres "SELECT found.person, found.occasion, found.told_at
                  FROM unnest($1::text[]) AS wanted (person)
                  CROSS JOIN LATERAL (
                      SELECT person, occasion, told_at FROM notices
                      WHERE notices.person = wanted.person AND notices.told_at > $2 AND notices.kind = 'remind'
                      ORDER BY notices.person, notices.told_at DESC LIMIT 1000
                  ) AS found"
    }
    ONE {
        "SELECT action_id, environment, inquiry_id, kind, occasion, notifier, person, told_at
         FROM notices WHERE action_id = $1"
    }
}

impl Tx {
    /// Lets nobody else record a notice for a person until the transaction ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn lock_told(&mut self, person: &str) -> Result<()> {
        on_db!(self, conn => sqlite {
            // A write transaction is alone from its start.
            let _ = (conn, person);
        } postgres {
            sqlx::query(LOCK.postgres).bind(person).execute(conn).await?;
        });
        Ok(())
    }

    /// Records a notice that is about to be handed over; a repetition moves its time.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn record_notice(&mut self, notice: &StoredNotice) -> Result<()> {
        on_db!(self, conn, sql = RECORD =>
            sqlx::query(sql)
                .bind(notice.action.as_str())
                .bind(notice.environment.as_str())
                .bind(notice.inquiry.as_str())
                .bind(notice.kind.as_str())
                .bind(notice.occasion.as_str())
                .bind(notice.notifier.as_str())
                .bind(notice.person.as_str())
                .bind(notice.told_at)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// Takes back a notice that was not handed over.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn withdraw_notice(&mut self, action: &ActionId) -> Result<()> {
        on_db!(self, conn, sql = WITHDRAW => sqlx::query(sql).bind(action.as_str()).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// What people were told after a time, those links left out that they asked for.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn told_since(&mut self, people: &[&str], since: Timestamp) -> Result<Vec<(String, Told)>> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(String, String, Timestamp)> = on_db!(self, conn => sqlite {
            sqlx::query_as(TOLD.sqlite).bind(json(&people)).bind(since).fetch_all(conn).await
        } postgres {
            sqlx::query_as(TOLD.postgres).bind(people).bind(since).fetch_all(conn).await
        })?;
        let told = |(person, occasion, at)| (person, Told { occasion: Occasion::stored(occasion), at });
        Ok(rows.into_iter().map(told).collect())
    }

    /// The notice of an action.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn notice(&mut self, action: &ActionId) -> Result<Option<StoredNotice>> {
        let row: Option<Row> = on_db!(self, conn, sql = ONE =>
            sqlx::query_as(sql).bind(action.as_str()).fetch_optional(conn).await)?;
        row.map(StoredNotice::try_from).transpose()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    action_id: String,
    environment: String,
    inquiry_id: String,
    kind: String,
    occasion: String,
    notifier: String,
    person: String,
    told_at: Timestamp,
}

impl TryFrom<Row> for StoredNotice {
    type Error = crate::storage::StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let at = Place { table: "notices", row: &row.action_id };
        Ok(Self {
            action: at.id("action_id", &row.action_id, ActionId::parse)?,
            environment: at.environment(&row.environment)?,
            inquiry: at.id("inquiry_id", &row.inquiry_id, InquiryId::parse)?,
            kind: at.some("kind", Kind::parse(&row.kind))?,
            occasion: Occasion::stored(row.occasion.clone()),
            notifier: at.id("notifier", &row.notifier, NotifierName::parse)?,
            person: row.person.clone(),
            told_at: row.told_at,
        })
    }
}
