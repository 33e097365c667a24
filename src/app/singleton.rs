//! What only one process may do at a time, on a database that many share.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};
use ulid::Ulid;

use crate::app::App;
use crate::storage::StorageError;
pub use crate::storage::singletons::Held;

/// How long the right holds without being renewed. Others take over after it, so work that waits is late by this much.
pub const LEASE: Duration = Duration::from_secs(5);

/// How often it is renewed, and how often the others ask for it.
const RENEW_EVERY: Duration = Duration::from_secs(1);

impl App {
    /// Runs `work` while this process holds the right `name`, and returns when it is done.
    ///
    /// Until it gets the right it waits. When the right is lost, say in an outage of the database, the work is dropped
    /// where it awaits, and begun anew when the right is regained. What must not be written by someone who lost the
    /// right a moment ago asks [`fence`](crate::storage::Tx::fence) with the [`Held`] it is given, in the transaction
    /// that writes.
    pub async fn singly<F: Future<Output = ()>>(&self, name: &str, work: impl Fn(Held) -> F) {
        // Of this very call: two in one process are two.
        let owner = format!("process-{}", Ulid::new());
        loop {
            let asked = Instant::now();
            let Some(held) = self.take(name, &owner).await.unwrap_or_else(|why| unasked(name, &why)) else {
                sleep(RENEW_EVERY).await;
                continue;
            };
            debug!(name, token = held.token, "this process has the right");
            tokio::select! {
                () = work(held.clone()) => {
                    self.leave(&held).await;
                    return;
                }
                () = self.loss(&held, asked) => info!(name, "another process has the right now"),
            }
        }
    }

    async fn take(&self, name: &str, owner: &str) -> Result<Option<Held>, StorageError> {
        let mut tx = self.database().begin().await?;
        let held = tx.take_singleton(name, owner, LEASE, self.clock().now()).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Renews the right; returns when it is lost, or may be by our monotonic clock.
    async fn loss(&self, held: &Held, mut given: Instant) {
        loop {
            sleep(RENEW_EVERY).await;
            let asked = Instant::now();
            let left = LEASE.saturating_sub(given.elapsed());
            match timeout(left, self.take(&held.name, &held.owner)).await {
                Ok(Ok(Some(still))) if still == *held => given = asked,
                Ok(Ok(_)) | Err(_) => return,
                Ok(Err(why)) => {
                    let _ = unasked(&held.name, &why);
                }
            }
        }
    }

    /// So that the next one need not wait.
    async fn leave(&self, held: &Held) {
        let left = async {
            let mut tx = self.database().begin().await?;
            tx.leave_singleton(held).await?;
            tx.commit().await
        };
        if let Err(why) = left.await {
            debug!(name = held.name, error = %why, "the right could not be given back; it will lapse");
        }
    }
}

fn unasked(name: &str, why: &StorageError) -> Option<Held> {
    warn!(name, error = %why, "it could not be asked who has the right");
    None
}
