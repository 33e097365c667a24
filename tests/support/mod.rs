//! What the integration tests share.

pub mod application;
mod database;
pub mod lock;
mod logging;
pub mod postgres;

pub(crate) use database::on_both;
pub use database::{Scratch, postgres, sqlite};
pub use logging::listen;
