//! One inquiry: whether its person gets in, why not, and everything that happened.

use askama::Template;

use super::frame::Frame;
use super::list::Act;
use super::mark::Mark;
use super::when::When;

/// One inquiry.
#[derive(Debug, Clone, Template)]
#[template(path = "board/inquiry.html")]
pub struct Inquiry {
    /// What stands around it.
    pub frame: Frame,
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: Mark,
    /// Further marks, such as muted.
    pub marks: Vec<Mark>,
    /// Whether they get in.
    pub answer: Option<Answer>,
    /// Why nobody is reminded, or when they are.
    pub reminder: Reminder,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// What can be done.
    pub acts: Vec<Act>,
    /// The inquiries that stand for one verification.
    pub lineage: Vec<Member>,
    /// The person's other inquiries.
    pub others: Vec<Member>,
    /// Its actions.
    pub actions: Vec<ActionRow>,
    /// The access links into it.
    pub links: Vec<LinkRow>,
    /// What happened, the latest first.
    pub timeline: Vec<Moment>,
    /// Whether its beginning is left out.
    pub shortened: bool,
}

/// Whether somebody gets in, and why not.
#[derive(Debug, Clone)]
pub struct Answer {
    /// In a word, with its shape.
    pub mark: Mark,
    /// In a sentence.
    pub sentence: String,
    /// What keeps them out or from being told, the first one first.
    pub causes: Vec<String>,
    /// What helps; each with the command that does it.
    pub help: Vec<(String, Option<String>)>,
    /// Another inquiry that the person is to get into: its id and page.
    pub elsewhere: Option<(String, String)>,
    /// What it rests on.
    pub evidence: Vec<(When, String, String)>,
}

/// Why did this person get no reminder?
#[derive(Debug, Clone)]
pub struct Reminder {
    /// In a word, with its shape.
    pub mark: Mark,
    /// In a sentence.
    pub sentence: String,
    /// When the next one is due.
    pub next: Option<When>,
}

/// Something that is known.
#[derive(Debug, Clone)]
pub struct Fact {
    /// What.
    pub name: &'static str,
    /// As text.
    pub text: String,
    /// Where it leads.
    pub href: Option<String>,
    /// As a time.
    pub when: Option<When>,
    /// Whether it is written as an id is.
    pub id: bool,
}

/// An inquiry beside this one.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// Whether it is this one.
    pub here: bool,
    /// Its status.
    pub status: Mark,
    /// When it was made.
    pub made: Option<When>,
    /// What came of it.
    pub note: String,
}

/// One of its actions.
#[derive(Debug, Clone)]
pub struct ActionRow {
    /// What it does.
    pub words: String,
    /// Its page.
    pub href: String,
    /// How far it is.
    pub state: Mark,
    /// When it is due or ended.
    pub when: When,
    /// Why.
    pub reason: String,
}

/// One of its access links.
#[derive(Debug, Clone)]
pub struct LinkRow {
    /// Its id: no secret.
    pub id: String,
    /// How it stands.
    pub state: Mark,
    /// How often it was opened, of how often it opens.
    pub opens: String,
    /// Until when it opens.
    pub until: When,
    /// Who made it.
    pub by: String,
    /// Revokes it.
    pub revoke: Option<Act>,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Unique on the page, and the same the next time.
    pub id: String,
    /// When.
    pub when: When,
    /// The class and the name of its shape.
    pub tone: &'static str,
    /// Its shape.
    pub shape: &'static str,
    /// What kind of thing.
    pub kind: &'static str,
    /// What.
    pub words: String,
    /// Where it leads.
    pub href: Option<String>,
    /// What became of it.
    pub outcome: String,
    /// Why, and by whom.
    pub reason: String,
}

impl Fact {
    /// A text.
    pub fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into(), href: None, when: None, id: false }
    }

    /// An id.
    pub fn id(name: &'static str, text: impl Into<String>) -> Self {
        Self { id: true, ..Self::text(name, text) }
    }

    /// A time.
    pub fn when(name: &'static str, when: When) -> Self {
        Self { when: Some(when), ..Self::text(name, "") }
    }

    /// That leads somewhere.
    pub fn to(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }
}
