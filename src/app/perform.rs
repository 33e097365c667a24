//! Claimed actions, performed and settled.

use std::collections::HashSet;
use std::time::Duration;

use tracing::{info, warn};

use crate::app::App;
use crate::app::step::Wanted;
use crate::app::{outcomes, tally};
use crate::domain::action::{Action, End, Kind as ActionKind, Outcome, Work};
use crate::domain::budget::Urgency;
use crate::domain::ids::{ActionId, EnvironmentName};
use crate::domain::time::Timestamp;
use crate::storage::actions::{Attempt, AttemptOutcome, Claimed, Ended, Lane, Lease};
use crate::storage::tallies::Deltas;
use crate::storage::{Kind, StorageError};

/// What performs claimed actions: the use cases, or what stands in for them where only the machinery is looked at.
pub trait Perform: Clone + Send + Sync + 'static {
    /// Performs one action and says how it went; writes nothing about the action itself.
    fn perform(&self, claimed: &Claimed) -> impl Future<Output = Outcome> + Send;
}

impl Perform for App {
    fn perform(&self, claimed: &Claimed) -> impl Future<Output = Outcome> + Send {
        Self::perform(self, claimed)
    }
}

/// An attempt that ended, and is yet to be settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    action: Action,
    ended: Ended,
}

impl Finished {
    /// The attempt of a claimed action that began at `began` and ended now, by the words of `owner`.
    #[must_use]
    pub fn new(claimed: Claimed, owner: &str, began: Timestamp, now: Timestamp, outcome: Outcome) -> Self {
        let Claimed { action, lease } = claimed;
        let settled = action.settled(outcome, now);
        let attempt = Attempt {
            number: action.attempts,
            started_at: began,
            ended_at: now,
            worker: owner.to_owned(),
            outcome: AttemptOutcome::from(&settled.end),
            error: reason_of(&settled.end).map(str::to_owned),
        };
        Self { action, ended: Ended { lease, settled, attempt } }
    }

    /// What was attempted, how it ended and when.
    pub(super) const fn parts(&self) -> (&Action, &End, Timestamp) {
        (&self.action, &self.ended.settled.end, self.ended.attempt.ended_at)
    }

    /// Whose attempt it was.
    #[must_use]
    pub fn action_id(&self) -> &ActionId {
        &self.action.planned.id
    }
}

/// Longest a worker waits for the database. A connection can go silent without breaking, and a worker that waits on
/// one for ever performs nothing and says nothing.
const DATABASE_PATIENCE: Duration = Duration::from_secs(10);

async fn in_time<T>(asked: impl Future<Output = Result<T, StorageError>>) -> Result<T, StorageError> {
    tokio::time::timeout(DATABASE_PATIENCE, asked).await.unwrap_or_else(|_| Err(StorageError::no_answer()))
}

/// How many calls an action takes as a rule: a reading, and what it is there for. A replacement also expires, reads
/// the fields and looks for one that is there already.
pub(super) const fn calls_of(kind: ActionKind) -> u32 {
    match kind {
        ActionKind::Remind | ActionKind::Revive | ActionKind::Expire => 2,
        ActionKind::Replace => 5,
        ActionKind::Invite | ActionKind::Hold => 1,
        ActionKind::Tell | ActionKind::Publish => 0,
    }
}

