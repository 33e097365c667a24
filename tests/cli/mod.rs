//! The cli tests.
