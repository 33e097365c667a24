//! Actions: one table that is both the plan and the queue.
//!
//! `plan` writes what should exist, `claim` and `settle` are the workers' side, `operate` the operators', `read`
//! everyone's. A claimed action is held by a [`Lease`], whose token rises with every claim: what lost its lease
//! settles nothing, whoever holds it by then.

pub(super) mod attempt;
pub(super) mod claim;
pub(super) mod count;
pub(super) mod lanes;
pub(super) mod lease;
mod list;
pub(super) mod operate;
pub(super) mod plan;
mod publication;
pub(super) mod read;
pub(super) mod row;
pub(super) mod settle;
mod work;

pub use attempt::{Attempt, AttemptOutcome};
pub use claim::{Claimed, Lane};
pub use count::Failures;
pub use lanes::LaneSetting;
pub use lease::{Lease, Reaped};
pub use list::ActionFilter;
pub use read::{Backlog, Count};
pub use settle::Ended;
