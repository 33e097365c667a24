//! Access links: the key they are made with, each link's row, and how often it was opened.

pub(super) mod key;
pub(super) mod link;
pub(super) mod open;

pub use link::{AccessLink, LinkFilter, LinkId, NewLink};
