//! What people are written: a template for each kind and language, rendered to plain text, and to HTML from that text.

mod brand;
mod layout;
mod markup;
mod moment;
mod sample;
mod standard;
mod todo;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use minijinja::{Environment, UndefinedBehavior, context};
use secrecy::{ExposeSecret, SecretString};

pub use self::brand::{LetterBrand, Support};
pub use self::sample::{Sample, sample_invitation, sample_notice};
use crate::domain::language::Language;
use crate::domain::letter::LetterKind;
use crate::domain::rules::Step;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::notify::error::NotifyError;
use crate::notify::notice::{Invitation, Notice};
use crate::notify::recipient::Recipient;

/// Writes letters: every template compiled and tried out. Cheap to clone.
#[derive(Clone)]
pub struct Letters {
    inner: Arc<Inner>,
}

struct Inner {
    templates: Environment<'static>,
    brand: LetterBrand,
}

/// A template of the operator's own: the subject on its first line, the text below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTemplate {
    /// Where it was read, for what is said about it.
    pub file: PathBuf,
    /// What it is about.
    pub kind: LetterKind,
    /// The language it is written in.
    pub language: Language,
    /// What stands in it.
    pub text: String,
}

/// A letter, ready to be sent. It holds a way in, so it shows nothing.
#[derive(Clone)]
pub struct Letter {
    /// The language it is written in.
    pub language: Language,
    /// One line.
    pub subject: String,
    /// Plain text, with the link and everything else that the HTML says.
    pub text: SecretString,
    /// The same as a page of HTML, without a picture or anything else to load.
    pub html: SecretString,
}

/// What a letter tells, and whom.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// What it is about.
    pub kind: LetterKind,
    /// The language it is to be written in.
    pub language: Language,
    /// The person, where they are known.
    pub to: Option<&'a Recipient>,
    /// The way in.
    pub link: &'a SecretString,
    /// Until when that is of use.
    pub until: Timestamp,
    /// Whether little time is left.
    pub last_call: bool,
    /// Whether the person began.
    pub begun: bool,
    /// The step of the flow that comes next, as the template names it.
    pub next_step: Option<&'a str>,
    /// A link by which whoever gets it asks for no more.
    pub unsubscribe: Option<&'a SecretString>,
}

/// Why a template can't be used: where, what is wrong, and what helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {trouble}; {remedy}")]
pub struct LetterError {
    /// The template's file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub trouble: String,
    /// What helps.
    pub remedy: &'static str,
}

/// With so little time left a reminder says that time is short, where its step counts what is left.
pub const LAST_CALL: SignedDuration = SignedDuration::from_hours(6);

/// From this share of the lifetime on, in per cent, a reminder says so, where its step counts what is gone.
pub const NEARLY_GONE: u8 = 67;

/// The longest subject, in characters; mail readers cut them far earlier.
const SUBJECT_CHARACTERS: usize = 150;

const REMEDY: &str = "mend it, or take the file away and the standard text is used; the words a template may use are in \
                      docs/notices.md";

