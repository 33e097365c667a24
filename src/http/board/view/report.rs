//! What came of reminding.

use askama::Template;

use super::frame::Frame;
use super::list::Nothing;
use super::mark::Mark;

/// What came of reminding, template by template.
#[derive(Debug, Clone, Template)]
#[template(path = "board/report.html")]
pub struct Report {
    /// What stands around it.
    pub frame: Frame,
    /// How far back one can look.
    pub spans: Vec<Tab>,
    /// The templates.
    pub cards: Vec<Card>,
    /// What stands there without any.
    pub nothing: Nothing,
}

/// One way to look.
#[derive(Debug, Clone)]
pub struct Tab {
    /// Its name.
    pub name: &'static str,
    /// Where it leads.
    pub href: String,
    /// Whether it is how one looks.
    pub here: bool,
}

/// One template.
#[derive(Debug, Clone)]
pub struct Card {
    /// Its name, or its id where it has none.
    pub name: String,
    /// Its id; empty where it is not known, or the name.
    pub id: String,
    /// Its environment.
    pub environment: String,
    /// How many people its rules hold out.
    pub held: String,
    /// What can be said, in a word.
    pub mark: Mark,
    /// What can be said.
    pub sentence: String,
    /// How many finished, in each group.
    pub bars: Vec<Bar>,
    /// Step by step.
    pub steps: Vec<Row>,
    /// How many are not counted yet, in a sentence.
    pub waiting: Option<String>,
}

/// How many of a group finished.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Which group.
    pub name: &'static str,
    /// The class that colours it.
    pub class: &'static str,
    /// How much of the rail it takes.
    pub width: String,
    /// The share, in words.
    pub value: String,
}

/// One step with one kind of link.
#[derive(Debug, Clone)]
pub struct Row {
    /// The step.
    pub step: String,
    /// The kind of link.
    pub link: String,
    /// How many were reminded.
    pub reminded: u64,
    /// How many of them opened a link.
    pub opened: u64,
    /// How many of them were seen.
    pub came_back: u64,
    /// How many of them finished.
    pub finished: String,
    /// How many were held out.
    pub held_out: u64,
    /// How many of those finished.
    pub held_out_finished: String,
    /// The difference, in points.
    pub difference: String,
}
