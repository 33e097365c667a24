//! Who writes: the name, colours, languages and fixed words of letters.

use std::collections::BTreeMap;

use crate::domain::language::Language;

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterBrand {
    /// Who asks people to verify.
    pub name: String,
    /// The button's colour on a light page, as `#rrggbb`.
    pub accent: String,
    /// What can be read on it.
    pub accent_ink: String,
    /// The button's colour on a dark page.
    pub accent_dark: String,
    /// What can be read on it.
    pub accent_dark_ink: String,
    /// Whom people can ask.
    pub support: Option<Support>,
    /// The languages offered; the first for whoever reads none of them.
    pub languages: Vec<Language>,
    /// What the law wants at the end of a letter, by language.
    pub legal: BTreeMap<Language, String>,
}

/// Whom people can ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// As people read it.
    pub text: String,
    /// Where it leads, for an address or a page.
    pub href: Option<String>,
}

impl Default for LetterBrand {
    fn default() -> Self {
        Self {
            name: "Rekindle".to_owned(),
            accent: "#1d4ed8".to_owned(),
            accent_ink: "#ffffff".to_owned(),
            accent_dark: "#93b4ff".to_owned(),
            accent_dark_ink: "#000000".to_owned(),
            support: None,
            languages: Language::ALL.to_vec(),
            legal: BTreeMap::new(),
        }
    }
}

impl LetterBrand {
    /// The lines that the law wants, in a language or else in the first that there is.
    pub(super) fn legal_lines(&self, language: Language) -> Vec<&str> {
        let text = self.legal.get(&language).or_else(|| self.legal.values().next());
        text.map(|text| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()).unwrap_or_default()
    }
}
