//! Lists of inquiries: each a range of one index, in its order.

use crate::domain::ids::{AccountId, EnvironmentName, InquiryId, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::inquiry::Person;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::inquiries::filter::of_customer;
use crate::storage::inquiries::{InquiryFilter, InquiryOrder};
use crate::storage::names::Names;
use crate::storage::page::{Cursor, Page};
use crate::storage::parts::{LOOK, Parts};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// An inquiry in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InquiryRow {
    /// The environment it lives in.
    pub environment: EnvironmentName,
    /// Persona's id.
    pub id: InquiryId,
    /// The status; `None` while only spoken of in passing.
    pub status: Option<Status>,
    /// Whom it is for, as text.
    pub person: Option<String>,
    /// The application's name for the person.
    pub reference_id: Option<ReferenceId>,
    /// Persona's account of the person.
    pub account_id: Option<AccountId>,
    /// The template it was made from.
    pub template_id: Option<TemplateId>,
    /// The template version it is locked to.
    pub template_version_id: Option<TemplateVersionId>,
    /// When it was made, where Persona said so.
    pub created_at: Option<Timestamp>,
    /// The present deadline, where Persona said so.
    pub expires_at: Option<Timestamp>,
    /// When it was made, else first heard of, by Persona's clock.
    pub began_at: Option<Timestamp>,
    /// The latest moment anything was observed, by Persona's clock.
    pub last_observed_at: Option<Timestamp>,
    /// Whether the person's data was erased.
    pub redacted: bool,
    /// The first inquiry of the succession it belongs to.
    pub lineage: InquiryId,
    /// When it was last read from Persona's API, by our clock.
    pub read_at: Option<Timestamp>,
    /// When we first heard of it, by our clock.
    pub first_seen_at: Timestamp,
    /// When it was last saved, by our clock.
    pub updated_at: Timestamp,
}

macro_rules! columns {
    () => {
        "environment, id, status, person, reference_id, account_id, template_id, template_version_id, created_at, \
         expires_at, began_at, last_observed_at, redacted, lineage, read_at, first_seen_at, updated_at"
    };
}

/// The range of an index that is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    Time,
    Status,
    Reference,
    Failures,
    Deadline,
    Template,
    Version,
}

impl Path {
    fn of(filter: &InquiryFilter) -> Self {
        let within = filter.environment.is_some();
        if filter.reference_id.is_some() {
            Self::Reference
        } else if filter.has_failures && within {
            Self::Failures
        } else if filter.order == InquiryOrder::Deadline && within {
            match (&filter.template, &filter.version) {
                (Some(_), Some(_)) => Self::Version,
                (Some(_), None) => Self::Template,
                _ => Self::Deadline,
            }
        } else if filter.status.is_some() && within {
            Self::Status
        } else {
            Self::Time
        }
    }

    /// The index, for a database that is told which.
    const fn index(self) -> &'static str {
        match self {
            Self::Time => "inquiries INDEXED BY inquiries_by_time",
            Self::Status => "inquiries INDEXED BY inquiries_by_status",
            Self::Reference => "inquiries INDEXED BY inquiries_by_reference",
            Self::Failures => "inquiries",
            Self::Deadline => "inquiries INDEXED BY inquiries_open_by_deadline",
            Self::Template => "inquiries INDEXED BY inquiries_open_by_template",
            Self::Version => "inquiries INDEXED BY inquiries_open_by_version",
        }
    }

    const fn is_by_deadline(self) -> bool {
        matches!(self, Self::Deadline | Self::Template | Self::Version)
    }

    fn order(self, filter: &InquiryFilter) -> &'static str {
        match self {
            Self::Status => " ORDER BY first_seen_at DESC, id DESC LIMIT ",
            Self::Reference if filter.order == InquiryOrder::Deadline => " ORDER BY expires_at, environment, id LIMIT ",
            Self::Time | Self::Reference => " ORDER BY first_seen_at DESC, environment DESC, id DESC LIMIT ",
            Self::Failures => " ORDER BY id LIMIT ",
            Self::Deadline | Self::Template | Self::Version => " ORDER BY expires_at, id LIMIT ",
        }
    }

    fn place(self, filter: &InquiryFilter, row: &Row) -> Cursor {
        let by_deadline = self.is_by_deadline() || filter.order == InquiryOrder::Deadline;
        let at = match self {
            Self::Failures => Timestamp::from_micros(0),
            _ if by_deadline => row.expires_at.unwrap_or(Timestamp::from_micros(0)),
            _ => row.first_seen_at,
        };
        Cursor { at, environment: row.environment.clone(), id: row.id.clone() }
    }
}

