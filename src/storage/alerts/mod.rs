//! Alerts as they stand, and what is to be told of them.
//!
//! One process writes how they stand; silences are written by whoever asks for them, so the two never write the same
//! columns.

pub(super) mod notice;
pub(super) mod state;

pub use notice::{AlertNotice, Settled};
