//! The matches of a choice of actions, stretch by stretch, the oldest first.
//!
//! A stretch looks at a bounded range of one index, so that it costs the same at any size; it can be empty, and go on.

use crate::domain::action::{Action, Kind};
use crate::domain::ids::{EnvironmentName, InquiryId, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::actions::row::{Row, action_columns};
use crate::storage::error::Result;
use crate::storage::page::understood;
use crate::storage::parts::Parts;
use crate::storage::replays::{ActionChoice, Ended, ReasonMatch, ReplayPlace};
use crate::storage::row::Place;
use crate::storage::transaction::Tx;

/// A part of the matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch<T> {
    /// The matches in it.
    pub items: Vec<T>,
    /// Where to go on; `None` when everything was looked at.
    pub next: Option<ReplayPlace>,
}

/// An action that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The action.
    pub action: Action,
    /// The first inquiry of its succession.
    pub lineage: InquiryId,
}

/// The range that is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    /// Dead letters of one lane, by their end.
    Failed(Kind),
    /// Everything, by when it was planned.
    Time,
    /// The named ones, by id.
    Ids,
}

impl Path {
    const fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Failed(_) => ("actions INDEXED BY actions_failed", "actions"),
            Self::Time => ("actions INDEXED BY actions_by_time", "actions"),
            Self::Ids => ("actions", "actions"),
        }
    }

    const fn order(self) -> &'static str {
        match self {
            Self::Failed(_) => " ORDER BY finished_at, id LIMIT ",
            Self::Time => " ORDER BY created_at, id LIMIT ",
            Self::Ids => " ORDER BY id LIMIT ",
        }
    }
}

impl Tx {
    /// Up to `limit` matches of a choice behind a place, of at most `look` rows: those that ended no later than `as_of`.
    ///
    /// The customer is not asked about here: whose an inquiry is takes more than a row.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn replayable_actions(
        &mut self,
        environment: &EnvironmentName,
        choice: &ActionChoice,
        as_of: Timestamp,
        after: Option<&ReplayPlace>,
        (limit, look): (u32, u32),
    ) -> Result<Stretch<Found>> {
        let path = path_of(choice, after);
        let Some(path) = path else { return Ok(Stretch { items: Vec::new(), next: None }) };
        let range = || range(path, environment, choice, as_of, after);
        let mut parts = Parts::default();
        let (hinted, plain) = path.table();
        parts.sql(concat!(
            "SELECT ",
            action_columns!(),
            ", lineage FROM (SELECT ",
            action_columns!(),
            ", lineage FROM "
        ));
        parts.table(hinted, plain).all(range()).sql(path.order()).number(look).sql(") AS looked WHERE 1 = 1");
        parts.all(rest(environment, choice, as_of)).sql(path.order()).number(limit);
        let rows = self.found_by(&parts).await?;
        let full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let last = rows.last().map(|row| row.place(path));
        let items = understood(rows)?.0;
        let mut next = last.filter(|_| full);
        if next.is_none() {
            let mut parts = Parts::default();
            parts.sql(concat!("SELECT ", action_columns!(), ", lineage FROM ")).table(hinted, plain).all(range());
            parts.sql(path.order()).sql("1 OFFSET ").number(look.saturating_sub(1));
            let end: Option<ReplayPlace> = self.found_by(&parts).await?.first().map(|row| row.place(path));
            next = end.or_else(|| next_lane(path, choice));
        }
        Ok(Stretch { items, next })
    }

    async fn found_by(&mut self, parts: &Parts) -> Result<Vec<FoundRow>> {
        let rows = on_db!(self, conn => sqlite {
            built!(parts, true).build_query_as().fetch_all(conn).await
        } postgres {
            built!(parts, false).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows)
    }
}

fn path_of(choice: &ActionChoice, after: Option<&ReplayPlace>) -> Option<Path> {
    if !choice.ids.is_empty() {
        return Some(Path::Ids);
    }
    match choice.state {
        Ended::Cancelled => Some(Path::Time),
        Ended::Failed => {
            let kind = after.and_then(|place| place.kind).or(choice.kind).or(Kind::ALL.first().copied());
            kind.map(Path::Failed)
        }
    }
}

