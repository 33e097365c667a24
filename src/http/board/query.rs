//! What an address says about a list: read leniently, as addresses are typed, kept and shared by people.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::app::board::Cursor;
use crate::domain::ids::EnvironmentName;
use crate::http::board::view::list::{Choice, Pages, Search, Tick};

/// Rows of a page.
pub(super) const ROWS: u32 = 50;

/// The longest value that is looked at, in bytes.
const LONGEST: usize = 1_000;

/// The query of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
        let meant = pairs.into_iter().map(|(name, value)| (name, value.trim().to_owned()));
        Ok(Self(meant.filter(|(_, value)| !value.is_empty() && value.len() <= LONGEST).collect()))
    }
}

impl Asked {
    /// What it says under a name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What it says under a name, where that can be read.
    pub(super) fn read<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.text(name).and_then(read)
    }

    /// Whether it says so.
    pub(super) fn is(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// The environment it names.
    pub(super) fn environment(&self) -> Option<EnvironmentName> {
        self.read("environment", |text| EnvironmentName::parse(text).ok())
    }

    /// Where in the list it is.
    pub(super) fn cursor(&self) -> Option<Cursor> {
        self.read("after", |text| text.parse().ok())
    }

    /// Whether it narrows anything beside these.
    pub(super) fn narrows_beside(&self, names: &[&str]) -> bool {
        self.0.keys().any(|name| name != "after" && name != "said" && !names.contains(&name.as_str()))
    }

    /// All it says but where it is.
    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pairs.filter(|(name, _)| *name != "after" && *name != "said").collect()
    }

    /// All it says but where it is, with one thing said anew; an empty value takes it away.
    pub(super) fn with<'a>(&'a self, name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut pairs = self.pairs();
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name, value));
        pairs
    }

    /// The pages of a list of so many rows; `what` is what one of them is, and several.
    pub(super) fn pages(&self, path: &str, rows: usize, what: (&str, &str), next: Option<&Cursor>) -> Pages {
        let next = next.map(ToString::to_string);
        let shown = match (rows, self.is("after"), &next) {
            (1, false, None) => format!("1 {}", what.0),
            (rows, false, None) => format!("{rows} {}", what.1),
            (rows, false, Some(_)) => format!("The first {rows} {}", what.1),
            (rows, true, Some(_)) => format!("{rows} further {}", what.1),
            (rows, true, None) => format!("The last {rows} {}", what.1),
        };
        Pages::of(shown, path, &self.pairs(), self.text("after"), next.as_deref())
    }

    /// A choice of environments; none where there is only one.
    pub(super) fn environments(&self, all: &[EnvironmentName]) -> Option<Choice> {
        let values = || all.iter().map(|name| (name.to_string(), name.to_string()));
        (all.len() > 1).then(|| Choice::of("environment", "Environment", "Any", self.text("environment"), values()))
    }

    /// A choice of words that read as they are written.
    pub(super) fn words(&self, name: &'static str, label: &'static str, words: &[&str]) -> Choice {
        let values = words.iter().map(|word| ((*word).to_owned(), word.replace(['_', '-'], " ")));
        Choice::of(name, label, "Any", self.text(name), values)
    }

    /// A text to search for.
    pub(super) fn search(&self, name: &'static str, label: &'static str) -> Search {
        Search { name, label, value: self.text(name).unwrap_or_default().to_owned() }
    }

    /// Something that is so or not.
    pub(super) fn tick(&self, name: &'static str, label: &'static str) -> Tick {
        Tick { name, label, on: self.is(name) }
    }
}
