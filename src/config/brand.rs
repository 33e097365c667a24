//! How the pages look that people see: whose they are, in which colours, languages and words.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reader::Section;
use super::texts::{Language, Text};

/// How the pages look that people see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// Who asks; by default the host of `public_url`.
    pub name: String,
    /// A picture, as a `data:` URL.
    pub logo: Option<String>,
    /// The button's colour on a light page.
    pub accent: Colour,
    /// The button's colour on a dark page.
    pub accent_dark: Colour,
    /// Whom people can ask.
    pub support: Option<Support>,
    /// The languages offered; the first for whoever asks for none of them. Never empty.
    pub languages: Vec<Language>,
    texts: BTreeMap<(Language, Text), String>,
}

/// Whom people can ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// As people read it.
    pub text: String,
    /// Where it leads, for an address or a page.
    pub href: Option<String>,
}

/// A colour as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The longest logo, in bytes: with it a page stays under 20 KB.
const LOGO_BYTES: usize = 8 * 1024;

const ACCENT: Colour = Colour([0x1d, 0x4e, 0xd8]);
const ACCENT_DARK: Colour = Colour([0x93, 0xb4, 0xff]);

impl Brand {
    /// A text as this brand says it.
    pub fn text(&self, language: Language, text: Text) -> String {
        let own = self.texts.get(&(language, text)).map_or(text.standard(language), String::as_str);
        own.replace("{name}", &self.name)
    }

    /// The texts that are not the standard ones.
    pub(super) fn own_texts(&self) -> impl Iterator<Item = (Language, Text, &str)> {
        self.texts.iter().map(|((language, text), own)| (*language, *text, own.as_str()))
    }
}

impl Colour {
    /// Reads `#rrggbb`.
    ///
    /// # Errors
    /// What is wrong with it, worded to follow the key.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "is no colour; write it like \"#1d4ed8\"";
        let mut colour = [0_u8; 3];
        let digits = text.strip_prefix('#').ok_or(WRONG)?;
        hex::decode_to_slice(digits, &mut colour).map(|()| Self(colour)).map_err(|_| WRONG)
    }

    /// Black or white, whichever can be read better on it: the one with the greater contrast by WCAG 2
    /// (<https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>), which is black from a luminance of 0.179 on.
    #[must_use]
    pub fn ink(self) -> Self {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        Self(if luminance > 0.179 { [0; 3] } else { [255; 3] })
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", hex::encode(self.0))
    }
}

pub(super) fn brand(mut section: Section<'_>, host: Option<&str>) -> Brand {
    let name = section.parsed("name", host.unwrap_or("Rekindle").to_owned(), |text| match text.trim() {
        "" => Err("is empty; write who asks people to verify, or leave it out"),
        text if text.chars().count() > 80 => Err("is too long for a heading; use at most 80 characters"),
        text => Ok(text.to_owned()),
    });
    let logo = logo(&mut section);
    let accent = section.parsed("accent", ACCENT, Colour::parse);
    let accent_dark = section.parsed("accent_dark", ACCENT_DARK, Colour::parse);
    let support = section.parsed("support", None, |text| support(text).map(Some));
    let languages = languages(&mut section);
    let mut texts = BTreeMap::new();
    for (name, mut of_language) in section.sections("texts") {
        match name.parse::<Language>() {
            Err(trouble) => of_language.reading.refuse(&of_language.here(), None, trouble),
            Ok(language) => {
                for text in Text::ALL {
                    texts.extend(of_language.text(text.key()).map(|entry| ((language, *text), entry.text)));
                }
                of_language.finish();
            }
        }
    }
    section.finish();
    Brand { name, logo, accent, accent_dark, support, languages, texts }
}

fn logo(section: &mut Section<'_>) -> Option<String> {
    let entry = section.text("logo_file")?;
    let reading = section.reading;
    let media = match entry.text.rsplit_once('.').map(|(_, kind)| kind.to_ascii_lowercase()).as_deref() {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => {
            entry.refuse(reading, "is no picture we know by its name; use an .svg or a .png");
            return None;
        }
    };
    match fs::read(reading.file(&entry.text)) {
        Err(error) => entry.refuse(reading, format!("can't be read: {error}")),
        Ok(bytes) if bytes.len() > LOGO_BYTES => {
            entry.refuse(reading, format!("has {} bytes; pages load fast, so use at most {LOGO_BYTES}", bytes.len()));
        }
        Ok(bytes) => return Some(format!("data:{media};base64,{}", STANDARD.encode(bytes))),
    }
    None
}

fn support(text: &str) -> Result<Support, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("is nobody; write an address, a web page or a phone number, or leave it out");
    }
    let plain = !text.contains(char::is_whitespace);
    let href = if plain && text.starts_with("https://") {
        Some(text.to_owned())
    } else if plain && text.contains('@') {
        Some(format!("mailto:{text}"))
    } else {
        let number: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        (number.len() >= 6 && !text.contains(char::is_alphabetic)).then(|| format!("tel:{number}"))
    };
    Ok(Support { text: text.to_owned(), href })
}

fn languages(section: &mut Section<'_>) -> Vec<Language> {
    let Some(entries) = section.texts("languages") else { return Language::ALL.to_vec() };
    let reading = section.reading;
    let mut languages = Vec::new();
    for entry in entries {
        let Some(language) = entry.parsed(reading, str::parse::<Language>) else { continue };
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    if languages.is_empty() { vec![Language::En] } else { languages }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_can_be_read_on_its_colour() {
        for (colour, ink) in
            [("#000000", "#ffffff"), ("#ffffff", "#000000"), ("#1d4ed8", "#ffffff"), ("#93b4ff", "#000000")]
        {
            assert_eq!(Colour::parse(colour).unwrap().ink().to_string(), ink, "{colour}");
        }
        for text in ["blue", "#fff", "1d4ed8", "#1d4ed8;}"] {
            assert!(Colour::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn support_leads_where_it_can() {
        let href = |text| support(text).unwrap().href;
        assert_eq!(href("help@example.com").as_deref(), Some("mailto:help@example.com"));
        assert_eq!(href("https://example.com/help").as_deref(), Some("https://example.com/help"));
        assert_eq!(href("+49 30 123 456").as_deref(), Some("tel:+4930123456"));
        assert_eq!(href("ask at the counter"), None);
        assert!(support(" ").is_err());
    }
}
