//! The support tests.
