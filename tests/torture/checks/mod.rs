//! What must hold when all is quiet, read from the database and from those who were called.

pub mod actions;
pub mod effects;
pub mod events;
pub mod inquiries;

use std::collections::BTreeMap;

use rekindle::config::TemplateRules;
use rekindle::domain::ids::EnvironmentName;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::Simulator;
use rekindle::storage::Database;

use super::ENVIRONMENT;
use super::findings::Findings;
use super::fleet::{Counts, Fleet};
use super::ledger::Ledger;
use super::people::People;
use super::receiver::Notice;

/// Everybody who can be asked what happened.
pub struct Witnesses<'a> {
    pub database: &'a Database,
    pub ledger: &'a Ledger,
    pub persona: &'a Simulator,
    pub people: &'a People,
    pub notices: &'a [Notice],
    pub rules: &'a TemplateRules,
    pub fleet: &'a Fleet,
    pub counts: &'a Counts,
    pub seed: u64,
    pub now: Timestamp,
}

/// What was counted on the way.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub stored: usize,
    pub ignored: usize,
    pub quarantined: usize,
    pub unreadable: usize,
    pub inquiries: usize,
    pub replayed_exactly: usize,
    pub actions: BTreeMap<&'static str, usize>,
    pub attempts: usize,
    pub takeovers: usize,
    pub mints: usize,
    pub mint_replays: usize,
    pub new_generations: usize,
    pub notices: usize,
    pub repeats: usize,
    pub late_repeats: usize,
    pub reminded_in_the_window: usize,
}

pub fn environment() -> EnvironmentName {
    EnvironmentName::parse(ENVIRONMENT).unwrap()
}

/// Holds everything against everything.
pub async fn all(witnesses: &Witnesses<'_>) -> (Findings, Tally) {
    let (mut findings, mut tally) = (Findings::default(), Tally::default());
    let stored = events::check(witnesses, &mut findings, &mut tally).await;
    inquiries::check(witnesses, &stored, &mut findings, &mut tally).await;
    let actions = actions::check(witnesses, &mut findings, &mut tally).await;
    effects::check(witnesses, &actions, &mut findings, &mut tally);
    (findings, tally)
}