impl Letters {
    /// Compiles the standard templates and the operator's own, which come first, and renders each of them for samples.
    ///
    /// # Errors
    /// [`LetterError`] when a template can't be read or rendered.
    pub fn new(brand: LetterBrand, own: &[OwnTemplate]) -> Result<Self, LetterError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut files = BTreeMap::new();
        for (kind, language, text) in standard::all() {
            files.insert(
                (kind, language),
                (format!("the standard template {}", name_of(kind, language)), text.to_owned()),
            );
        }
        for own in own {
            files.insert((own.kind, own.language), (own.file.display().to_string(), own.text.clone()));
        }
        for ((kind, language), (file, text)) in &files {
            let added = templates.add_template_owned(name_of(*kind, *language), text.clone());
            added.map_err(|error| complaint(file, &error))?;
        }
        let letters = Self { inner: Arc::new(Inner { templates, brand }) };
        for ((kind, language), (file, _)) in &files {
            letters.try_out(*kind, *language, file)?;
        }
        Ok(letters)
    }

    /// The standard letters, of nobody in particular.
    ///
    /// # Panics
    /// When a standard template can't be rendered, which the tests of this floor would find.
    #[must_use]
    pub fn standard() -> Self {
        static STANDARD: LazyLock<Letters> =
            LazyLock::new(|| Letters::new(LetterBrand::default(), &[]).unwrap_or_else(|error| panic!("{error}")));
        STANDARD.clone()
    }

    /// The letter for a reminder, in the person's language where it is one of ours. The same on every try.
    ///
    /// # Errors
    /// [`NotifyError::Unsendable`] when the template fails on this one.
    pub fn of_notice(&self, notice: &Notice) -> Result<Letter, NotifyError> {
        self.written(&Facts {
            kind: match notice.step.as_str() {
                "revived" => LetterKind::Revived,
                "replaced" => LetterKind::Replaced,
                _ => LetterKind::Reminder,
            },
            language: self.language_of(notice.to.as_ref()),
            to: notice.to.as_ref(),
            link: &notice.link,
            until: notice.deadline,
            last_call: is_last_call(notice),
            begun: notice.status == Status::Pending && notice.next_step.as_deref() != Some("start"),
            next_step: notice.next_step.as_deref(),
            unsubscribe: notice.unsubscribe.as_ref(),
        })
    }

    /// The letter for a link that somebody asked for. The same on every try.
    ///
    /// # Errors
    /// [`NotifyError::Unsendable`] when the template fails on this one.
    pub fn of_invitation(&self, invitation: &Invitation) -> Result<Letter, NotifyError> {
        self.written(&Facts {
            kind: LetterKind::Invitation,
            language: self.language_of(invitation.to.as_ref()),
            to: invitation.to.as_ref(),
            link: &invitation.link,
            until: invitation.link_expires_at,
            last_call: false,
            begun: false,
            next_step: None,
            unsubscribe: invitation.unsubscribe.as_ref(),
        })
    }

    /// Who writes.
    #[must_use]
    pub fn brand(&self) -> &LetterBrand {
        &self.inner.brand
    }

    fn language_of(&self, to: Option<&Recipient>) -> Language {
        Language::of_tag(to.and_then(|to| to.language.as_deref()), &self.inner.brand.languages)
    }

    fn written(&self, facts: &Facts<'_>) -> Result<Letter, NotifyError> {
        // The error's own words could quote what stands in the letter.
        self.write(facts)
            .map_err(|_| NotifyError::Unsendable("its template can't be rendered; try `rekindle notices preview`"))
    }

    fn write(&self, facts: &Facts<'_>) -> Result<Letter, minijinja::Error> {
        let template = self.inner.templates.get_template(&name_of(facts.kind, facts.language))?;
        let (brand, language) = (&self.inner.brand, facts.language);
        let zone = facts.to.and_then(|to| to.time_zone.clone()).unwrap_or(TimeZone::UTC);
        let name = facts.to.and_then(|to| to.name.as_ref()).and_then(|name| greeted(name.expose_secret()));
        let rendered = template.render(context! {
            name => name,
            brand => brand.name.as_str(),
            link => facts.link.expose_secret(),
            todo => todo::phrase(facts.next_step, language),
            until => moment::in_words(facts.until, &zone, language),
            last_call => facts.last_call,
            begun => facts.begun,
            support => brand.support.as_ref().map(|support| support.text.as_str()),
        })?;
        let (subject, body) = rendered.split_once('\n').unwrap_or((&rendered, ""));
        let subject: String = subject.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let subject: String = subject.chars().take(SUBJECT_CHARACTERS).collect();
        let blocks = markup::blocks(body);
        let unsubscribe = facts.unsubscribe.map(ExposeSecret::expose_secret);
        let text = layout::text(&blocks, brand, language, unsubscribe);
        let html = layout::html(&blocks, brand, language, &subject, unsubscribe);
        Ok(Letter { language, subject, text: text.into(), html: html.into() })
    }

    /// Renders a template for every sample, so that none fails at night.
    fn try_out(&self, kind: LetterKind, language: Language, file: &str) -> Result<(), LetterError> {
        for sample in Sample::ALL {
            let facts = Facts { kind, language, ..sample.facts() };
            let letter = self.write(&facts).map_err(|error| complaint(file, &error))?;
            let wrong = |line, trouble: &str| LetterError {
                file: file.to_owned(),
                line,
                trouble: trouble.to_owned(),
                remedy: REMEDY,
            };
            if letter.subject.is_empty() {
                return Err(wrong(1, "its first line is empty, and that is the subject"));
            }
            if !letter.text.expose_secret().contains(facts.link.expose_secret()) {
                return Err(wrong(2, "it says {{ link }} nowhere, so nobody could get in by it"));
            }
        }
        Ok(())
    }
}

/// Whether time is short, by the step of the rule; the same on every try.
fn is_last_call(notice: &Notice) -> bool {
    match notice.step.parse() {
        Ok(Step::Gone { percent }) => percent >= NEARLY_GONE,
        Ok(_) | Err(_) => notice.deadline.since(notice.created_at) <= LAST_CALL,
    }
}

/// A name as somebody is greeted by it. What is no name, such as an advertisement with an address in it, is left out.
fn greeted(name: &str) -> Option<String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let foreign = ["://", "www.", "@", "<", ">", "[", "]"];
    let fine = !name.is_empty() && name.chars().count() <= 60 && !foreign.iter().any(|part| name.contains(part));
    (fine && !name.chars().any(char::is_control)).then_some(name)
}

/// `reminder.de.txt`.
fn name_of(kind: LetterKind, language: Language) -> String {
    format!("{kind}.{language}.txt")
}

fn complaint(file: &str, error: &minijinja::Error) -> LetterError {
    let trouble =
        error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    LetterError { file: file.to_owned(), line: error.line().unwrap_or(1), trouble, remedy: REMEDY }
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letters").field("brand", &self.inner.brand.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("language", &self.language).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
