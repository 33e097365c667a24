//! The real binary, as operators and process managers see it.

mod lists;
mod operate;
mod outside;
pub mod process;
mod restarts;
mod story;
mod webhooks;
