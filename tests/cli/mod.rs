//! The real binary, as operators and process managers see it.

mod alone;
mod audit;
mod command;
mod configuration;
mod demo;
mod doctor;
mod half_open;
mod health;
mod import;
mod keys;
mod links;
mod lists;
mod operate;
pub mod outside;
mod persona;
pub mod process;
mod replay;
mod restarts;
mod sealing;
mod simulator;
mod stop;
mod story;
mod templates;
mod tokens;
mod webhooks;
mod workers;
