//! The doors: the public listener takes webhooks, the internal one answers operators.
//!
//! No decision is made here: requests are read within limits, handed to a use case, and its result is put into words.

mod address;
pub mod api;
pub mod board;
mod chosen;
pub mod control;
mod described;
mod go;
pub mod internal;
mod limiter;
pub mod operators;
pub mod problem;
pub mod public;
mod qr;
pub mod server;
