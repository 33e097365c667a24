//! Events, page by page.

use askama::Template;

use super::frame::Frame;
use super::list::{Filter, Nothing, Pages};
use super::mark::Mark;
use super::when::When;

/// A page of events.
#[derive(Debug, Clone, Template)]
#[template(path = "board/events.html")]
pub struct Events {
    /// What stands around it.
    pub frame: Frame,
    /// What it is narrowed by.
    pub filter: Filter,
    /// The events.
    pub rows: Vec<Row>,
    /// What stands there without rows.
    pub nothing: Nothing,
    /// Where it goes on.
    pub pages: Pages,
    /// Whether rows name their environment.
    pub several: bool,
}

/// An event.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// Its environment.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// The inquiry it speaks of: its id and page.
    pub inquiry: Option<(String, String)>,
    /// What became of it.
    pub outcome: Mark,
    /// Why.
    pub reason: String,
    /// When it came.
    pub received: When,
}
