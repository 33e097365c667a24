//! The configuration in effect, without its secrets.

use axum::response::Response;

use crate::domain::act::Act;
use crate::http::board::page::Trouble;
use crate::http::board::reader::Reader;
use crate::http::board::view::frame::Place;
use crate::http::board::view::inquiry::Fact;
use crate::http::board::view::settings::Settings;

/// The configuration.
pub(super) async fn page(reader: Reader) -> Response {
    let page = settings(&reader);
    reader.answer(page)
}

fn settings(reader: &Reader) -> Result<Settings, Trouble> {
    let operator = &reader.caller().operator;
    // It speaks of every environment.
    if !operator.may_everywhere(Act::ReadSettings) {
        return Err(Trouble::NotAllowed("admin, for every environment"));
    }
    let effective = reader.pages().app.effective();
    Ok(Settings {
        frame: reader.frame("Settings", Place::Settings, 0),
        facts: vec![Fact::text("Version", env!("CARGO_PKG_VERSION"))],
        warnings: effective.warnings.clone(),
        sections: sections(&effective.text),
    })
}

/// The sections of a configuration as text, each with its name; what stands before the first is `general`.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections = vec![("general".to_owned(), String::new())];
    for line in text.lines() {
        let name = line.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']'));
        if let Some(name) = name.filter(|name| !name.starts_with('[')) {
            sections.push((name.to_owned(), String::new()));
        } else if let Some((_, section)) = sections.last_mut() {
            section.push_str(line);
            section.push('\n');
        }
    }
    let trimmed = sections.into_iter().map(|(name, text)| (name, text.trim().to_owned()));
    trimmed.filter(|(_, text)| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::sections;

    #[test]
    fn a_configuration_is_shown_section_by_section() {
        let text = "database_url = \"x\"\n\n[listen]\npublic = 1\n\n[empty]\n\n[[list]]\na = 1\n";
        let expected = [("general", "database_url = \"x\""), ("listen", "public = 1")];
        let found = sections(text);
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), expected[0]);
        assert_eq!((found[1].0.as_str(), found[1].1.as_str()), expected[1]);
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
