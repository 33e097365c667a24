//! Alerts as they stand, what was told of them, and silences.

use askama::Template;

use super::frame::Frame;
use super::list::Act;
use super::mark::Mark;
use super::when::When;

/// Every alert.
#[derive(Debug, Clone, Template)]
#[template(path = "board/alerts.html")]
pub struct Alerts {
    /// What stands around it.
    pub frame: Frame,
    /// The environments.
    pub environments: Vec<Environment>,
    /// Who is told; empty for nobody.
    pub notify: String,
    /// What was told, the latest first.
    pub told: Vec<Told>,
}

/// The alerts of an environment.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Those that are worth a look.
    pub loud: Vec<Line>,
    /// The others.
    pub quiet: Vec<Line>,
}

/// One alert.
#[derive(Debug, Clone)]
pub struct Line {
    /// As people call it.
    pub title: &'static str,
    /// As commands call it.
    pub name: &'static str,
    /// How it stands.
    pub state: Mark,
    /// Since when.
    pub since: Option<When>,
    /// What was found.
    pub what: String,
    /// What helps, in parts, each with whether it is code.
    pub help: Vec<(bool, &'static str)>,
    /// Until when it is silenced.
    pub silenced: Option<When>,
    /// Who silenced it, and why.
    pub note: String,
    /// Silences it, or ends that.
    pub act: Option<Act>,
}

/// A notice.
#[derive(Debug, Clone)]
pub struct Told {
    /// When it was made.
    pub when: When,
    /// What it says.
    pub what: String,
    /// Of which environment.
    pub environment: String,
    /// What was found.
    pub summary: String,
    /// Who is told.
    pub notifier: String,
    /// What came of it.
    pub came: Mark,
}
