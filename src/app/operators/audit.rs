//! The audit: deeds recorded, read, and gone through from the first to the last.

use crate::app::App;
use crate::domain::act::Act;
use crate::domain::deed::{Broken, Chain, Deed, Entry, Head, NoReason};
use crate::domain::ids::EnvironmentName;
use crate::domain::operator::Operator;
use crate::storage::StorageError;
use crate::storage::audit::DeedFilter;

/// Records in one read while the chain is gone through.
const BATCH: u32 = 1_000;

/// What going through the audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// How many records there are, and the hash of the last: worth keeping elsewhere.
    pub head: Head,
}

/// Why the audit can't be relied on, or could not be gone through.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It was tampered with, or lost.
    #[error("the audit is broken")]
    Broken(#[from] Broken),
    /// The database could not be asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeedError {
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// The database could not be asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl App {
    /// Goes through the whole audit, and makes sure that every record is there, unchanged and in order. `noted` is a
    /// head of it that was kept elsewhere: whoever writes a chain anew has another.
    ///
    /// # Errors
    /// [`AuditError::Broken`] names the first record that is not as it was.
    pub async fn verify_audit(&self, noted: Option<Head>) -> Result<AuditReport, AuditError> {
        let mut tx = self.database().read().await?;
        let kept = tx.audit_head().await?;
        let mut chain = Chain::new(noted);
        loop {
            let batch = tx.deeds_after(chain.head().number, BATCH).await?;
            if batch.is_empty() {
                break;
            }
            for entry in &batch {
                chain.take(entry)?;
            }
        }
        Ok(AuditReport { head: chain.end(kept)? })
    }

    /// The records that pass the filter, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn deeds(&self, filter: &DeedFilter, limit: u32) -> Result<Vec<Entry>, StorageError> {
        self.database().read().await?.list_deeds(filter, limit).await
    }

    /// Records what somebody does by a use case that takes nobody's name, in an environment.
    ///
    /// # Errors
    /// [`DeedError`].
    pub async fn record_act(
        &self,
        by: &Operator,
        act: Act,
        reason: Option<&str>,
        environment: &EnvironmentName,
    ) -> Result<u64, DeedError> {
        let deed = Deed::new(by, act, reason, self.clock().now())?;
        Ok(self.record_deed(&deed.within(environment)).await?)
    }

    /// Records something that changes nothing else, such as reading a payload, before it is done.
    ///
    /// # Errors
    /// [`StorageError`]: then it must not be done.
    pub async fn record_deed(&self, deed: &Deed) -> Result<u64, StorageError> {
        let mut tx = self.database().begin().await?;
        let number = tx.record_deed(deed).await?;
        tx.commit().await?;
        Ok(number)
    }
}
