//! Deliveries that were refused, remembered without letting whoever sends them keep the database busy.
//!
//! They wait in memory, a few of them, and are written together: never by two at once, and not twice within a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::debug;

use crate::app::App;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::refusals::Refused;
use crate::storage::tallies::{Deltas, Tally};

/// How many are kept.
const KEEP: u32 = 1_000;

/// How many wait to be written; of more the number is kept alone.
const WAITING: usize = 256;

/// The shortest time between two writings.
const PAUSE: Duration = Duration::from_secs(1);

/// What waits to be written.
#[derive(Default)]
pub(super) struct Refusals {
    waiting: Mutex<Waiting>,
    writing: AtomicBool,
    /// One writes at a time, and whoever wants to read what was written waits for it.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    refused: Vec<Refused>,
    counts: Deltas,
}

impl App {
    /// Remembers that a delivery was refused. `environment` is what its route named, which can be anything.
    pub fn remember_refusal(&self, environment: &str, outcome: &str, reason: &str, address: Option<String>) {
        let environment = EnvironmentName::parse(environment).ok();
        let environment = environment.filter(|name| self.environments().contains_key(name));
        {
            let mut waiting = self.shared.refusals.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(name) = &environment {
                *waiting.counts.entry((name.clone(), Tally::Refused)).or_default() += 1;
            }
            if waiting.refused.len() < WAITING {
                let (outcome, reason, at) = (outcome.to_owned(), reason.to_owned(), self.clock().now());
                waiting.refused.push(Refused { at, environment, outcome, reason, address });
            }
        }
        if !self.shared.refusals.writing.swap(true, Ordering::AcqRel) {
            tokio::spawn(self.clone().write_refusals());
        }
    }

    /// Writes what waits, now, and waits for what is being written.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; what waited is lost then, but for the log.
    pub async fn keep_refusals(&self) -> Result<(), StorageError> {
        let _turn = self.shared.refusals.turn.lock().await;
        let taken = {
            let mut waiting = self.shared.refusals.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *waiting)
        };
        if taken.refused.is_empty() {
            return Ok(());
        }
        let latest = taken.refused.iter().map(|refused| refused.at).max();
        let mut tx = self.database().begin().await?;
        tx.add_refusals(&taken.refused, KEEP).await?;
        tx.tally(&taken.counts, latest.unwrap_or(Timestamp::from_micros(0))).await?;
        tx.commit().await
    }

    async fn write_refusals(self) {
        loop {
            if let Err(error) = self.keep_refusals().await {
                debug!(%error, "refused deliveries could not be remembered");
            }
            tokio::time::sleep(PAUSE).await;
            self.shared.refusals.writing.store(false, Ordering::Release);
            let waits = {
                let waiting = self.shared.refusals.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                !waiting.refused.is_empty()
            };
            if !waits || self.shared.refusals.writing.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }
}
