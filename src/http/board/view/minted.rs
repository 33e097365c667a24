//! An access link, shown once.

use askama::Template;

use super::frame::Frame;
use super::when::When;

/// A link that was just made.
#[derive(Template)]
#[template(path = "board/minted.html")]
pub struct Minted {
    /// What stands around it.
    pub frame: Frame,
    /// The link: whoever has it gets in.
    pub url: String,
    /// Until when it opens.
    pub until: When,
    /// How often it opens.
    pub opens: u32,
    /// The page of its inquiry.
    pub back: String,
}
