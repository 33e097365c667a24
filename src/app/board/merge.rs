//! Pages of several ranges made into one page, which goes on where the range that was looked at least ended.

use std::cmp::Ordering;

use crate::app::board::{Cursor, Page};

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// From the latest back.
    Back,
    /// From the earliest on.
    On,
}

impl Run {
    fn compare(self, one: &Cursor, other: &Cursor) -> Ordering {
        match self {
            Self::On => one.cmp(other),
            Self::Back => other.cmp(one),
        }
    }
}

/// Makes one page of several, each in the order of `place`. A page that ends early holds the others back: what lies
/// behind its end is for the next page, where its own rows from there are known too.
pub(super) fn merged<T>(pages: Vec<Page<T>>, run: Run, limit: u32, place: impl Fn(&T) -> Cursor) -> Page<T> {
    let horizon = pages.iter().filter_map(|page| page.next.clone()).min_by(|one, other| run.compare(one, other));
    let mut unreadable = Vec::new();
    let mut placed: Vec<(Cursor, T)> = Vec::new();
    for page in pages {
        unreadable.extend(page.unreadable);
        placed.extend(page.items.into_iter().map(|item| (place(&item), item)));
    }
    placed.sort_by(|(one, _), (other, _)| run.compare(one, other));
    if let Some(horizon) = &horizon {
        placed.retain(|(place, _)| run.compare(place, horizon) != Ordering::Greater);
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next =
        if placed.len() > limit { placed.get(limit.wrapping_sub(1)).map(|(place, _)| place.clone()) } else { horizon };
    placed.truncate(limit);
    Page { items: placed.into_iter().map(|(_, item)| item).collect(), next, unreadable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn place(second: i64, environment: &str, id: &str) -> Cursor {
        Cursor::at(Timestamp::from_second(second), environment, id)
    }

    fn page(environment: &'static str, seconds: &[i64], next: Option<i64>) -> Page<(i64, &'static str)> {
        let items = seconds.iter().map(|second| (*second, environment)).collect();
        Page { items, next: next.map(|second| place(second, environment, "x")), unreadable: Vec::new() }
    }

    fn of((second, environment): &(i64, &'static str)) -> Cursor {
        place(*second, environment, "x")
    }

    #[test]
    fn rows_come_in_one_order_and_the_page_goes_on_behind_its_last() {
        let both = merged(vec![page("a", &[9, 5, 1], None), page("b", &[8, 5], None)], Run::Back, 3, of);
        assert_eq!(both.items, [(9, "a"), (8, "b"), (5, "b")]);
        assert_eq!(both.next, Some(place(5, "b", "x")));
        let all = merged(vec![page("a", &[1, 5], None), page("b", &[5, 8], None)], Run::On, 9, of);
        assert_eq!((all.items, all.next), (vec![(1, "a"), (5, "a"), (5, "b"), (8, "b")], None));
    }

    #[test]
    fn a_range_that_was_looked_at_in_part_holds_the_others_back() {
        // Of "b" nothing is known behind 7, so what "a" has there has to wait.
        let both = merged(vec![page("a", &[9, 3], None), page("b", &[8], Some(7))], Run::Back, 10, of);
        assert_eq!((both.items, both.next), (vec![(9, "a"), (8, "b")], Some(place(7, "b", "x"))));
        let none = merged(vec![page("b", &[], Some(7)), page("a", &[3], None)], Run::Back, 10, of);
        assert_eq!((none.items, none.next), (vec![], Some(place(7, "b", "x"))));
    }
}
