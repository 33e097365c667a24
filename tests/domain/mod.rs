//! The ground: tables and properties, no IO.

mod access;
mod any_order;
mod inquiry;
mod plan;
mod scene;
