//! The ground: tables and properties, no IO.

mod any_order;
mod budget;
mod inquiry;
mod plan;
mod scene;
