//! Operators: their tokens, their sessions in browsers, and the ways into one.

pub mod sessions;
pub mod sign_ins;
pub mod tokens;
