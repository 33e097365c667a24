//! Reads settings out of merged tables, and collects every mistake instead of stopping at the first.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use figment::Figment;
use figment::value::{Dict, Tag, Value};
use jiff::SignedDuration;

use super::error::{ConfigError, Problem};
use super::nearest::nearest;
use super::variables;
use crate::domain::rules::parse_duration;

/// One pass over a configuration.
pub(super) struct Reading {
    figment: Figment,
    folder: PathBuf,
    problems: RefCell<Vec<Problem>>,
}

/// One table of the configuration. What is left in it at [`Section::finish`] is unknown.
pub(super) struct Section<'r> {
    pub(super) reading: &'r Reading,
    path: String,
    values: Dict,
    known: Vec<&'static str>,
}

/// Where a value stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    key: String,
    variable: Option<String>,
}

/// A text with its place.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) text: String,
}

impl Reading {
    /// `folder` is what relative file names are relative to.
    pub(super) fn new(figment: Figment, folder: &Path) -> Self {
        Self { figment, folder: folder.to_owned(), problems: RefCell::default() }
    }

    /// The whole configuration as a section.
    pub(super) fn top(&self) -> Result<Section<'_>, ConfigError> {
        use figment::Provider;
        let mut profiles =
            self.figment.data().map_err(|error| ConfigError::Syntax(without_quotes(&error.to_string())))?;
        let values = profiles.remove(&figment::Profile::Default).unwrap_or_default();
        Ok(Section { reading: self, path: String::new(), values, known: Vec::new() })
    }

    /// Notes a mistake.
    pub(super) fn refuse(&self, place: &Place, value: Option<String>, trouble: impl Display) {
        let (key, variable) = (place.key.clone(), place.variable.clone());
        self.problems.borrow_mut().push(Problem { key, value, trouble: trouble.to_string(), variable });
    }

    /// A file named by a setting.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// How many mistakes there are so far.
    pub(super) fn mistakes(&self) -> usize {
        self.problems.borrow().len()
    }

    /// All mistakes, or none.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let problems = self.problems.into_inner();
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(problems)) }
    }

    fn place(&self, key: String, tag: Tag) -> Place {
        let name = self.figment.get_metadata(tag).map(|metadata| metadata.name.to_string());
        Place { key, variable: name.filter(|name| name.starts_with(variables::PREFIX)) }
    }
}

impl<'r> Section<'r> {
    /// The place of a key, for mistakes about what isn't there.
    pub(super) fn place(&self, key: &str) -> Place {
        Place { key: self.full(key), variable: None }
    }

    /// The place of this section itself.
    pub(super) fn here(&self) -> Place {
        Place { key: self.path.clone(), variable: None }
    }

    /// Notes a mistake about a key.
    pub(super) fn refuse(&self, key: &str, value: Option<String>, trouble: impl Display) {
        self.reading.refuse(&self.place(key), value, trouble);
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, key: &'static str) -> Option<(Place, Value)> {
        self.known.push(key);
        let value = self.values.remove(key)?;
        Some((self.reading.place(self.full(key), value.tag()), value))
    }

    fn wrong_kind(&self, place: &Place, value: &Value, wanted: &str) {
        // Only the kind is shown: the value may be a secret in the wrong place.
        self.reading.refuse(place, None, format!("is {}, but must be {wanted}", kind(value)));
    }

