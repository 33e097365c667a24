//! The only place with SQL: one closed set of two databases, one text for both, verbs on an open transaction.
//!
//! Everything is read and written through a [`Tx`], whose verbs stand in one file per topic. A statement is one
//! text in the subset both databases share: `$1` placeholders, `ON CONFLICT`, `RETURNING`, times and ids bound from
//! here. No statement fails as part of normal flow, because a failed one ends a transaction on PostgreSQL.
//!
//! The real differences, each a statement with two texts; anything else that needs two is a smell:
//!
//! - **Row locks.** `FOR UPDATE` on PostgreSQL; on SQLite a write transaction is the only one from its start.
//!   A person, whose inquiries may not exist yet, is locked by an advisory lock of the transaction.
//! - **Claims and reaping.** `SKIP LOCKED` on PostgreSQL, so that workers pass each other by.
//! - **Batches.** Arrays and `unnest` on PostgreSQL, which may be far away; JSON arrays, or a loop, on SQLite.
//! - **The clock of leases.** PostgreSQL's own, which all workers share; on SQLite the caller's, bound.
//! - **Subjects' keys.** Locked where another process could destroy one meanwhile; on SQLite there is none.
//! - **Wake-ups.** `pg_notify` on PostgreSQL, within the process on SQLite; see [`Wakes`].
//! - **Types.** Times are `TIMESTAMPTZ` and microseconds as `INTEGER`, bodies `BYTEA` and `BLOB`; names never differ.

#[macro_use]
mod sql;
#[macro_use]
mod words;
#[macro_use]
mod parts;

mod alone;
mod capped;
mod database;
mod error;
mod migrations;
mod open;
mod page;
mod row;
pub(crate) mod sabotage;
mod timestamp;
mod transaction;
mod wake;

pub mod access_links;
pub mod actions;
pub mod alerts;
pub mod audit;
pub mod budgets;
pub mod contacts;
pub mod creations;
pub mod customers;
pub mod environments;
pub mod events;
pub mod idempotency;
pub mod inquiries;
pub mod lineages;
pub mod names;
pub mod notices;
pub mod operators;
pub mod outcomes;
pub mod quarantine;
pub mod reconciliation;
pub mod refusals;
pub mod replays;
pub mod retention;
pub mod singletons;
pub mod static_links;
pub mod subjects;
pub mod suppressions;
pub mod tallies;
pub mod template_runs;
pub mod templates;
pub mod tokens;
pub mod webhook_secrets;

pub use alone::Alone;
pub use capped::Capped;
pub use database::{Database, Kind, PLAN_BY_INDEX, PLAN_ONCE};
pub use error::{Failure, Result, StorageError};
pub use page::{Cursor, InvalidCursor, Page};
pub use sql::Sql;
pub use transaction::Tx;
pub use wake::Wakes;

/// Every statement there is, topic by topic, for a test to prepare on both databases.
///
/// Lists with filters are put together when they are asked for, and are not in here.
pub const ALL_SQL: &[&[Sql]] = &[
    transaction::STATEMENTS,
    migrations::STATEMENTS,
    environments::STATEMENTS,
    events::record::STATEMENTS,
    events::read::STATEMENTS,
    events::list::STATEMENTS,
    inquiries::change::STATEMENTS,
    inquiries::read::STATEMENTS,
    inquiries::of_template::STATEMENTS,
    inquiries::count::STATEMENTS,
    inquiries::lines::STATEMENTS,
    lineages::succession::STATEMENTS,
    lineages::mute::STATEMENTS,
    lineages::admission::STATEMENTS,
    lineages::sessions::STATEMENTS,
    lineages::session_token::STATEMENTS,
    access_links::key::STATEMENTS,
    access_links::link::STATEMENTS,
    access_links::open::STATEMENTS,
    quarantine::STATEMENTS,
    refusals::STATEMENTS,
    tallies::fold::STATEMENTS,
    tallies::read::STATEMENTS,
    reconciliation::look::STATEMENTS,
    reconciliation::run::STATEMENTS,
    replays::start::STATEMENTS,
    replays::run::STATEMENTS,
    replays::wait::STATEMENTS,
    replays::list::STATEMENTS,
    retention::STATEMENTS,
    templates::STATEMENTS,
    template_runs::STATEMENTS,
    budgets::STATEMENTS,
    actions::attempt::STATEMENTS,
    actions::plan::STATEMENTS,
    actions::claim::STATEMENTS,
    actions::lease::STATEMENTS,
    actions::settle::STATEMENTS,
    actions::operate::STATEMENTS,
    actions::read::STATEMENTS,
    actions::lanes::STATEMENTS,
    actions::count::STATEMENTS,
    singletons::STATEMENTS,
    subjects::keys::STATEMENTS,
    subjects::destroy::STATEMENTS,
    subjects::masters::STATEMENTS,
    subjects::references::STATEMENTS,
    events::plain::STATEMENTS,
    tokens::STATEMENTS,
    customers::STATEMENTS,
    creations::STATEMENTS,
    idempotency::STATEMENTS,
    static_links::STATEMENTS,
    names::STATEMENTS,
    contacts::STATEMENTS,
    notices::STATEMENTS,
    suppressions::STATEMENTS,
    webhook_secrets::STATEMENTS,
    operators::tokens::STATEMENTS,
    operators::sessions::STATEMENTS,
    operators::sign_ins::STATEMENTS,
    audit::STATEMENTS,
    alerts::state::STATEMENTS,
    alerts::notice::STATEMENTS,
    outcomes::record::STATEMENTS,
    outcomes::close::STATEMENTS,
    outcomes::read::STATEMENTS,
];
