//! The simulator, told as stories. Where the wire matters they speak HTTP to it, as the real client does.

mod access;
mod control;
mod deliveries;
mod faults;
mod gate;
mod lifecycle;
mod listing;
mod resuming;
mod searching;
mod shapes;
mod stage;
mod templates;
mod variations;
