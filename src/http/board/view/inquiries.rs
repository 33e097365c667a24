//! Inquiries, page by page.

use askama::Template;

use super::frame::Frame;
use super::list::{Filter, Nothing, Pages};
use super::mark::Mark;
use super::when::When;

/// A page of inquiries.
#[derive(Debug, Clone, Template)]
#[template(path = "board/inquiries.html")]
pub struct Inquiries {
    /// What stands around it.
    pub frame: Frame,
    /// What it is narrowed by.
    pub filter: Filter,
    /// The inquiries.
    pub rows: Vec<Row>,
    /// What stands there without rows.
    pub nothing: Nothing,
    /// Where it goes on.
    pub pages: Pages,
    /// Whether rows name their environment.
    pub several: bool,
}

/// An inquiry.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// Its environment.
    pub environment: String,
    /// Whom it is for.
    pub person: String,
    /// Its status.
    pub status: Mark,
    /// The name of its template, or its id.
    pub template: String,
    /// Whether a newer version is published.
    pub outdated: bool,
    /// When it expires.
    pub deadline: Option<When>,
    /// When its next action is due.
    pub next: Option<When>,
    /// How many of its actions were given up.
    pub failures: u32,
    /// When it was last heard of.
    pub heard: Option<When>,
}