    /// The table under a key; empty where there is none.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'r> {
        let path = self.full(key);
        let values = match self.take(key) {
            None => Dict::new(),
            Some((_, Value::Dict(_, values))) => values,
            Some((place, other)) => {
                self.wrong_kind(&place, &other, &format!("a section [{path}]"));
                Dict::new()
            }
        };
        Section { reading: self.reading, path, values, known: Vec::new() }
    }

    /// The tables under a key, by name.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<(String, Section<'r>)> {
        let outer = self.section(key);
        let named = outer.values.clone().into_iter().filter_map(|(name, value)| match value {
            Value::Dict(_, values) => {
                let path = outer.full(&name);
                Some((name, Section { reading: outer.reading, path, values, known: Vec::new() }))
            }
            other => {
                let place = outer.reading.place(outer.full(&name), other.tag());
                outer.wrong_kind(&place, &other, &format!("a section [{}]", outer.full(&name)));
                None
            }
        });
        named.collect()
    }

    /// The text under a key.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Entry> {
        let (place, value) = self.take(key)?;
        match value {
            Value::String(_, text) => Some(Entry { place, text }),
            other => {
                self.wrong_kind(&place, &other, "a text in quotes");
                None
            }
        }
    }

    /// The texts under a key: a list, or one text with commas, as an environment variable has it.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<Entry>> {
        let (place, value) = self.take(key)?;
        let values = match value {
            Value::String(tag, text) => split(&text).map(|part| Value::String(tag, part.to_owned())).collect(),
            Value::Array(_, values) => values,
            other => {
                self.wrong_kind(&place, &other, "a list of texts");
                return None;
            }
        };
        let mut entries = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            let place = Place { key: format!("{}[{index}]", place.key), variable: place.variable.clone() };
            match value {
                Value::String(_, text) => entries.push(Entry { place, text }),
                other => self.wrong_kind(&place, &other, "a text in quotes"),
            }
        }
        Some(entries)
    }

    /// The text under a key, read as something; `default` where it is absent or wrong.
    pub(super) fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> T {
        self.text(key).and_then(|entry| entry.parsed(self.reading, parse)).unwrap_or(default)
    }

    /// The duration under a key.
    pub(super) fn duration(&mut self, key: &'static str, default: SignedDuration) -> SignedDuration {
        self.parsed(key, default, parse_duration)
    }

    /// The yes or no under a key; as text too, which is what variables hold.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some((place, value)) = self.take(key) else { return default };
        let flag = match &value {
            Value::Bool(_, flag) => Some(*flag),
            Value::String(_, text) => text.trim().parse().ok(),
            _ => None,
        };
        flag.unwrap_or_else(|| {
            self.wrong_kind(&place, &value, "true or false");
            default
        })
    }

    /// The whole number under a key.
    pub(super) fn number<T>(&mut self, key: &'static str, default: T, allowed: RangeInclusive<T>) -> T
    where
        T: FromStr + TryFrom<i128> + PartialOrd + Display + Copy,
    {
        let Some((place, value)) = self.take(key) else { return default };
        let number = match &value {
            Value::String(_, text) => text.trim().parse().ok(),
            other => other.to_i128().and_then(|number| T::try_from(number).ok()),
        };
        number.filter(|number| allowed.contains(number)).unwrap_or_else(|| {
            let trouble = format!("must be a whole number from {} to {}", allowed.start(), allowed.end());
            self.reading.refuse(&place, number_shown(&value), trouble);
            default
        })
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self) {
        for (name, value) in &self.values {
            let place = self.reading.place(self.full(name), value.tag());
            // The value stays unsaid: a misspelt key may hold a secret.
            let trouble = match nearest(name, &self.known) {
                Some(known) => format!("is no known key; did you mean `{known}`?"),
                None => format!("is no known key; known here: {}", self.known.join(", ")),
            };
            self.reading.refuse(&place, None, trouble);
        }
    }
}

impl Entry {
    /// The text read as something, with the mistake noted otherwise.
    pub(super) fn parsed<T, E: Display>(&self, reading: &Reading, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        parse(&self.text).map_err(|trouble| self.refuse(reading, trouble)).ok()
    }

    /// Notes a mistake and shows the value; not for secrets.
    pub(super) fn refuse(&self, reading: &Reading, trouble: impl Display) {
        let mut shown: String = self.text.chars().take(60).collect();
        if shown.len() < self.text.len() {
            shown.push('…');
        }
        reading.refuse(&self.place, Some(format!("{shown:?}")), trouble);
    }
}

/// The parts of `a, b`, also where someone wrote `["a", "b"]` into a variable.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    inner.split(',').map(|part| part.trim().trim_matches('"')).filter(|part| !part.is_empty())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(..) | Value::Char(..) => "a text",
        Value::Bool(..) => "true or false",
        Value::Num(..) => "a number",
        Value::Empty(..) => "empty",
        Value::Dict(..) => "a section",
        Value::Array(..) => "a list",
    }
}

fn number_shown(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(format!("{:?}", text.chars().take(20).collect::<String>())),
        other => other.to_i128().map(|number| number.to_string()),
    }
}

/// A TOML error without the lines it quotes.
fn without_quotes(message: &str) -> String {
    let quotes = |line: &&str| !line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|');
    message.lines().filter(quotes).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(": ")
}
