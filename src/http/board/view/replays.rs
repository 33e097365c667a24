//! Replays: the list, one with its preview, progress and report, and the choice of what is to be done again.

use askama::Template;

use super::frame::Frame;
use super::inquiry::Fact;
use super::list::{Act, Choice, Nothing, Pages, Search};
use super::mark::Mark;
use super::overview::Figure;
use super::when::When;

/// A form that looks at what it would mean to do things again.
#[derive(Debug, Clone)]
pub struct Again {
    /// What is chosen.
    pub fields: Vec<(&'static str, String)>,
}

/// Every replay.
#[derive(Debug, Clone, Template)]
#[template(path = "board/replays.html")]
pub struct Replays {
    /// What stands around it.
    pub frame: Frame,
    /// The replays.
    pub rows: Vec<Row>,
    /// What stands there without any.
    pub nothing: Nothing,
    /// Where they go on.
    pub pages: Pages,
    /// Whether whoever reads may begin one.
    pub may: bool,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is chosen.
    pub words: String,
    /// Its page.
    pub href: String,
    /// Its environment.
    pub environment: String,
    /// How it stands.
    pub state: Mark,
    /// Looked at, of how many.
    pub progress: String,
    /// How many were done.
    pub done: String,
    /// How many failed again.
    pub failed: String,
    /// When it was started.
    pub began: When,
    /// By whom, and why.
    pub why: String,
}

/// One replay, or the preview of one.
#[derive(Debug, Clone, Template)]
#[template(path = "board/replay.html")]
pub struct Replay {
    /// What stands around it.
    pub frame: Frame,
    /// What is chosen.
    pub words: String,
    /// How it stands.
    pub state: Mark,
    /// What happens next, in a sentence.
    pub next: String,
    /// What can be done.
    pub acts: Vec<Act>,
    /// How far it is, of how many; none for a preview.
    pub progress: Option<(u64, u64)>,
    /// What became of how many; none for a preview.
    pub report: Vec<Figure>,
    /// What became of what was not simply done.
    pub reasons: Vec<Became>,
    /// What was found before it was started.
    pub preview: Vec<Figure>,
    /// That the preview is an estimate.
    pub estimate: Option<String>,
    /// What it would pass over: how many, and why.
    pub skipped: Vec<(String, &'static str)>,
    /// What matches: how many, of what kind, and why.
    pub groups: Vec<Group>,
    /// What is known of it.
    pub facts: Vec<Fact>,
}

/// What became of some.
#[derive(Debug, Clone)]
pub struct Became {
    /// What.
    pub mark: Mark,
    /// Why.
    pub why: String,
    /// How many.
    pub count: String,
    /// Where they are.
    pub href: Option<String>,
}

/// Those that are alike.
#[derive(Debug, Clone)]
pub struct Group {
    /// Their kind or name.
    pub what: String,
    /// The reason they ended with.
    pub why: String,
    /// How many.
    pub count: String,
}

/// The choice of what is to be done again.
#[derive(Debug, Clone, Template)]
#[template(path = "board/choose.html")]
pub struct Choose {
    /// What stands around it.
    pub frame: Frame,
    /// What actions are chosen by.
    pub actions: Form,
    /// What events are chosen by.
    pub events: Form,
}

/// What one kind of things is chosen by.
#[derive(Debug, Clone)]
pub struct Form {
    /// Choices.
    pub choices: Vec<Choice>,
    /// Texts.
    pub searches: Vec<Search>,
    /// The environment, where there is only one.
    pub environment: Option<String>,
}
