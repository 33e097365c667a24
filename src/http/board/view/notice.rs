//! A page that says what is wrong, and what helps.

use askama::Template;

use super::frame::Frame;
use super::list::Nothing;

/// What is wrong.
#[derive(Debug, Clone, Template)]
#[template(path = "board/notice.html")]
pub struct Notice {
    /// What stands around it.
    pub frame: Frame,
    /// What it is.
    pub nothing: Nothing,
}
