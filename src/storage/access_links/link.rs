//! The rows of access links.

use std::fmt;

use sqlx::QueryBuilder;

use crate::domain::ids::{ActionId, EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::page::{Cursor, Page};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// What a link is known by. It opens nothing: the link itself carries a proof besides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(String);

/// An access link as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLink {
    /// Its id.
    pub id: LinkId,
    /// The environment of its verification.
    pub environment: EnvironmentName,
    /// The first inquiry of the verification it leads into.
    pub lineage: InquiryId,
    /// The action whose notice carries it; `None` for one that somebody asked for.
    pub made_for: Option<ActionId>,
    /// How often it was opened.
    pub opens: u32,
    /// How often it may be.
    pub max_opens: u32,
    /// When it was made, by our clock.
    pub created_at: Timestamp,
    /// Until when it opens.
    pub expires_at: Timestamp,
    /// When an opening was last counted.
    pub last_opened_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// By whom.
    pub revoked_by: Option<String>,
    /// Why.
    pub revoked_why: Option<String>,
}

/// A link to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// Its id.
    pub id: LinkId,
    /// The environment of its verification.
    pub environment: EnvironmentName,
    /// The first inquiry of the verification.
    pub lineage: InquiryId,
    /// The action whose notice carries it.
    pub made_for: Option<ActionId>,
    /// How often it may be opened.
    pub max_opens: u32,
    /// Now, by our clock.
    pub created_at: Timestamp,
    /// Until when it opens.
    pub expires_at: Timestamp,
}

/// Which links to list; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkFilter {
    /// Of this environment.
    pub environment: Option<EnvironmentName>,
    /// Of this verification.
    pub lineage: Option<InquiryId>,
}

macro_rules! columns {
    () => {
        "id, environment, lineage, made_for, opens, max_opens, created_at, expires_at, last_opened_at, revoked_at, \
         revoked_by, revoked_why"
    };
}

statements! {
    ONE { concat!("SELECT ", columns!(), " FROM access_links WHERE id = $1") }
    MADE_FOR { concat!("SELECT ", columns!(), " FROM access_links WHERE made_for = $1") }
    // Of those nobody in particular was given, the one that opens longest.
    USABLE {
        concat!("SELECT ", columns!(), " FROM access_links
                 WHERE environment = $1 AND lineage = $2 AND made_for IS NULL AND revoked_at IS NULL
                   AND opens < max_opens AND expires_at > $3
                 ORDER BY expires_at DESC, id LIMIT 1")
    }
    ADD {
        "INSERT INTO access_links (id, environment, lineage, made_for, max_opens, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"
    }
}

impl LinkId {
    /// Reads an id as it is shown or stored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (text.len() == 16 && text.chars().all(plain)).then(|| Self(text.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Tx {
    /// One link.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn access_link(&mut self, id: &LinkId) -> Result<Option<AccessLink>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = ONE => sqlx::query_as(sql).bind(id.as_str()).fetch_optional(conn).await)?;
        row.map(AccessLink::try_from).transpose()
    }

    /// The link that an action's notice carries.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn access_link_made_for(&mut self, action: &ActionId) -> Result<Option<AccessLink>> {
        let row: Option<Row> =
            on_db!(self, conn, sql = MADE_FOR => sqlx::query_as(sql).bind(action.as_str()).fetch_optional(conn).await)?;
        row.map(AccessLink::try_from).transpose()
    }

    /// A link of a verification that was made for nobody in particular and still opens after `until`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn usable_access_link(
        &mut self,
        environment: &EnvironmentName,
        lineage: &InquiryId,
        until: Timestamp,
    ) -> Result<Option<AccessLink>> {
        let row: Option<Row> = on_db!(self, conn, sql = USABLE =>
            sqlx::query_as(sql)
                .bind(environment.as_str())
                .bind(lineage.as_str())
                .bind(until)
                .fetch_optional(conn)
                .await)?;
        row.map(AccessLink::try_from).transpose()
    }

    /// Adds a link; false when the action it is made for has one already.
    ///
    /// # Errors
    /// Whatever the database says, and when the inquiry is not there.
    pub async fn add_access_link(&mut self, link: &NewLink) -> Result<bool> {
        let added = on_db!(self, conn, sql = ADD =>
            sqlx::query(sql)
                .bind(link.id.as_str())
                .bind(link.environment.as_str())
                .bind(link.lineage.as_str())
                .bind(link.made_for.as_ref().map(ActionId::as_str))
                .bind(i32::try_from(link.max_opens).unwrap_or(i32::MAX))
                .bind(link.created_at)
                .bind(link.expires_at)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(added)
    }

    /// The links that pass the filter, last made first, `limit` at a time.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_access_links(
        &mut self,
        filter: &LinkFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<AccessLink>> {
        let rows: Vec<Row> = on_db!(self, conn => {
            let mut query = QueryBuilder::new(concat!("SELECT ", columns!(), " FROM access_links WHERE 1 = 1"));
            if let Some(environment) = &filter.environment {
                query.push(" AND environment = ").push_bind(environment.as_str());
            }
            if let Some(lineage) = &filter.lineage {
                query.push(" AND lineage = ").push_bind(lineage.as_str());
            }
            if let Some(after) = after {
                query.push(" AND (created_at, id) < (").push_bind(after.at).push(", ").push_bind(after.id.as_str());
                query.push(")");
            }
            query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(conn).await
        })?;
        let place = |row: &Row| Cursor { at: row.created_at, environment: row.environment.clone(), id: row.id.clone() };
        Page::of(rows, limit, place)
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    environment: String,
    lineage: String,
    made_for: Option<String>,
    opens: i32,
    max_opens: i32,
    created_at: Timestamp,
    expires_at: Timestamp,
    last_opened_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    revoked_by: Option<String>,
    revoked_why: Option<String>,
}

impl TryFrom<Row> for AccessLink {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "access_links", row: &row.id };
        Ok(Self {
            id: place.some("id", LinkId::parse(&row.id))?,
            environment: place.environment(&row.environment)?,
            lineage: place.id("lineage", &row.lineage, InquiryId::parse)?,
            made_for: place.optional_id("made_for", row.made_for.as_deref(), ActionId::parse)?,
            opens: place.count("opens", row.opens)?,
            max_opens: place.count("max_opens", row.max_opens)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_opened_at: row.last_opened_at,
            revoked_at: row.revoked_at,
            revoked_by: row.revoked_by,
            revoked_why: row.revoked_why,
        })
    }
}
