//! Rekindle keeps every Persona inquiry reachable.
//!
//! The modules are floors, listed from the ground up; a floor uses only what is below it.
//! `ARCHITECTURE.md` says what lives where and what is deliberately absent, and
//! `tests/architecture.rs` holds the code to it.

pub mod domain;

pub mod clock;
pub mod config;
pub mod tls;
pub mod traces;
pub mod vault;

pub mod storage;

pub mod notify;
pub mod oidc;
pub mod persona;

pub mod app;

pub mod http;
pub mod jobs;

pub mod cli;
