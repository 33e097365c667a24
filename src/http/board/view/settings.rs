//! The configuration in effect, without its secrets.

use askama::Template;

use super::frame::Frame;
use super::inquiry::Fact;

/// The configuration in effect.
#[derive(Debug, Clone, Template)]
#[template(path = "board/settings.html")]
pub struct Settings {
    /// What stands around it.
    pub frame: Frame,
    /// The process that answers.
    pub facts: Vec<Fact>,
    /// What deserves a second look.
    pub warnings: Vec<String>,
    /// Its sections: the name and the text of each.
    pub sections: Vec<(String, String)>,
}
