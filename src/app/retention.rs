//! The end of rows that served their time, in batches so small that nobody waits for them.

use std::time::Duration;

use jiff::SignedDuration;
use tracing::info;

use crate::app::App;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::retention::Kind;
use crate::storage::subjects::Because;

/// Rows in one transaction.
const BATCH: u32 = 500;

/// Between two batches: SQLite has one writer, and webhooks come first.
const BREATH: Duration = Duration::from_millis(20);

/// Bodies that were held by somebody in one pruning are found by the next.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24);

/// What of one kind is to go, or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// Of what.
    pub kind: Kind,
    /// What is older.
    pub before: Timestamp,
    /// How many rows.
    pub rows: u64,
}

impl App {
    /// What [`App::prune`] would take away now.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn prunable(&self) -> Result<Vec<Pruned>, StorageError> {
        let mut tx = self.database().read().await?;
        let mut prunable = Vec::new();
        for kind in Kind::ALL.iter().copied() {
            let before = self.kept_from(kind);
            let rows = tx.count_prunable(kind, Timestamp::from_micros(0), before).await?;
            prunable.push(Pruned { kind, before, rows });
        }
        Ok(prunable)
    }

    /// Takes away what has served its time.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; what went is gone, and the rest goes the next time.
    pub async fn prune(&self) -> Result<Vec<Pruned>, StorageError> {
        let mut pruned = Vec::new();
        for kind in Kind::ALL.iter().copied() {
            pruned.push(self.prune_kind(kind).await?);
        }
        self.forget_tokens().await?;
        self.forget_replays().await?;
        self.prune_keys().await?;
        if pruned.iter().any(|pruned| pruned.rows > 0) {
            let rows = |kind| pruned.iter().filter(|pruned| pruned.kind == kind).map(|pruned| pruned.rows).sum::<u64>();
            info!(
                payloads = rows(Kind::Payloads),
                events = rows(Kind::Events),
                actions = rows(Kind::Actions),
                inquiries = rows(Kind::Inquiries),
                creations = rows(Kind::Creations),
                static_links = rows(Kind::StaticLinks),
                contacts = rows(Kind::Contacts),
                notices = rows(Kind::Notices),
                "pruned"
            );
        }
        Ok(pruned)
    }

    /// Prunes where that is due; whether it was.
    ///
    /// # Errors
    /// As [`App::prune`].
    pub async fn prune_where_due(&self) -> Result<bool, StorageError> {
        let last = self.database().read().await?.prunings().await?;
        let last = last.iter().find(|pruning| pruning.kind == Kind::Inquiries).map(|pruning| pruning.pruned_at);
        if last.is_some_and(|at| self.clock().now().since(at) < self.shared.retention.every) {
            return Ok(false);
        }
        self.prune().await?;
        Ok(true)
    }

    async fn prune_kind(&self, kind: Kind) -> Result<Pruned, StorageError> {
        let before = self.kept_from(kind);
        let from = self.not_pruned_from(kind).await?;
        let mut rows = 0;
        loop {
            let mut tx = self.database().begin().await?;
            let batch = if kind == Kind::Inquiries {
                let gone = tx.prune_inquiries(from, before, BATCH).await?;
                tx.destroy_known_keys(&gone, Because::Retention, self.clock().now()).await?;
                gone.len() as u64
            } else {
                tx.prune(kind, from, before, BATCH).await?
            };
            tx.commit().await?;
            rows += batch;
            if batch < u64::from(BATCH) {
                break;
            }
            tokio::time::sleep(BREATH).await;
        }
        let mut tx = self.database().begin().await?;
        tx.remember_pruning(kind, before, rows, self.clock().now()).await?;
        tx.commit().await?;
        metrics::counter!("rekindle_pruned_total", "kind" => kind.as_str()).increment(rows);
        Ok(Pruned { kind, before, rows })
    }

    /// Takes away session tokens that expired.
    async fn forget_tokens(&self) -> Result<(), StorageError> {
        let mut tx = self.database().begin().await?;
        tx.forget_session_tokens(self.clock().now()).await?;
        tx.commit().await
    }

    /// Takes away previews that nobody started, and replays that ended as long ago as actions do.
    async fn forget_replays(&self) -> Result<(), StorageError> {
        let (expired, ended) = (self.clock().now().minus(LOOK_BACK), self.kept_from(Kind::Actions));
        loop {
            let mut tx = self.database().begin().await?;
            let batch = tx.forget_replays(expired, ended, BATCH).await?;
            tx.commit().await?;
            if batch < u64::from(BATCH) {
                return Ok(());
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Destroys the keys of subjects of which no payload is left: a payload that was copied elsewhere goes with them.
    async fn prune_keys(&self) -> Result<(), StorageError> {
        // A younger key may have been made for a payload that is still to come.
        let before = self.kept_from(Kind::Payloads);
        loop {
            let mut tx = self.database().begin().await?;
            let batch = tx.destroy_idle_keys(before, self.clock().now(), BATCH).await?;
            tx.commit().await?;
            if batch < u64::from(BATCH) {
                return Ok(());
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Rows of a kind are kept from this time on.
    fn kept_from(&self, kind: Kind) -> Timestamp {
        let retention = &self.shared.retention;
        self.clock().now().minus(match kind {
            Kind::Payloads => retention.payloads,
            Kind::Events => retention.events,
            Kind::Actions => retention.actions,
            // Whose a person's inquiries are is told by it.
            Kind::Inquiries | Kind::Creations | Kind::Contacts => retention.inquiries,
            Kind::Notices => retention.notices,
            Kind::StaticLinks => retention.static_links,
        })
    }

    /// Events stay when their bodies go, so those that were looked at before are passed by.
    async fn not_pruned_from(&self, kind: Kind) -> Result<Timestamp, StorageError> {
        let beginning = Timestamp::from_micros(0);
        if kind != Kind::Payloads {
            return Ok(beginning);
        }
        let prunings = self.database().read().await?.prunings().await?;
        let last = prunings.iter().find(|pruning| pruning.kind == kind);
        Ok(last.map_or(beginning, |last| last.done_until.minus(LOOK_BACK)))
    }
}