impl App {
    /// Takes up to `most` due actions, each with a lease of its own, in the name of `owner`.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn claim(&self, owner: &str, most: u32, lease: Duration) -> Result<Vec<Claimed>, StorageError> {
        let now = self.clock().now();
        let (lanes, most) = self.affordable(most);
        if lanes.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        in_time(Box::pin(self.claim_of(&lanes, most, owner, lease, now))).await
    }

    /// The lanes whose environments still may ask Persona something, and how many actions that is enough for.
    ///
    /// What can't be paid for waits in the queue, so that nothing is claimed only to be put back.
    fn affordable(&self, most: u32) -> (Vec<Lane>, u32) {
        let calls_left = |name: &EnvironmentName, kind| {
            self.environments().get(name)?.budget.as_ref()?.within_reach(Urgency::of(kind))
        };
        let mut enough = 0;
        let mut lanes = self.lanes();
        lanes.retain(|(environment, kind)| {
            let actions = match calls_of(*kind) {
                0 => most,
                each => calls_left(environment, *kind).map_or(most, |calls| calls.div_ceil(each)),
            };
            enough = enough.max(actions);
            actions > 0
        });
        (lanes, most.min(enough))
    }

    async fn claim_of(
        &self,
        lanes: &[Lane],
        most: u32,
        owner: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claimed>, StorageError> {
        // On SQLite a claim takes the one writer, so it is worth a look first.
        if self.database().kind() == Kind::Sqlite && self.next_due().await?.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let mut tx = self.database().begin().await?;
        let claimed = tx.claim(lanes, most, owner, lease, now).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// When the earliest planned action is due that may be claimed.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StorageError> {
        let (lanes, _) = self.affordable(u32::MAX);
        in_time(Box::pin(async { self.database().read().await?.next_due(&lanes).await })).await
    }

    /// Prolongs leases of `owner`; which of them it still holds.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn renew(&self, owner: &str, leases: &[Lease], lease: Duration) -> Result<Vec<Lease>, StorageError> {
        let mut tx = self.database().begin().await?;
        let kept = tx.renew(owner, leases, lease, self.clock().now()).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Gives back claimed actions that were not begun: due as before, and no attempt counted.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; they are then taken over when their leases lapse.
    pub async fn release(&self, leases: &[Lease]) -> Result<(), StorageError> {
        let mut tx = self.database().begin().await?;
        tx.release(leases, self.clock().now()).await?;
        tx.commit().await
    }

    /// Takes back up to `most` actions whose leases lapsed: due again, or given up where no attempt is left.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn reap(&self, owner: &str, most: u32, lease: Duration) -> Result<usize, StorageError> {
        let now = self.clock().now();
        in_time(Box::pin(async {
            if !self.database().read().await?.any_lapsed(owner, lease, now).await? {
                return Ok(0);
            }
            let mut tx = self.database().begin().await?;
            let taken = tx.reap(most, owner, lease, now).await?.len();
            tx.commit().await?;
            Ok(taken)
        }))
        .await
    }

    /// Performs one action and says how it went; writes nothing about the action itself.
    pub async fn perform(&self, claimed: &Claimed) -> Outcome {
        let action = &claimed.action;
        match &action.planned.work {
            Work::Remind(reminder) => self.remind(action, reminder).await,
            Work::Revive(_) => self.revive(action, Wanted::ByPlan).await,
            Work::Replace(replacement) => self.replace(action, replacement, Wanted::ByPlan).await,
            Work::Tell(replaced) => self.tell(action, replaced).await,
            Work::Expire(_) => self.expire(action).await,
            Work::Invite(invitation) => self.invite(action, invitation).await,
            Work::Hold(_) => self.pass_over(action).await,
            Work::Publish(publication) => self.publish(action, publication).await,
        }
    }

    /// Writes how attempts ended, all in one transaction; for how many of them the lease still held. For the others
    /// nothing is written.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; the caller tries again.
    pub async fn settle_all(&self, finished: &[Finished]) -> Result<usize, StorageError> {
        let ended: Vec<Ended> = finished.iter().map(|finished| finished.ended.clone()).collect();
        let written: HashSet<Lease> = in_time(Box::pin(async {
            let mut tx = self.database().begin().await?;
            let written: HashSet<Lease> = tx.settle_all(&ended).await?.into_iter().collect();
            let mut deltas = Deltas::new();
            let held = || finished.iter().filter(|one| written.contains(&one.ended.lease));
            for Finished { action, ended } in held() {
                tally::of_end(&mut deltas, action, &ended.settled.end);
            }
            outcomes::of_notices(&mut tx, self.environments(), held()).await?;
            tx.tally(&deltas, self.clock().now()).await?;
            tx.commit().await?;
            Ok(written)
        }))
        .await?;
        for Finished { action, ended } in finished {
            let held = written.contains(&ended.lease);
            tell(action, &ended.settled.end, held);
            if held {
                let (kind, outcome) = (action.planned.work.kind().as_str(), ended.attempt.outcome.as_str());
                metrics::counter!("rekindle_attempts_total", "kind" => kind, "outcome" => outcome).increment(1);
                let took = ended.attempt.ended_at.since(ended.attempt.started_at);
                metrics::histogram!("rekindle_attempt_seconds", "kind" => kind).record(took.as_secs_f64().max(0.0));
            }
        }
        Ok(written.len())
    }

    /// Writes how one attempt ended. False when the lease was lost: then nothing is written.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; the caller tries again.
    pub async fn settle(
        &self,
        claimed: &Claimed,
        owner: &str,
        began: Timestamp,
        outcome: Outcome,
    ) -> Result<bool, StorageError> {
        let finished = Finished::new(claimed.clone(), owner, began, self.clock().now(), outcome);
        Ok(self.settle_all(&[finished]).await? == 1)
    }
}

fn reason_of(end: &End) -> Option<&str> {
    match end {
        End::Done => None,
        End::Again { reason, .. } | End::Failed { reason } | End::Cancelled { reason, .. } => Some(reason),
    }
}

/// The one log line of an attempt.
fn tell(action: &Action, end: &End, held: bool) {
    let (id, kind, inquiry) = (&action.planned.id, action.planned.work.kind(), &action.planned.inquiry);
    match end {
        _ if !held => warn!(action = %id, %kind, %inquiry, "lease lost; another worker has the action"),
        End::Done => info!(action = %id, %kind, %inquiry, "action done"),
        End::Again { due_at, reason } => {
            info!(action = %id, %kind, %inquiry, reason, %due_at, "action will be tried again");
        }
        End::Failed { reason } => warn!(action = %id, %kind, %inquiry, reason, "action given up"),
        End::Cancelled { reason, .. } => info!(action = %id, %kind, %inquiry, reason, "action cancelled"),
    }
}
