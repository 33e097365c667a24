//! The simulator tests.
