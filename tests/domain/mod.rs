//! The ground: tables and properties, no IO.

mod access;
mod any_order;
mod budget;
mod budget_clock;
mod courtesy;
mod deed;
mod hosted_flow;
mod inquiry;
mod plan;
mod scene;
mod told;
