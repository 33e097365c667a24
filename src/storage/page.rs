//! Long lists are given page by page, newest first, from a cursor that stays right while rows are added.

use std::fmt;
use std::str::FromStr;

use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
    /// The keys of rows of this page that can't be understood; one bad row does not hide the others.
    pub unreadable: Vec<String>,
}

/// A place in a list: behind the row with this time and key. Ordered as lists are that run on from the earliest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(super) at: Timestamp,
    pub(super) environment: String,
    pub(super) id: String,
}

/// The text is no cursor that a page gave out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no cursor")]
pub struct InvalidCursor;

impl Cursor {
    /// The place behind the row with this time and key.
    #[must_use]
    pub fn at(at: Timestamp, environment: &str, id: &str) -> Self {
        Self { at, environment: environment.to_owned(), id: id.to_owned() }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = serde_json::json!([self.at.as_micros(), self.environment, self.id]);
        f.write_str(&hex::encode(parts.to_string()))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = hex::decode(text).map_err(|_| InvalidCursor)?;
        let (at, environment, id) = serde_json::from_slice(&bytes).map_err(|_| InvalidCursor)?;
        Ok(Self { at: Timestamp::from_micros(at), environment, id })
    }
}

impl<T> Page<T> {
    /// Makes a page of rows that were asked for with one more than `limit`.
    pub(super) fn of<R>(mut rows: Vec<R>, limit: u32, place: impl Fn(&R) -> Cursor) -> Result<Self>
    where
        T: TryFrom<R, Error = StorageError>,
    {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(place);
        let (items, unreadable) = understood(rows)?;
        Ok(Self { items, next, unreadable })
    }
}

/// Parses rows, and names those that can't be understood.
pub(super) fn understood<R, T>(rows: Vec<R>) -> Result<(Vec<T>, Vec<String>)>
where
    T: TryFrom<R, Error = StorageError>,
{
    let (mut items, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match T::try_from(row) {
            Ok(item) => items.push(item),
            Err(error @ StorageError::Inconsistent { .. }) => {
                tracing::error!(%error, "a stored row was passed over");
                if let StorageError::Inconsistent { row, .. } = error {
                    unreadable.push(row);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok((items, unreadable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_being_written_down() {
        let cursor =
            Cursor { at: Timestamp::from_micros(-7), environment: "a b/\"c".to_owned(), id: "evt_ü".to_owned() };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "zz", "00", &hex::encode("[1]")] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text:?}");
        }
    }
}
