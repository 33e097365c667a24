//! The storage tests.
