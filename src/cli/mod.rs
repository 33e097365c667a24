//! cli

pub mod telemetry;
