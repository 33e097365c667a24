//! Counting what happens, in the transaction that makes it happen; and folding the counts.

use std::time::Duration;

use jiff::SignedDuration;
use tracing::warn;

use crate::app::App;
use crate::app::ingest::Receipt;
use crate::domain::action::{Action, End, Kind};
use crate::domain::ids::EnvironmentName;
use crate::domain::inquiry::Inquiry;
use crate::domain::time::Timestamp;
use crate::storage::inquiries::InquiryKey;
use crate::storage::tallies::{Deltas, Tally};
use crate::storage::{StorageError, Tx};

/// How often deltas are folded.
const EVERY: Duration = Duration::from_secs(10);

/// Deltas that are left, so that whoever watches for changes finds the latest.
const KEEP: u32 = 64;

/// Most deltas folded in one transaction.
const AT_ONCE: u32 = 5_000;

/// How long the hours are kept.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 400);

/// Who was through so long before we heard of it is history, and no success of this week.
const HISTORY: SignedDuration = SignedDuration::from_hours(24 * 7);

impl App {
    /// Folds what was counted, for as long as it runs; one process does it for all.
    pub async fn fold_tallies(&self) {
        loop {
            if let Err(error) = self.fold_tallies_once().await {
                warn!(%error, "what happened could not be added up yet; it will be tried again");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Folds what was counted until now, and forgets what is too old.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn fold_tallies_once(&self) -> Result<(), StorageError> {
        loop {
            let mut tx = self.database().begin().await?;
            let folded = tx.fold_tallies(KEEP, AT_ONCE).await?;
            if folded == 0 {
                tx.forget_tallies(self.clock().now().minus(REMEMBERED)).await?;
            }
            tx.commit().await?;
            if folded == 0 {
                return Ok(());
            }
        }
    }
}

/// Counts one more.
pub(super) fn one_more(deltas: &mut Deltas, environment: &EnvironmentName, tally: Tally) {
    *deltas.entry((environment.clone(), tally)).or_default() += 1;
}

/// Counts what became of a delivery.
pub(super) fn of_receipt(deltas: &mut Deltas, environment: &EnvironmentName, receipt: &Receipt) {
    one_more(deltas, environment, Tally::Delivered);
    let tally = match receipt {
        Receipt::Applied(_) => Tally::Applied,
        Receipt::Ignored(_) => Tally::Ignored,
        Receipt::Duplicate => Tally::Duplicate,
        Receipt::Quarantined(_) => Tally::Quarantined,
        Receipt::Unreadable(_) => Tally::Unreadable,
    };
    one_more(deltas, environment, tally);
}

/// Counts how an action ended, if it did.
pub(super) fn of_end(deltas: &mut Deltas, action: &Action, end: &End) {
    let environment = &action.planned.environment;
    match end {
        End::Done => {
            one_more(deltas, environment, Tally::Performed);
            match action.planned.work.kind() {
                Kind::Remind | Kind::Tell | Kind::Invite | Kind::Publish => {
                    one_more(deltas, environment, Tally::Notified);
                }
                Kind::Revive | Kind::Replace => one_more(deltas, environment, Tally::Renewed),
                Kind::Expire | Kind::Hold => {}
            }
        }
        End::Failed { .. } => one_more(deltas, environment, Tally::GivenUp),
        End::Again { .. } | End::Cancelled { .. } => {}
    }
}

/// Counts the inquiries that are over from now on, and those of them that came back through us.
pub(super) async fn of_finished(tx: &mut Tx, finished: &[InquiryKey], now: Timestamp) -> Result<(), StorageError> {
    if finished.is_empty() {
        return Ok(());
    }
    let mut deltas = Deltas::new();
    for (environment, _) in finished {
        one_more(&mut deltas, environment, Tally::Finished);
    }
    for (environment, _) in tx.came_back(&finished.iter().collect::<Vec<_>>()).await? {
        one_more(&mut deltas, &environment, Tally::CameBack);
    }
    tx.tally(&deltas, now).await
}

/// Whether an inquiry is over, and that is news.
pub(super) fn is_news(inquiry: &Inquiry, now: Timestamp) -> bool {
    inquiry.finished.is_some_and(|finished| now.since(finished) < HISTORY)
}
