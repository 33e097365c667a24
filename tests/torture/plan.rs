//! What a run is to be: from the environment, quick where it says nothing.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::process::BINARY;

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `TORTURE_SEED`: where every choice comes from.
    pub seed: u64,
    /// `TORTURE_SECONDS`: how long new people come and things break; quiet and checks come after it.
    pub load: Duration,
    /// `TORTURE_RATE`: how many people come in a second.
    pub people_per_second: u64,
    /// `TORTURE_BINARY`: what is tortured; the binary of this build unless named.
    pub binary: PathBuf,
    /// `TORTURE_SABOTAGE`: the defect that was built into it, and must be found.
    pub sabotage: Option<Sabotage>,
}

/// A defect that the binary's feature `sabotage` holds, by the name under which the binary knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Deliveries are answered before they are committed.
    AnswerFirst,
    /// Claims and settles don't care who holds a lease.
    Unfenced,
}

impl Sabotage {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnswerFirst => "answer-first",
            Self::Unfenced => "unfenced",
        }
    }
}

impl Plan {
    pub fn from_environment() -> Self {
        let number = |name: &str, default: u64| match std::env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
            Err(_) => default,
        };
        let sabotage = std::env::var("TORTURE_SABOTAGE").ok().map(|name| {
            [Sabotage::AnswerFirst, Sabotage::Unfenced]
                .into_iter()
                .find(|sabotage| sabotage.as_str() == name)
                .unwrap_or_else(|| panic!("TORTURE_SABOTAGE={name} is no defect that can be built in"))
        });
        Self {
            seed: number("TORTURE_SEED", 1),
            load: Duration::from_secs(number("TORTURE_SECONDS", 8)),
            people_per_second: number("TORTURE_RATE", 12),
            binary: std::env::var_os("TORTURE_BINARY").map_or_else(|| PathBuf::from(BINARY), PathBuf::from),
            sabotage,
        }
    }
}
