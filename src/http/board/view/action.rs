//! One action, with every attempt at it.

use askama::Template;

use super::frame::Frame;
use super::inquiry::Fact;
use super::list::Act;
use super::mark::Mark;
use super::when::When;

/// One action.
#[derive(Debug, Clone, Template)]
#[template(path = "board/action.html")]
pub struct Action {
    /// What stands around it.
    pub frame: Frame,
    /// What it does.
    pub words: String,
    /// How far it is.
    pub state: Mark,
    /// Why it ended as it did, or the last error.
    pub reason: Option<String>,
    /// What happens next, in a sentence.
    pub next: String,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// Its attempts, the latest first.
    pub attempts: Vec<Attempt>,
    /// What can be done.
    pub acts: Vec<Act>,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Which, counted from 1.
    pub number: u32,
    /// When it began.
    pub began: When,
    /// How long it took.
    pub took: String,
    /// How it ended.
    pub outcome: Mark,
    /// What went wrong.
    pub error: String,
    /// Who performed it.
    pub worker: String,
}
