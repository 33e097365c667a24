//! How answers look: aligned columns for people, one JSON document for programs.

use jiff::SignedDuration;
use serde::Serialize;

use crate::domain::time::Timestamp;

/// Prints one JSON document.
pub(super) fn json<T: Serialize>(document: &T) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(document)?);
    Ok(())
}

/// Prints rows under headings, each column as wide as its widest cell.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    for row in std::iter::once(&headings).chain(rows) {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("{}", cells.join("  ").trim_end());
    }
}

/// Says that a list was cut, on standard error, where it is in nobody's way.
pub(super) fn note_cut(cut: bool, limit: u32) {
    if cut {
        eprintln!("rekindle: there are more than {limit}; narrow the list or raise --limit");
    }
}

/// Names the rows that can't be understood, on standard error: left out of a list, they must not be hidden as well.
pub(super) fn note_unreadable(keys: &[String]) {
    for key in keys {
        eprintln!("rekindle: the row {key} can't be understood and is left out");
    }
}

/// A time as people read it in a list: to the second, with how far it is from now.
pub(super) fn time(at: Timestamp, now: Timestamp) -> String {
    let text = Timestamp::from_second(at.as_second()).to_string();
    format!("{text} ({})", distance(at, now))
}

/// How far a time is from now, in its largest unit: `in 3h`, `5m ago`.
fn distance(at: Timestamp, now: Timestamp) -> String {
    let ahead = at.since(now);
    let seconds = ahead.abs().as_secs();
    let text = match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    };
    if ahead > SignedDuration::ZERO { format!("in {text}") } else { format!("{text} ago") }
}

/// A value or a dash.
pub(super) fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_told_in_their_largest_unit() {
        let now = Timestamp::from_second(1_000_000);
        for (seconds, told) in [(30, "in 30s"), (-90, "1m ago"), (7_200, "in 2h"), (-200_000, "2d ago"), (0, "0s ago")]
        {
            assert_eq!(distance(now.plus(SignedDuration::from_secs(seconds)), now), told);
        }
    }
}