impl Tx {
    /// The inquiries that pass the filter, up to `limit` of them; by default last heard of first.
    ///
    /// A page can have fewer, and go on: where a filter passes few, only so many rows are looked at for one page.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_inquiries(
        &mut self,
        filter: &InquiryFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<InquiryRow>> {
        let kept = filter.reference_id.as_ref().map(|name| self.names.seal(name));
        let filter = &InquiryFilter { reference_id: kept, ..filter.clone() };
        let path = Path::of(filter);
        let rest = rest(path, filter, after);
        let mut parts = Parts::default();
        if rest.is_empty() {
            parts.sql(concat!("SELECT ", columns!(), " FROM ")).table(path.index(), "inquiries");
            parts.all(range(path, filter, after)).sql(path.order(filter)).number(i64::from(limit) + 1);
        } else {
            parts.sql(concat!("SELECT ", columns!(), " FROM (SELECT ", columns!(), " FROM "));
            parts.table(path.index(), "inquiries").all(range(path, filter, after));
            parts.sql(if path == Path::Reference { " LIMIT " } else { path.order(filter) }).look();
            parts.sql(") AS looked WHERE 1 = 1").all(rest).sql(path.order(filter)).number(i64::from(limit) + 1);
        }
        let filtered = path != Path::Reference && parts.is_bounded();
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            built!(parts, true).build_query_as().fetch_all(conn).await
        } postgres {
            built!(parts, false).build_query_as().fetch_all(conn).await
        })?;
        let mut page: Page<InquiryRow> = Page::of(rows, limit, |row| path.place(filter, row))?;
        for row in &mut page.items {
            row.open(&self.names);
        }
        if page.next.is_none() && filtered {
            page.next = self.horizon(path, filter, after).await?;
        }
        Ok(page)
    }

    /// The last row of a range that was looked at, where there are more.
    async fn horizon(&mut self, path: Path, filter: &InquiryFilter, after: Option<&Cursor>) -> Result<Option<Cursor>> {
        let mut parts = Parts::default();
        parts.sql(concat!("SELECT ", columns!(), " FROM ")).table(path.index(), "inquiries");
        parts.all(range(path, filter, after)).sql(path.order(filter)).sql("2 OFFSET ").number(LOOK - 1);
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            built!(parts, true).build_query_as().fetch_all(conn).await
        } postgres {
            built!(parts, false).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.first().filter(|_| rows.len() > 1).map(|row| path.place(filter, row)))
    }
}

/// What the index gives, behind the cursor.
fn range(path: Path, filter: &InquiryFilter, after: Option<&Cursor>) -> Parts {
    let mut parts = Parts::default();
    let environment = filter.environment.as_ref().map(EnvironmentName::as_str);
    let within = environment.unwrap_or_default();
    parts.sql(" WHERE 1 = 1");
    match path {
        Path::Time => {
            if let Some(after) = after {
                parts.sql(" AND (first_seen_at, environment, id) < (").time(after.at).sql(", ");
                parts.text(&after.environment).sql(", ").text(&after.id).sql(")");
            }
        }
        Path::Status => {
            parts.and_text(" AND environment = ", environment);
            parts.and_text(" AND status = ", filter.status.as_ref().map(Status::as_str));
            parts.before("first_seen_at", within, after);
        }
        Path::Reference => {
            parts.and_text(" AND reference_id = ", filter.reference_id.as_ref().map(ReferenceId::as_str));
        }
        Path::Failures => {
            let behind = after.filter(|after| *after.environment >= *within);
            let id = match behind {
                Some(after) if after.environment == within => after.id.as_str(),
                _ => "",
            };
            parts.and_text(" AND environment = ", environment);
            parts.sql(" AND id IN (SELECT DISTINCT inquiry_id FROM ");
            parts.table("actions INDEXED BY actions_failed_by_inquiry", "actions");
            parts.sql(" WHERE state = 'failed'").and_text(" AND environment = ", environment);
            parts.sql(" AND inquiry_id > ").text(id).sql(" ORDER BY inquiry_id LIMIT ").number(LOOK + 1).sql(")");
            if behind.is_some_and(|after| *after.environment > *within) {
                parts.sql(" AND 1 = 0");
            }
        }
        Path::Deadline | Path::Template | Path::Version => {
            parts.sql(" AND status IN ('created', 'pending')").and_text(" AND environment = ", environment);
            if path != Path::Deadline {
                parts.and_text(" AND template_id = ", filter.template.as_ref().map(TemplateId::as_str));
            }
            if path == Path::Version {
                let version = filter.version.as_ref().map(TemplateVersionId::as_str);
                parts.and_text(" AND template_version_id = ", version);
            }
            parts.sql(" AND expires_at IS NOT NULL");
            parts.and_time(" AND expires_at >= ", filter.expires_from);
            parts.and_time(" AND expires_at < ", filter.expires_before);
            parts.after("expires_at", within, after);
        }
    }
    parts
}

