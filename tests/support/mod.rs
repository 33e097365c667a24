//! What the integration tests share.

pub mod application;
pub mod change;
mod database;
pub mod lock;
mod logging;
pub mod open_files;
pub mod postgres;
pub mod proxy;
pub mod vault;

pub(crate) use database::on_both;
pub use database::{Scratch, postgres, sqlite};
pub use logging::listen;

/// Somebody with a shell.
pub fn operator(user: &str) -> rekindle::domain::operator::Operator {
    rekindle::domain::operator::Operator::at_the_command_line(user)
}
