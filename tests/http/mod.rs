//! The http tests.

mod server;
