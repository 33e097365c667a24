//! What was kept aside until somebody decides, and what was refused at the door.

use askama::Template;

use super::frame::Frame;
use super::list::{Act, Nothing, Pages};
use super::mark::Mark;
use super::when::When;

/// What was kept aside and refused.
#[derive(Debug, Clone, Template)]
#[template(path = "board/quarantine.html")]
pub struct Quarantine {
    /// What stands around it.
    pub frame: Frame,
    /// Events that wait.
    pub held: Vec<Held>,
    /// What stands there without any.
    pub nothing: Nothing,
    /// Where they go on.
    pub pages: Pages,
    /// The latest deliveries that were refused.
    pub refused: Vec<Refused>,
}

/// An event that waits.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// Its environment.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// Quarantined or unreadable.
    pub mark: Mark,
    /// Why.
    pub reason: String,
    /// When it came.
    pub received: When,
    /// What can be done.
    pub acts: Vec<Act>,
}

/// A delivery that was refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// When.
    pub at: When,
    /// For which environment.
    pub environment: String,
    /// Why.
    pub reason: String,
    /// From where.
    pub from: String,
}
