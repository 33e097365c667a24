//! The ground: tables and properties, no IO.

mod any_order;
mod inquiry;
mod plan;
mod scene;
