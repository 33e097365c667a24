//! The matches of a choice of events, stretch by stretch, in the order they came.

use crate::domain::ids::{EnvironmentName, EventId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::events::read::{Row, event_columns};
use crate::storage::events::{Outcome, StoredEvent};
use crate::storage::page::understood;
use crate::storage::parts::Parts;
use crate::storage::replays::{EventChoice, ReplayPlace, Stretch};
use crate::storage::transaction::Tx;

/// The range that is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    /// Everything, by when it came.
    Time,
    /// What was kept aside, by when it came.
    Aside,
    /// The named ones, by id.
    Ids,
}

impl Path {
    const fn of(choice: &EventChoice) -> Self {
        match choice.outcome {
            _ if !choice.ids.is_empty() => Self::Ids,
            Some(Outcome::Quarantined | Outcome::Unreadable | Outcome::Discarded) => Self::Aside,
            _ => Self::Time,
        }
    }

    const fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Time => ("events INDEXED BY events_by_time", "events"),
            Self::Aside => ("events INDEXED BY events_set_aside", "events"),
            Self::Ids => ("events", "events"),
        }
    }

    const fn order(self) -> &'static str {
        match self {
            Self::Time | Self::Aside => " ORDER BY received_at, environment, id LIMIT ",
            Self::Ids => " ORDER BY id LIMIT ",
        }
    }
}

impl Tx {
    /// Up to `limit` matches of a choice behind a place, of at most `look` rows: those that came no later than `as_of`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn replayable_events(
        &mut self,
        environment: &EnvironmentName,
        choice: &EventChoice,
        as_of: Timestamp,
        after: Option<&ReplayPlace>,
        (limit, look): (u32, u32),
    ) -> Result<Stretch<StoredEvent>> {
        let path = Path::of(choice);
        let range = || range(path, environment, choice, as_of, after);
        let (hinted, plain) = path.table();
        let mut parts = Parts::default();
        parts.sql(concat!("SELECT ", event_columns!(), " FROM (SELECT ", event_columns!(), " FROM "));
        parts.table(hinted, plain).all(range()).sql(path.order()).number(look).sql(") AS looked WHERE environment = ");
        parts.text(environment.as_str()).all(rest(choice, as_of)).sql(path.order()).number(limit);
        let rows = self.replayable_by(&parts).await?;
        let full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let mut next = rows.last().filter(|_| full).map(place);
        let items = understood(rows)?.0;
        if next.is_none() {
            let mut parts = Parts::default();
            parts.sql(concat!("SELECT ", event_columns!(), " FROM ")).table(hinted, plain).all(range());
            parts.sql(path.order()).sql("1 OFFSET ").number(look.saturating_sub(1));
            next = self.replayable_by(&parts).await?.first().map(place);
        }
        Ok(Stretch { items, next })
    }

    async fn replayable_by(&mut self, parts: &Parts) -> Result<Vec<Row>> {
        let rows = on_db!(self, conn => sqlite {
            built!(parts, true).build_query_as().fetch_all(conn).await
        } postgres {
            built!(parts, false).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows)
    }
}

fn place(row: &Row) -> ReplayPlace {
    ReplayPlace { kind: None, at: row.received_at, id: row.id.clone() }
}

/// What the index gives, behind the place.
fn range(
    path: Path,
    environment: &EnvironmentName,
    choice: &EventChoice,
    as_of: Timestamp,
    after: Option<&ReplayPlace>,
) -> Parts {
    let mut parts = Parts::default();
    if path == Path::Ids {
        parts.sql(" WHERE id IN (");
        for (at, id) in choice.ids.iter().map(EventId::as_str).enumerate() {
            parts.sql(if at == 0 { "" } else { ", " }).text(id);
        }
        parts.sql(") AND environment = ").text(environment.as_str());
        parts.and_text(" AND id > ", after.map(|place| place.id.as_str()));
        return parts;
    }
    parts.sql(" WHERE received_at <= ").time(as_of);
    parts.and_time(" AND received_at >= ", choice.from).and_time(" AND received_at < ", choice.before);
    if path == Path::Aside {
        parts.sql(" AND outcome IN ('quarantined', 'unreadable', 'discarded') AND environment = ");
        parts.text(environment.as_str()).and_text(" AND outcome = ", choice.outcome.map(Outcome::as_str));
    }
    if let Some(place) = after {
        parts.sql(" AND (received_at, environment, id) > (").time(place.at).sql(", ").text(environment.as_str());
        parts.sql(", ").text(&place.id).sql(")");
    }
    parts
}

/// What is chosen beyond the range.
fn rest(choice: &EventChoice, as_of: Timestamp) -> Parts {
    let mut parts = Parts::default();
    parts.sql(" AND received_at <= ").time(as_of);
    parts.and_time(" AND received_at >= ", choice.from).and_time(" AND received_at < ", choice.before);
    parts.and_text(" AND outcome = ", choice.outcome.map(Outcome::as_str));
    parts.and_text(" AND name = ", choice.name.as_deref());
    parts
}
