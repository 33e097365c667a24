//! Actions, page by page.

use askama::Template;

use super::frame::Frame;
use super::list::{Filter, Nothing, Pages};
use super::mark::Mark;
use super::overview::Tab;
use super::replays::Again;
use super::when::When;

/// A page of actions.
#[derive(Debug, Clone, Template)]
#[template(path = "board/actions.html")]
pub struct Actions {
    /// What stands around it.
    pub frame: Frame,
    /// States to choose from.
    pub tabs: Vec<Tab>,
    /// What it is narrowed by.
    pub filter: Filter,
    /// The actions.
    pub rows: Vec<Row>,
    /// What stands there without rows.
    pub nothing: Nothing,
    /// Where it goes on.
    pub pages: Pages,
    /// Whether rows name their environment.
    pub several: bool,
    /// Looks at what it would mean to try all that match again.
    pub again: Option<Again>,
    /// Where that is chosen, when it takes more to say what is meant.
    pub choose: Option<String>,
}

/// An action.
#[derive(Debug, Clone)]
pub struct Row {
    /// What it does.
    pub words: String,
    /// Its page.
    pub href: String,
    /// Its environment.
    pub environment: String,
    /// Its inquiry: its id and page.
    pub inquiry: (String, String),
    /// How far it is.
    pub state: Mark,
    /// Attempts so far, of how many.
    pub attempts: String,
    /// When it is due, or when it ended.
    pub when: When,
    /// Why.
    pub reason: String,
}
