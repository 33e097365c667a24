//! Cursor pages (<https://docs.withpersona.com/pagination>).

use serde_json::{Value, json};

use super::call::Call;
use crate::persona::simulator::refusal::Refusal;

/// Which page is asked for.
pub(super) struct Wanted {
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
    pub(super) size: usize,
}

/// One page, with the links to its neighbours.
pub(super) struct Page<'a, T> {
    pub(super) items: Vec<&'a T>,
    pub(super) links: Value,
}

impl Wanted {
    /// From the query.
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        let size = call.parameter("page[size]").map(str::parse::<usize>).transpose();
        let size = size.map_err(|_| call.bad("page[size] must be a number"))?;
        Self {
            after: call.parameter("page[after]").map(str::to_owned),
            before: call.parameter("page[before]").map(str::to_owned),
            size: size.unwrap_or(10),
        }
        .checked(call)
    }

    /// Refuses sizes that Persona refuses.
    pub(super) fn checked(self, call: &Call) -> Result<Self, Refusal> {
        if (1..=100).contains(&self.size) { Ok(self) } else { Err(call.bad("page[size] must be from 1 to 100")) }
    }
}

/// Cuts a page out of items that stand in the order of their keys. A cursor keeps its place even when the object it names
/// no longer fits the filter.
pub(super) fn page<'a, T, Key: Ord>(
    call: &Call,
    wanted: &Wanted,
    items: &[&'a T],
    key: impl Fn(&T) -> Key,
    key_of_cursor: impl Fn(&str) -> Option<Key>,
    id: impl Fn(&T) -> &str,
) -> Result<Page<'a, T>, Refusal> {
    let place = |cursor: &Option<String>| match cursor.as_deref() {
        Some(cursor) => key_of_cursor(cursor).map(Some).ok_or_else(|| call.bad("The page's cursor names no object")),
        None => Ok(None),
    };
    let (after, before) = (place(&wanted.after)?, place(&wanted.before)?);
    let start = after.map_or(0, |after| items.partition_point(|item| key(item) <= after));
    let end = before.as_ref().map_or(items.len(), |before| items.partition_point(|item| key(item) < *before));
    let (start, end) = match before {
        Some(_) => (start.max(end.saturating_sub(wanted.size)), end),
        None => (start, end.min(start + wanted.size)),
    };
    let items_of_page = items.get(start..end).unwrap_or_default().to_vec();
    let next = items_of_page.last().filter(|_| end < items.len()).map(|item| link(call, "page[after]", id(item)));
    let prev = items_of_page.first().filter(|_| start > 0).map(|item| link(call, "page[before]", id(item)));
    Ok(Page { items: items_of_page, links: json!({ "prev": prev, "next": next }) })
}

/// A relative link that keeps the rest of the query.
fn link(call: &Call, cursor: &str, id: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let kept = call.query.iter().filter(|(key, _)| key != "page[after]" && key != "page[before]");
    query.extend_pairs(kept).append_pair(cursor, id);
    format!("{}?{}", call.path, query.finish())
}
