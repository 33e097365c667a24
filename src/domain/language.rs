//! The languages that people are spoken to in.

use std::fmt;
use std::str::FromStr;

/// A language that the pages and the letters speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    En,
    /// Spanish.
    Es,
    /// German.
    De,
    /// French.
    Fr,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 4] = [Self::En, Self::Es, Self::De, Self::Fr];

    /// Its tag, as in `lang="en"`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::De => "de",
            Self::Fr => "fr",
        }
    }

    /// The offered language that a BCP 47 tag asks for (`de-AT` asks for German); the first one where it asks for none
    /// of them.
    #[must_use]
    pub fn of_tag(tag: Option<&str>, offered: &[Self]) -> Self {
        let primary = tag.and_then(|tag| tag.split(['-', '_']).next()).unwrap_or_default().to_ascii_lowercase();
        let asked = offered.iter().find(|language| language.as_str() == primary);
        asked.or(offered.first()).copied().unwrap_or(Self::En)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Language {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|language| language.as_str() == text);
        known.ok_or("is no language of the pages; use \"en\", \"es\", \"de\" or \"fr\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_finds_its_language_among_those_offered() {
        let all = &Language::ALL;
        assert_eq!(Language::of_tag(Some("de-AT"), all), Language::De);
        assert_eq!(Language::of_tag(Some("ES_mx"), all), Language::Es);
        assert_eq!(Language::of_tag(Some("ja"), all), Language::En);
        assert_eq!(Language::of_tag(Some("de"), &[Language::Fr]), Language::Fr);
        assert_eq!(Language::of_tag(None, &[]), Language::En);
    }
}
