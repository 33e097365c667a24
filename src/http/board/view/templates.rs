//! Templates, and how many open inquiries there are of each version.

use askama::Template;

use super::frame::Frame;
use super::list::Nothing;
use super::mark::Mark;
use super::when::When;

/// Every template.
#[derive(Debug, Clone, Template)]
#[template(path = "board/templates.html")]
pub struct Templates {
    /// What stands around it.
    pub frame: Frame,
    /// The templates.
    pub rows: Vec<Row>,
    /// What stands there without any.
    pub nothing: Nothing,
}

/// One template.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name, or its id where it has none.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its environment.
    pub environment: String,
    /// Where its inquiries are.
    pub inquiries: String,
    /// When its latest version was learnt of, and how.
    pub observed: When,
    /// By what it is known.
    pub source: String,
    /// How many open inquiries are of an older version.
    pub outdated: Option<String>,
    /// Where those are.
    pub outdated_href: String,
    /// Its versions.
    pub versions: Vec<Version>,
}

/// One version.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// Whether it is the latest.
    pub latest: bool,
    /// Open inquiries of it.
    pub open: String,
    /// How much of the rail they take.
    pub share: String,
    /// How far the replacement of what is older is.
    pub run: Option<Mark>,
}
