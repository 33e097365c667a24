//! Persona: the client that asks it, and the simulator that stands in for it.

pub mod client;
pub mod settings;
pub mod webhooks;

pub mod request;

pub mod answer;

pub mod error;

pub mod budget;

mod date;
mod exchange;
mod wire;

pub mod simulator;
