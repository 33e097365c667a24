//! The http tests.
