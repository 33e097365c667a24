//! The flows tests.
