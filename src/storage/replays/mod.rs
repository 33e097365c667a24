//! Replays: what was chosen, what a preview found, how far it is, and what became of it.

mod filter;
mod find_actions;
mod find_events;
pub(super) mod list;
mod preview;
mod row;
pub(super) mod run;
pub(super) mod start;
pub(super) mod wait;

pub use filter::{ActionChoice, Choice, Ended, EventChoice, ReasonMatch, ReplayFilter};
pub use find_actions::{Found, Stretch};
pub use preview::{Group, Preview};
pub use row::{Became, Counts, Reason, Replay, ReplayPlace, ReplayState};
pub use run::Step;
pub use start::Started;
pub use wait::Waited;
