//! The storage contract: every story is told on both databases.

pub(crate) mod raw;
pub(crate) mod sample;

mod access_links;
mod actions;
mod alerts;
mod api;
mod availability;
mod budgets;
mod claims;
mod environments;
mod events;
mod grown;
mod inquiries;
mod lanes;
mod leases;
mod lineages;
mod migrations;
mod notices;
mod operators;
mod outcomes;
mod plans;
mod query_plans;
mod reading;
mod reconciliation;
mod replays;
mod session_tokens;
mod singletons;
mod sqlite_file;
mod statements;
mod subjects;
mod template_runs;
mod templates;
mod timestamps;
mod transactions;
mod webhook_secrets;
