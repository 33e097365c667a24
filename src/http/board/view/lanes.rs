//! What is performed and how fast: lanes, the request budget and reconciliation of each environment.

use askama::Template;

use super::frame::Frame;
use super::inquiry::Fact;
use super::list::Act;
use super::mark::Mark;

/// Every environment with its lanes and limits.
#[derive(Debug, Clone, Template)]
#[template(path = "board/lanes.html")]
pub struct Lanes {
    /// What stands around it.
    pub frame: Frame,
    /// The environments.
    pub environments: Vec<Environment>,
}

/// One environment.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Whether what is planned is performed.
    pub mode: Mark,
    /// What is known of its budget and reconciliation.
    pub facts: Vec<Fact>,
    /// How much of the budget is left, of how much.
    pub budget: Option<(u32, u32)>,
    /// Its lanes.
    pub lanes: Vec<Lane>,
}

/// One lane.
#[derive(Debug, Clone)]
pub struct Lane {
    /// The kind of its work.
    pub kind: String,
    /// What that is.
    pub means: &'static str,
    /// How it stands.
    pub state: Mark,
    /// Who decided so, and why.
    pub note: String,
    /// Pauses or resumes it.
    pub act: Option<Act>,
}
