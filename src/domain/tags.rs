//! The operator's tags on an inquiry, as far as rules may look at them.

use std::collections::BTreeSet;

/// The most tags of one inquiry that are kept, the first by their order.
const MOST: usize = 50;

/// The longest tag that is kept, in bytes.
pub const LONGEST: usize = 100;

/// Tags without repetition, in their order. What is longer or more than anybody would tag by is left out, so that a
/// state stays small.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tags(BTreeSet<String>);

impl Tags {
    /// These tags.
    pub fn new<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        let usable = tags.into_iter().filter(|tag| !tag.is_empty() && tag.len() <= LONGEST && !tag.contains('\0'));
        let all: BTreeSet<&str> = usable.collect();
        Self(all.into_iter().take(MOST).map(str::to_owned).collect())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a tag is among them; tags are told apart by case.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.0.contains(tag)
    }

    /// Adds the tags of another.
    pub fn extend(&mut self, more: Option<&Self>) {
        self.0.extend(more.into_iter().flat_map(|more| more.0.iter().cloned()));
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_bounded_and_in_order() {
        let long = "x".repeat(LONGEST + 1);
        let tags = Tags::new(["b", "a", "b", "", &long, "nul\0"]);
        assert_eq!(tags.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(tags.has("a") && !tags.has("A") && Tags::new([]).is_empty());
        let many: Vec<String> = (0..200).map(|number| format!("{number:03}")).collect();
        let some = Tags::new(many.iter().map(String::as_str));
        assert_eq!((some.iter().count(), some.has("049"), some.has("050")), (MOST, true, false));
    }
}
