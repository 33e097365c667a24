//! Lists of actions: each a range of one index, in its order.

use crate::domain::action::{Action, Kind, State};
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::actions::claim::Lane;
use crate::storage::actions::row::{Row, action_columns};
use crate::storage::error::Result;
use crate::storage::page::{Cursor, Page};
use crate::storage::parts::{LOOK, Parts};
use crate::storage::transaction::Tx;

/// Which actions to list; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionFilter {
    /// Of this environment.
    pub environment: Option<EnvironmentName>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// In this state.
    pub state: Option<State>,
    /// For this inquiry.
    pub inquiry: Option<InquiryId>,
    /// With exactly this reason.
    pub reason: Option<String>,
    /// From this time on: of the next attempt in a list of planned ones, of the end in one of dead letters, else of the
    /// planning; our clock.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub before: Option<Timestamp>,
}

/// The range of an index that is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    Time,
    Inquiry,
    Due,
    Failed,
}

impl Path {
    const fn index(self) -> &'static str {
        match self {
            Self::Time => "actions INDEXED BY actions_by_time",
            Self::Inquiry => "actions INDEXED BY actions_by_inquiry",
            Self::Due => "actions INDEXED BY actions_due",
            Self::Failed => "actions INDEXED BY actions_failed",
        }
    }

    const fn order(self) -> &'static str {
        match self {
            Self::Time | Self::Inquiry => " ORDER BY created_at DESC, id DESC LIMIT ",
            Self::Due => " ORDER BY due_at, id LIMIT ",
            Self::Failed => " ORDER BY finished_at DESC, id DESC LIMIT ",
        }
    }

    fn place(self, row: &Row) -> Cursor {
        let at = match self {
            Self::Time | Self::Inquiry => row.created_at,
            Self::Due => row.due_at,
            Self::Failed => row.finished_at.unwrap_or(row.created_at),
        };
        Cursor { at, environment: String::new(), id: row.id.clone() }
    }
}

impl Tx {
    /// The actions that pass the filter, last planned first, up to `limit` of them.
    ///
    /// A page can have fewer, and go on: where a filter passes few, only so many rows are looked at for one page.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_actions(
        &mut self,
        filter: &ActionFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Action>> {
        let of_inquiry = filter.inquiry.is_some() && filter.environment.is_some();
        let path = if of_inquiry { Path::Inquiry } else { Path::Time };
        self.actions_on(path, filter, after, limit).await
    }

    /// The planned actions of a lane that pass the rest of the filter, in the order in which they are due.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_planned(
        &mut self,
        lane: &Lane,
        filter: &ActionFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Action>> {
        self.actions_on(Path::Due, &in_lane(lane, filter, State::Planned), after, limit).await
    }

    /// The dead letters of a lane that pass the rest of the filter, the latest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list_failed(
        &mut self,
        lane: &Lane,
        filter: &ActionFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Action>> {
        self.actions_on(Path::Failed, &in_lane(lane, filter, State::Failed), after, limit).await
    }

    async fn actions_on(
        &mut self,
        path: Path,
        filter: &ActionFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Action>> {
        let rest = rest(path, filter);
        let mut parts = Parts::default();
        if rest.is_empty() {
            parts.sql(concat!("SELECT ", action_columns!(), " FROM ")).table(path.index(), "actions");
            parts.all(range(path, filter, after)).sql(path.order()).number(i64::from(limit) + 1);
        } else {
            parts.sql(concat!("SELECT ", action_columns!(), " FROM (SELECT ", action_columns!(), " FROM "));
            parts.table(path.index(), "actions").all(range(path, filter, after)).sql(path.order()).look();
            parts.sql(") AS looked WHERE 1 = 1").all(rest).sql(path.order()).number(i64::from(limit) + 1);
        }
        let rows = self.actions_by(&parts).await?;
        let mut page = Page::of(rows, limit, |row| path.place(row))?;
        if page.next.is_none() && parts.is_bounded() {
            let mut parts = Parts::default();
            parts.sql(concat!("SELECT ", action_columns!(), " FROM ")).table(path.index(), "actions");
            parts.all(range(path, filter, after)).sql(path.order()).sql("2 OFFSET ").number(LOOK - 1);
            let rows = self.actions_by(&parts).await?;
            page.next = rows.first().filter(|_| rows.len() > 1).map(|row| path.place(row));
        }
        Ok(page)
    }

    async fn actions_by(&mut self, parts: &Parts) -> Result<Vec<Row>> {
        let rows = on_db!(self, conn => sqlite {
            built!(parts, true).build_query_as().fetch_all(conn).await
        } postgres {
            built!(parts, false).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows)
    }
}

fn in_lane((environment, kind): &Lane, filter: &ActionFilter, state: State) -> ActionFilter {
    let (environment, kind) = (Some(environment.clone()), Some(*kind));
    ActionFilter { environment, kind, state: Some(state), ..filter.clone() }
}

/// What the index gives, behind the cursor.
fn range(path: Path, filter: &ActionFilter, after: Option<&Cursor>) -> Parts {
    let mut parts = Parts::default();
    parts.sql(" WHERE 1 = 1");
    if path != Path::Time {
        parts.and_text(" AND environment = ", filter.environment.as_ref().map(EnvironmentName::as_str));
    }
    match path {
        Path::Time => {}
        Path::Inquiry => {
            parts.and_text(" AND inquiry_id = ", filter.inquiry.as_ref().map(InquiryId::as_str));
        }
        Path::Due => {
            parts.sql(" AND state = 'planned'").and_text(" AND kind = ", filter.kind.map(Kind::as_str));
        }
        Path::Failed => {
            parts.sql(" AND state = 'failed'").and_text(" AND kind = ", filter.kind.map(Kind::as_str));
        }
    }
    let (from, before, compared) = match path {
        Path::Time | Path::Inquiry => (" AND created_at >= ", " AND created_at < ", " AND (created_at, id) < ("),
        Path::Due => (" AND due_at >= ", " AND due_at < ", " AND (due_at, id) > ("),
        Path::Failed => (" AND finished_at >= ", " AND finished_at < ", " AND (finished_at, id) < ("),
    };
    parts.and_time(from, filter.from).and_time(before, filter.before);
    if let Some(after) = after {
        parts.sql(compared).time(after.at).sql(", ").text(&after.id).sql(")");
    }
    parts
}

/// What the filter wants beyond the range.
fn rest(path: Path, filter: &ActionFilter) -> Parts {
    let mut parts = Parts::default();
    if path == Path::Time {
        parts.and_text(" AND environment = ", filter.environment.as_ref().map(EnvironmentName::as_str));
    }
    if path != Path::Inquiry {
        parts.and_text(" AND inquiry_id = ", filter.inquiry.as_ref().map(InquiryId::as_str));
    }
    if matches!(path, Path::Time | Path::Inquiry) {
        parts.and_text(" AND kind = ", filter.kind.map(Kind::as_str));
        parts.and_text(" AND state = ", filter.state.map(State::as_str));
    }
    parts.and_text(" AND reason = ", filter.reason.as_deref());
    parts
}
