//! A page that says what is wrong before anybody is signed in.

use askama::Template;

/// What is wrong.
#[derive(Debug, Clone, Template)]
#[template(path = "board/lone.html")]
pub struct Lone {
    /// Where the stylesheet is.
    pub style: &'static str,
    /// What it is.
    pub head: String,
    /// Why, and what helps.
    pub text: String,
    /// A way on.
    pub way: Option<(String, String)>,
}
