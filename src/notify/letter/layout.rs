//! A letter's parts, laid out as plain text and as HTML that says the same.

use std::fmt::Write as _;

use askama::Template;

use super::brand::LetterBrand;
use super::markup::Block;
use super::words::{self, Words};
use crate::domain::language::Language;

#[derive(Template)]
#[template(path = "letters/layout.html")]
struct Page<'a> {
    lang: &'static str,
    subject: &'a str,
    brand: &'a LetterBrand,
    blocks: &'a [Block],
    words: Words,
    why: String,
    unsubscribe: Option<&'a str>,
    legal: Vec<&'a str>,
}

/// Everything as plain text.
pub(super) fn text(blocks: &[Block], brand: &LetterBrand, language: Language, unsubscribe: Option<&str>) -> String {
    let mut text = String::new();
    for block in blocks {
        // Writing into a String can't fail.
        let _ = match block {
            Block::Paragraph(lines) => writeln!(text, "{}\n", lines.join("\n")),
            Block::Button { label, link } => writeln!(text, "{label}:\n{link}\n"),
        };
    }
    let words = words::of(language);
    let _ = writeln!(text, "{}\n\n{}", brand.name, why(&words, brand));
    if let Some(support) = &brand.support {
        let _ = writeln!(text, "{} {}", words.questions, support.text);
    }
    if let Some(unsubscribe) = unsubscribe {
        let _ = writeln!(text, "{}: {unsubscribe}", words.no_more);
    }
    for line in brand.legal_lines(language) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Everything as a page that loads nothing.
pub(super) fn html(
    blocks: &[Block],
    brand: &LetterBrand,
    language: Language,
    subject: &str,
    unsubscribe: Option<&str>,
) -> String {
    let words = words::of(language);
    let (why, legal) = (why(&words, brand), brand.legal_lines(language));
    let page = Page { lang: language.as_str(), subject, brand, blocks, words, why, unsubscribe, legal };
    // A template over texts alone: writing it into a String can't fail.
    page.render().unwrap_or_default()
}

fn why(words: &Words, brand: &LetterBrand) -> String {
    words.why.replace("{brand}", &brand.name)
}
