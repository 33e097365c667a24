//! What the integration tests share.

mod database;
mod logging;
mod postgres;

pub(crate) use database::on_both;
pub use database::{Scratch, postgres, sqlite};
pub use logging::listen;
