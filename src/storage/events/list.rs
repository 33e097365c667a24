//! Lists of events: each a range of one index, in its order.

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::capped::Capped;
use crate::storage::error::Result;
use crate::storage::events::read::{Row, event_columns};
use crate::storage::events::{Outcome, StoredEvent};
use crate::storage::inquiries::COUNT_TO;
use crate::storage::page::{Cursor, Page};
use crate::storage::parts::{LOOK, Parts};
use crate::storage::transaction::Tx;

/// Which events to list; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this environment.
    pub environment: Option<EnvironmentName>,
    /// Of this name, as Persona wrote it.
    pub name: Option<String>,
    /// About this inquiry.
    pub inquiry: Option<InquiryId>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// First received at or after this time, by our clock.
    pub from: Option<Timestamp>,
    /// First received before this time, by our clock.
    pub before: Option<Timestamp>,
}

/// The range of an index that is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    Time,
    Inquiry,
    SetAside,
}

impl Path {
    const fn of(filter: &EventFilter) -> Self {
        let within = filter.environment.is_some();
        if filter.inquiry.is_some() && within {
            return Self::Inquiry;
        }
        match filter.outcome {
            Some(Outcome::Quarantined | Outcome::Unreadable | Outcome::Discarded) if within => Self::SetAside,
            _ => Self::Time,
        }
    }

    const fn index(self) -> &'static str {
        match self {
            Self::Time => "events INDEXED BY events_by_time",
            Self::Inquiry => "events INDEXED BY events_by_inquiry",
            Self::SetAside => "events INDEXED BY events_set_aside",
        }
    }
}

const ORDER: &str = " ORDER BY received_at DESC, environment DESC, id DESC LIMIT ";

impl Tx {
    /// The events that pass the filter, newest first, up to `limit` of them.
    ///
    /// A page can have fewer, and go on: where a filter passes few, only so many rows are looked at for one page.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_events(
        &mut self,
        filter: &EventFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<StoredEvent>> {
        let (path, rest) = (Path::of(filter), rest(filter));
        let mut parts = Parts::default();
        if rest.is_empty() {
            parts.sql(concat!("SELECT ", event_columns!(), " FROM ")).table(path.index(), "events");
            parts.all(range(path, filter, after)).sql(ORDER).number(i64::from(limit) + 1);
        } else {
            parts.sql(concat!("SELECT ", event_columns!(), " FROM (SELECT ", event_columns!(), " FROM "));
            parts.table(path.index(), "events").all(range(path, filter, after)).sql(ORDER).look();
            parts.sql(") AS looked WHERE 1 = 1").all(rest).sql(ORDER).number(i64::from(limit) + 1);
        }
        let rows = self.events_by(&parts).await?;
        let mut page = Page::of(rows, limit, place)?;
        if page.next.is_none() && parts.is_bounded() {
            let mut parts = Parts::default();
            parts.sql(concat!("SELECT ", event_columns!(), " FROM ")).table(path.index(), "events");
            parts.all(range(path, filter, after)).sql(ORDER).sql("2 OFFSET ").number(LOOK - 1);
            let rows = self.events_by(&parts).await?;
            page.next = rows.first().filter(|_| rows.len() > 1).map(place);
        }
        Ok(page)
    }

    async fn events_by(&mut self, parts: &Parts) -> Result<Vec<Row>> {
        let rows = on_db!(self, conn => sqlite {
            built!(parts, true).build_query_as().fetch_all(conn).await
        } postgres {
            built!(parts, false).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows)
    }
}

fn place(row: &Row) -> Cursor {
    Cursor { at: row.received_at, environment: row.environment.clone(), id: row.id.clone() }
}

/// What the index gives, behind the cursor.
fn range(path: Path, filter: &EventFilter, after: Option<&Cursor>) -> Parts {
    let mut parts = Parts::default();
    let environment = filter.environment.as_ref().map(EnvironmentName::as_str);
    parts.sql(" WHERE 1 = 1");
    if path != Path::Time {
        parts.and_text(" AND environment = ", environment);
    }
    if path == Path::Inquiry {
        parts.and_text(" AND inquiry_id = ", filter.inquiry.as_ref().map(InquiryId::as_str));
    }
    if path == Path::SetAside {
        parts.sql(" AND outcome IN ('quarantined', 'unreadable', 'discarded')");
        parts.and_text(" AND outcome = ", filter.outcome.map(Outcome::as_str));
    }
    parts.and_time(" AND received_at >= ", filter.from).and_time(" AND received_at < ", filter.before);
    match (path, after) {
        (_, None) => {}
        (Path::Time, Some(after)) => {
            parts.sql(" AND (received_at, environment, id) < (").time(after.at).sql(", ");
            parts.text(&after.environment).sql(", ").text(&after.id).sql(")");
        }
        (Path::Inquiry | Path::SetAside, after) => {
            parts.before("received_at", environment.unwrap_or_default(), after);
        }
    }
    parts
}

/// What the filter wants beyond the range.
fn rest(filter: &EventFilter) -> Parts {
    let (path, mut parts) = (Path::of(filter), Parts::default());
    if path == Path::Time {
        parts.and_text(" AND environment = ", filter.environment.as_ref().map(EnvironmentName::as_str));
    }
    if path != Path::Inquiry {
        parts.and_text(" AND inquiry_id = ", filter.inquiry.as_ref().map(InquiryId::as_str));
    }
    if path != Path::SetAside {
        parts.and_text(" AND outcome = ", filter.outcome.map(Outcome::as_str));
    }
    parts.and_text(" AND name = ", filter.name.as_deref());
    parts
}

statements! {
    COUNT_ASIDE {
        sqlite "SELECT count(*) FROM (SELECT 1 FROM events INDEXED BY events_set_aside
                                      WHERE environment = $1 AND outcome = $2
                                        AND outcome IN ('quarantined', 'unreadable', 'discarded') LIMIT $3)",
        postgres "SELECT count(*) FROM (SELECT 1 FROM events
                                        WHERE environment = $1 AND outcome = $2
                                          AND outcome IN ('quarantined', 'unreadable', 'discarded') LIMIT $3) AS counted"
    }
}

impl Tx {
    /// How many events of an environment were kept aside with this outcome: quarantined, unreadable or discarded.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn count_set_aside(&mut self, environment: &EnvironmentName, outcome: Outcome) -> Result<Capped> {
        let count: i64 = on_db!(self, conn, sql = COUNT_ASIDE =>
            sqlx::query_scalar(sql)
                .bind(environment.as_str())
                .bind(outcome.as_str())
                .bind(COUNT_TO)
                .fetch_one(conn)
                .await)?;
        Ok(Capped::of(count))
    }
}
