//! Lists with filters: statements that are put together when they are asked for.
//!
//! A list walks a range of one index, in its order. What a filter wants beyond the range is looked for in a bounded
//! number of rows, so that a page costs the same at any size; where that was not enough to fill it, the page ends early
//! and says where to go on.

use crate::domain::time::Timestamp;
use crate::storage::page::Cursor;

/// How many rows of a range are looked at for one page.
pub(super) const LOOK: u32 = 10_000;

/// A piece of a statement.
pub(super) enum Part {
    Sql(&'static str),
    /// A table with the index to use, for the database that is told; and without.
    Table(&'static str, &'static str),
    Text(String),
    Time(Timestamp),
    Number(i64),
}

/// Pieces of a statement, in their order.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) parts: Vec<Part>,
    bounded: bool,
}

impl Parts {
    /// A piece of SQL.
    pub(super) fn sql(&mut self, sql: &'static str) -> &mut Self {
        self.parts.push(Part::Sql(sql));
        self
    }

    /// A table: with a hint for SQLite, which has no statistics to go by, and without for PostgreSQL.
    pub(super) fn table(&mut self, hinted: &'static str, plain: &'static str) -> &mut Self {
        self.parts.push(Part::Table(hinted, plain));
        self
    }

    /// A value, bound.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.parts.push(Part::Text(text.to_owned()));
        self
    }

    /// A time, bound.
    pub(super) fn time(&mut self, time: Timestamp) -> &mut Self {
        self.parts.push(Part::Time(time));
        self
    }

    /// A number, bound.
    pub(super) fn number(&mut self, number: impl Into<i64>) -> &mut Self {
        self.parts.push(Part::Number(number.into()));
        self
    }

    /// A comparison with a text where there is one.
    pub(super) fn and_text(&mut self, and_column: &'static str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text {
            self.sql(and_column).text(text);
        }
        self
    }

    /// A comparison with a time where there is one.
    pub(super) fn and_time(&mut self, and_column: &'static str, time: Option<Timestamp>) -> &mut Self {
        if let Some(time) = time {
            self.sql(and_column).time(time);
        }
        self
    }

    /// Rows of one environment that come after a place, where time runs back: `(at, environment, id) < place`.
    pub(super) fn before(&mut self, at: &'static str, within: &str, after: Option<&Cursor>) -> &mut Self {
        self.beyond(at, within, after, (" < ", " <= "))
    }

    /// Rows of one environment that come after a place: `(at, environment, id) > place`.
    pub(super) fn after(&mut self, at: &'static str, within: &str, after: Option<&Cursor>) -> &mut Self {
        self.beyond(at, within, after, (" > ", " >= "))
    }

    /// Written for one environment, so that an index which begins with it gives just these.
    fn beyond(
        &mut self,
        at: &'static str,
        within: &str,
        after: Option<&Cursor>,
        (strictly, or_equal): (&'static str, &'static str),
    ) -> &mut Self {
        let Some(after) = after else { return self };
        let comes_later = if strictly == " < " { *within < *after.environment } else { *within > *after.environment };
        if *within == *after.environment {
            self.sql(" AND (").sql(at).sql(", id)").sql(strictly).sql("(").time(after.at).sql(", ").text(&after.id);
            self.sql(")")
        } else {
            self.sql(" AND ").sql(at).sql(if comes_later { or_equal } else { strictly }).time(after.at)
        }
    }

    /// Appends what another made.
    pub(super) fn all(&mut self, other: Self) -> &mut Self {
        self.parts.extend(other.parts);
        self
    }

    /// A range that is looked at no further than [`LOOK`] rows, for what else is wanted of them.
    pub(super) fn look(&mut self) -> &mut Self {
        self.bounded = true;
        self.number(LOOK)
    }

    /// Whether only so many rows of a range are looked at.
    pub(super) const fn is_bounded(&self) -> bool {
        self.bounded
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// The statement that [`Parts`] are, with or without hints.
macro_rules! built {
    ($parts:expr, $hinted:expr) => {{
        let mut query = sqlx::QueryBuilder::new("");
        for part in &$parts.parts {
            match part {
                $crate::storage::parts::Part::Sql(sql) => query.push(*sql),
                $crate::storage::parts::Part::Table(hinted, plain) => {
                    query.push(if $hinted { *hinted } else { *plain })
                }
                $crate::storage::parts::Part::Text(text) => query.push_bind(text.as_str()),
                $crate::storage::parts::Part::Time(time) => query.push_bind(*time),
                $crate::storage::parts::Part::Number(number) => query.push_bind(*number),
            };
        }
        query
    }};
}
