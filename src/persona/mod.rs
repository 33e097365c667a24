//! Persona: the client that asks it, and the simulator that stands in for it.

pub mod simulator;
