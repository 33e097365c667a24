//! All integration tests in one binary: linking is the slow part of a test run.

mod architecture;
mod support;

mod browser;
mod cli;
mod deploy;
mod domain;
mod flows;
mod http;
mod ingest;
mod jobs;
mod mail;
mod persona;
mod simulator;
mod storage;
mod torture;