/// The beginning of the lane that follows, where a choice is of all kinds.
fn next_lane(path: Path, choice: &ActionChoice) -> Option<ReplayPlace> {
    let Path::Failed(kind) = path else { return None };
    let at = Kind::ALL.iter().position(|one| *one == kind)?;
    let next = Kind::ALL.get(at + 1).copied().filter(|_| choice.kind.is_none())?;
    Some(ReplayPlace { kind: Some(next), at: Timestamp::from_micros(0), id: String::new() })
}

/// What the index gives, behind the place.
fn range(
    path: Path,
    environment: &EnvironmentName,
    choice: &ActionChoice,
    as_of: Timestamp,
    after: Option<&ReplayPlace>,
) -> Parts {
    let mut parts = Parts::default();
    let after = after.filter(|place| !place.id.is_empty());
    match path {
        Path::Failed(kind) => {
            parts.sql(" WHERE state = 'failed' AND environment = ").text(environment.as_str());
            parts.sql(" AND kind = ").text(kind.as_str()).sql(" AND finished_at <= ").time(as_of);
            parts.and_time(" AND finished_at >= ", choice.from).and_time(" AND finished_at < ", choice.before);
            if let Some(place) = after {
                parts.sql(" AND (finished_at, id) > (").time(place.at).sql(", ").text(&place.id).sql(")");
            }
        }
        Path::Time => {
            // What ended by then was planned by then.
            parts.sql(" WHERE created_at <= ").time(as_of).and_time(" AND created_at < ", choice.before);
            if let Some(place) = after {
                parts.sql(" AND (created_at, id) > (").time(place.at).sql(", ").text(&place.id).sql(")");
            }
        }
        Path::Ids => {
            parts.sql(" WHERE id IN (");
            for (at, id) in choice.ids.iter().enumerate() {
                parts.sql(if at == 0 { "" } else { ", " }).text(id.as_str());
            }
            parts.sql(")");
            if let Some(place) = after {
                parts.sql(" AND id > ").text(&place.id);
            }
        }
    }
    parts
}

/// What is chosen beyond the range.
fn rest(environment: &EnvironmentName, choice: &ActionChoice, as_of: Timestamp) -> Parts {
    let mut parts = Parts::default();
    parts.sql(" AND environment = ").text(environment.as_str());
    parts.sql(" AND state = ").text(choice.state.as_str()).sql(" AND finished_at <= ").time(as_of);
    parts.and_text(" AND kind = ", choice.kind.map(Kind::as_str));
    parts.and_time(" AND finished_at >= ", choice.from).and_time(" AND finished_at < ", choice.before);
    match &choice.reason {
        None => {}
        Some(ReasonMatch::Is(reason)) => {
            parts.sql(" AND reason = ").text(reason);
        }
        Some(ReasonMatch::Contains(part)) => {
            parts.sql(" AND lower(reason) LIKE lower(").text(&pattern(part)).sql(") ESCAPE '!'");
        }
    }
    if let Some(template) = choice.template.as_ref().map(TemplateId::as_str) {
        parts.sql(
            " AND EXISTS (SELECT 1 FROM inquiries
                          WHERE inquiries.id = looked.inquiry_id AND inquiries.environment = looked.environment
                            AND inquiries.template_id = ",
        );
        parts.text(template).sql(")");
    }
    parts
}

/// What finds a text anywhere, whatever stands in it.
fn pattern(part: &str) -> String {
    let escaped = part.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

#[derive(sqlx::FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    row: Row,
    lineage: String,
}

impl FoundRow {
    fn place(&self, path: Path) -> ReplayPlace {
        let (kind, at) = match path {
            Path::Failed(kind) => (Some(kind), self.row.finished_at.unwrap_or(self.row.created_at)),
            Path::Time | Path::Ids => (None, self.row.created_at),
        };
        ReplayPlace { kind, at, id: self.row.id.clone() }
    }
}

impl TryFrom<FoundRow> for Found {
    type Error = crate::storage::StorageError;

    fn try_from(found: FoundRow) -> Result<Self> {
        let lineage = Place { table: "actions", row: &found.row.id }.id("lineage", &found.lineage, InquiryId::parse)?;
        Ok(Self { action: found.row.try_into()?, lineage })
    }
}
