//! Pages of several ranges made into one.
