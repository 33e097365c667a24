//! What lists share: their filter, their pages, and what stands there when they are empty; and forms that act.

use std::fmt::Write as _;

/// A choice in a filter.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The name in the address.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What there is to choose.
    pub options: Vec<Item>,
}

/// One thing to choose.
#[derive(Debug, Clone)]
pub struct Item {
    /// As it stands in the address; empty for any.
    pub value: String,
    /// What people read.
    pub text: String,
    /// Whether it is the one.
    pub chosen: bool,
}

/// A text to search for.
#[derive(Debug, Clone)]
pub struct Search {
    /// The name in the address.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What is searched for.
    pub value: String,
}

/// Something that is so or not.
#[derive(Debug, Clone)]
pub struct Tick {
    /// The name in the address.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// Whether it is so.
    pub on: bool,
}

/// What a list is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Texts.
    pub searches: Vec<Search>,
    /// Choices.
    pub choices: Vec<Choice>,
    /// What is so or not.
    pub ticks: Vec<Tick>,
    /// Where the list stands without it, if it is narrowed.
    pub clear: Option<&'static str>,
}

/// Where a list goes on.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    /// What is shown of it.
    pub shown: String,
    /// The beginning, unless this is it.
    pub first: Option<String>,
    /// The next page, unless this is the last.
    pub next: Option<String>,
}

/// What stands in place of rows.
#[derive(Debug, Clone)]
pub struct Nothing {
    /// What there is none of.
    pub head: String,
    /// Why, and what would be here.
    pub text: String,
    /// A way on.
    pub way: Option<(String, String)>,
}

/// A form that does something.
#[derive(Debug, Clone)]
pub struct Act {
    /// Unique on its page.
    pub id: String,
    /// What the button says.
    pub name: &'static str,
    /// What happens then.
    pub means: String,
    /// Where it is sent.
    pub action: String,
    /// What is sent along.
    pub fields: Vec<(&'static str, String)>,
    /// What is asked for: its name, what people read, and what stands there first.
    pub ask: Option<(&'static str, &'static str, String)>,
    /// Whether it can't be without a reason.
    pub reason_wanted: bool,
    /// Whether it can't be taken back.
    pub danger: bool,
}

impl Choice {
    /// A choice of these values, each with its text, of which one is chosen; the first is any.
    pub fn of(
        name: &'static str,
        label: &'static str,
        any: &str,
        chosen: Option<&str>,
        values: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let any = Item { value: String::new(), text: any.to_owned(), chosen: chosen.is_none() };
        let option = |(value, text): (String, String)| Item { chosen: chosen == Some(&value), value, text };
        Self { name, label, options: std::iter::once(any).chain(values.into_iter().map(option)).collect() }
    }
}

impl Pages {
    /// The pages of a list at an address, which is narrowed by a query and goes on with a cursor.
    pub fn of(shown: String, path: &str, query: &[(&str, &str)], at: Option<&str>, next: Option<&str>) -> Self {
        let first = at.map(|_| href(path, query));
        let next = next.map(|next| href(path, &[query, &[("after", next)]].concat()));
        Self { shown, first, next }
    }
}

impl Nothing {
    /// Nothing passes the filter.
    pub fn passes(of: &str, clear: &str) -> Self {
        Self {
            head: format!("No {of} match"),
            text: "Nothing that is stored passes this filter.".to_owned(),
            way: Some((clear.to_owned(), "Show all".to_owned())),
        }
    }

    /// There is nothing yet.
    pub fn yet(head: impl Into<String>, text: impl Into<String>) -> Self {
        Self { head: head.into(), text: text.into(), way: None }
    }
}

impl Act {
    /// An act that a reason is wanted for.
    pub fn of(id: impl Into<String>, name: &'static str, action: impl Into<String>, means: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name,
            means: means.into(),
            action: action.into(),
            fields: Vec::new(),
            ask: None,
            reason_wanted: true,
            danger: false,
        }
    }

    /// One that can't be taken back.
    pub fn dangerous(self) -> Self {
        Self { danger: true, ..self }
    }
}

/// An address of ours: a path, which is ready to be written, with a query.
pub fn href(path: &str, query: &[(&str, &str)]) -> String {
    let wanted: Vec<_> = query.iter().filter(|(_, value)| !value.is_empty()).collect();
    if wanted.is_empty() {
        return path.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(wanted.iter().copied()).finish();
    format!("{path}?{query}")
}

/// A path of ours of these parts, whatever stands in them.
pub fn path(parts: &[&str]) -> String {
    let mut path = String::new();
    for part in parts {
        path.push('/');
        for byte in part.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => path.push(char::from(byte)),
                other => {
                    // Writing into a text does not fail.
                    let _ = write!(path, "%{other:02X}");
                }
            }
        }
    }
    path
}

/// A number with its thousands apart.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_whatever_stands_in_them() {
        assert_eq!(href("/actions", &[("reason", "a&b=c d"), ("kind", "")]), "/actions?reason=a%26b%3Dc+d");
        assert_eq!(path(&["inquiries", "sand/box", "inq_1?x"]), "/inquiries/sand%2Fbox/inq_1%3Fx");
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([7, 999, 1_000, 1_234_567].map(grouped), ["7", "999", "1,000", "1,234,567"]);
    }
}
