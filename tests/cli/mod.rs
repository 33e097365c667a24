//! The binary as people call it.

mod demo;
mod process;
mod simulator;
