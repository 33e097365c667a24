//! The storage contract: every story is told on both databases.

mod raw;
mod sample;

mod actions;
mod availability;
mod claims;
mod environments;
mod events;
mod inquiries;
mod leases;
mod migrations;
mod plans;
mod query_plans;
mod sqlite_file;
mod statements;
mod templates;
mod timestamps;
mod transactions;
