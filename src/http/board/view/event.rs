//! One event, with its payload masked until somebody who may asks for it.

use askama::Template;

use super::frame::Frame;
use super::inquiry::Fact;
use super::list::Act;
use super::mark::Mark;

/// One event.
#[derive(Clone, Template)]
#[template(path = "board/event.html")]
pub struct Event {
    /// What stands around it.
    pub frame: Frame,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Mark,
    /// Why.
    pub reason: String,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// Its payload, masked, or as it is where somebody just asked for it.
    pub payload: Option<String>,
    /// Whether that is the payload as it is.
    pub revealed: bool,
    /// Why there is no payload.
    pub lacking: &'static str,
    /// Asks for the payload as it is.
    pub reveal: Option<Act>,
    /// What can be done.
    pub acts: Vec<Act>,
}
