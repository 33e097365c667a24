//! The real binary, as operators and process managers see it.

mod alone;
mod configuration;
mod doctor;
mod import;
mod lists;
mod operate;
mod outside;
mod process;
mod restarts;
mod story;
mod webhooks;