/// What the filter wants beyond the range.
fn rest(path: Path, filter: &InquiryFilter, after: Option<&Cursor>) -> Parts {
    let mut parts = Parts::default();
    if matches!(path, Path::Time | Path::Reference) {
        parts.and_text(" AND environment = ", filter.environment.as_ref().map(EnvironmentName::as_str));
    }
    if path != Path::Status {
        parts.and_text(" AND status = ", filter.status.as_ref().map(Status::as_str));
    }
    if !matches!(path, Path::Template | Path::Version) {
        parts.and_text(" AND template_id = ", filter.template.as_ref().map(TemplateId::as_str));
    }
    if path != Path::Version {
        parts.and_text(" AND template_version_id = ", filter.version.as_ref().map(TemplateVersionId::as_str));
    }
    if !path.is_by_deadline() {
        parts.and_time(" AND expires_at >= ", filter.expires_from);
        parts.and_time(" AND expires_at < ", filter.expires_before);
    }
    if filter.outdated {
        parts.sql(
            " AND status IN ('created', 'pending') AND EXISTS (
                 SELECT 1 FROM templates
                 WHERE templates.environment = looked.environment AND templates.id = looked.template_id
                   AND templates.latest_version <> looked.template_version_id)",
        );
    }
    if filter.has_failures && path != Path::Failures {
        parts.sql(
            " AND EXISTS (SELECT 1 FROM actions
                          WHERE actions.environment = looked.environment AND actions.inquiry_id = looked.id
                            AND actions.state = 'failed')",
        );
    }
    if let Some(customer) = &filter.customer {
        of_customer(&mut parts, customer);
    }
    if path == Path::Reference {
        behind_in_full(&mut parts, filter.order, after);
    }
    parts
}

fn behind_in_full(parts: &mut Parts, order: InquiryOrder, after: Option<&Cursor>) {
    if order == InquiryOrder::Deadline {
        parts.sql(" AND status IN ('created', 'pending') AND expires_at IS NOT NULL");
    }
    let Some(after) = after else { return };
    parts.sql(match order {
        InquiryOrder::Newest => " AND (first_seen_at, environment, id) < (",
        InquiryOrder::Deadline => " AND (expires_at, environment, id) > (",
    });
    parts.time(after.at).sql(", ").text(&after.environment).sql(", ").text(&after.id).sql(")");
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    id: String,
    status: Option<String>,
    person: Option<String>,
    reference_id: Option<String>,
    account_id: Option<String>,
    template_id: Option<String>,
    template_version_id: Option<String>,
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    began_at: Option<Timestamp>,
    last_observed_at: Option<Timestamp>,
    redacted: bool,
    lineage: String,
    read_at: Option<Timestamp>,
    first_seen_at: Timestamp,
    updated_at: Timestamp,
}

impl InquiryRow {
    /// Says what is meant by what is kept.
    fn open(&mut self, names: &Names) {
        let kept = self.reference_id.take();
        self.reference_id = kept.map(|kept| {
            let name = names.open(kept.clone());
            if self.person == Some(Person::Reference(kept).to_string()) {
                self.person = Some(Person::Reference(name.clone()).to_string());
            }
            name
        });
    }
}

impl TryFrom<Row> for InquiryRow {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "inquiries", row: &format!("{}/{}", row.environment, row.id) };
        let version = row.template_version_id.as_deref();
        Ok(Self {
            environment: place.environment(&row.environment)?,
            id: place.id("id", &row.id, InquiryId::parse)?,
            status: row.status.as_deref().map(Status::parse),
            reference_id: place.optional_id("reference_id", row.reference_id.as_deref(), ReferenceId::parse)?,
            account_id: place.optional_id("account_id", row.account_id.as_deref(), AccountId::parse)?,
            template_id: place.optional_id("template_id", row.template_id.as_deref(), TemplateId::parse)?,
            template_version_id: place.optional_id("template_version_id", version, TemplateVersionId::parse)?,
            lineage: place.id("lineage", &row.lineage, InquiryId::parse)?,
            person: row.person,
            created_at: row.created_at,
            expires_at: row.expires_at,
            began_at: row.began_at,
            last_observed_at: row.last_observed_at,
            redacted: row.redacted,
            read_at: row.read_at,
            first_seen_at: row.first_seen_at,
            updated_at: row.updated_at,
        })
    }
}
