//! How notices are put into words: the operator's own templates, and what the law wants at their end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::reader::{Entry, Reading, Section};
use crate::domain::language::Language;
use crate::domain::letter::LetterKind;

/// How notices are put into words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    /// The operator's own templates; what has none is written by the standard one.
    pub templates: Vec<NoticeTemplate>,
    /// What stands at the end of each letter, by language.
    pub legal: BTreeMap<Language, String>,
}

/// A template of the operator's own, as read from its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeTemplate {
    /// Where it was read.
    pub file: PathBuf,
    /// What it is about.
    pub kind: LetterKind,
    /// The language it is written in.
    pub language: Language,
    /// What stands in it.
    pub text: String,
}

pub(super) fn notices(mut section: Section<'_>) -> Notices {
    let templates = section.text("templates").map(|entry| folder(section.reading, &entry)).unwrap_or_default();
    let mut legal = BTreeMap::new();
    let mut of_language = section.section("legal");
    for language in Language::ALL {
        legal.extend(of_language.text(language.as_str()).map(|entry| (language, entry.text)));
    }
    of_language.finish();
    section.finish();
    Notices { templates, legal }
}

fn folder(reading: &Reading, entry: &Entry) -> Vec<NoticeTemplate> {
    let folder = reading.file(&entry.text);
    let files = match fs::read_dir(&folder) {
        Ok(files) => files,
        Err(error) => {
            entry.refuse(reading, format!("is no folder that can be read: {error}"));
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    // Editors leave files of their own behind; a misnamed template must not be taken for one of those.
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "txt"));
    paths.iter().filter_map(|path| template(path).map_err(|trouble| entry.refuse(reading, trouble)).ok()).collect()
}

fn template(path: &Path) -> Result<NoticeTemplate, String> {
    let shown = path.display();
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let named = name.split_once('.').and_then(|(kind, language)| Some((kind.parse().ok()?, language.parse().ok()?)));
    let (kind, language) = named.ok_or_else(|| {
        format!(
            "holds {shown}, whose name says neither what it is about nor its language; call it like reminder.de.txt: \
             reminder, revived, replaced or invitation, and en, es, de or fr"
        )
    })?;
    let text = fs::read_to_string(path).map_err(|error| format!("holds {shown}, which can't be read: {error}"))?;
    Ok(NoticeTemplate { file: path.to_owned(), kind, language, text })
}
