//! What operators did.

use askama::Template;

use super::frame::Frame;
use super::list::{Filter, Nothing, Pages};
use super::mark::Mark;
use super::when::When;

/// A page of deeds.
#[derive(Debug, Clone, Template)]
#[template(path = "board/audit.html")]
pub struct Audit {
    /// What stands around it.
    pub frame: Frame,
    /// Whether the chain holds.
    pub chain: Option<(Mark, String)>,
    /// What it is narrowed by.
    pub filter: Filter,
    /// The deeds.
    pub rows: Vec<Row>,
    /// What stands there without any.
    pub nothing: Nothing,
    /// Where they go on.
    pub pages: Pages,
}

/// One deed.
#[derive(Debug, Clone)]
pub struct Row {
    /// When.
    pub at: When,
    /// Who.
    pub who: String,
    /// In which role, and how they were known.
    pub role: String,
    /// What they did.
    pub what: String,
    /// To what.
    pub subject: String,
    /// The page of that.
    pub href: Option<String>,
    /// Why.
    pub reason: String,
    /// From where.
    pub from: String,
}
