//! http

pub mod server;
