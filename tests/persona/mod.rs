//! The persona tests.
