//! An action performed at once, for somebody who waits: the same row, lease and outcome as a worker's.

use std::time::Duration;

use jiff::SignedDuration;
use tracing::{Instrument as _, Span, trace_span, warn};

use super::{LATER, LONGEST, SHORTLY};
use crate::app::perform::Finished;
use crate::app::step::Wanted;
use crate::app::{App, Environment};
use crate::domain::action::{CancelledBy, DEFAULT_MAX_ATTEMPTS, Outcome, Planned, State, Work};
use crate::domain::inquiry::Inquiry;
use crate::domain::plan;
use crate::storage::StorageError;
use crate::storage::actions::Claimed;
use crate::traces;

/// In whose name such actions are held.
const OWNER: &str = "admission";

/// How long somebody is kept waiting for a worker, or another admission, that has the action in hand.
const PATIENCE: Duration = Duration::from_secs(10);

const LOOK: Duration = Duration::from_millis(50);

/// How an action ended for whoever waits for it.
pub(super) enum Inline {
    /// It is through, by us or by somebody else: the decision is to be made again.
    Ended,
    /// It is not.
    Failed {
        /// When to try again.
        retry_after: SignedDuration,
    },
}

impl App {
    /// Sees to it that a piece of work is done for an inquiry, now, once, whoever does it.
    pub(super) async fn perform_at_once(
        &self,
        environment: &Environment,
        inquiry: &Inquiry,
        work: Work,
    ) -> Result<Inline, StorageError> {
        debug_assert_eq!(environment.settings.name, inquiry.environment);
        let planned = plan::planned(inquiry, work, self.clock().now());
        let waited = tokio::time::timeout(PATIENCE, self.take_planned(&planned)).await;
        match waited {
            Err(_) => Ok(Inline::Failed { retry_after: SHORTLY }),
            Ok(taken) => match taken? {
                None => Ok(Inline::Ended),
                Some(claimed) => self.perform_taken(claimed).await,
            },
        }
    }

    /// Takes the action, as soon as nobody else has it in hand; `None` when it was done meanwhile.
    async fn take_planned(&self, planned: &Planned) -> Result<Option<Claimed>, StorageError> {
        let mut others = false;
        loop {
            let mut tx = self.database().begin().await?;
            let now = self.clock().now();
            let one = std::slice::from_ref(planned);
            match tx.action(&planned.id).await? {
                None => drop(tx.insert_actions(one, DEFAULT_MAX_ATTEMPTS, now).await?),
                Some(action) => match (action.state, action.cancelled_by) {
                    (State::Done, _) if others => return Ok(None),
                    (State::Running, _) => {
                        others = true;
                        drop(tx);
                        tokio::time::sleep(LOOK).await;
                        continue;
                    }
                    (State::Planned, _) | (State::Cancelled, Some(CancelledBy::Plan)) => {
                        tx.replan_actions(one, now).await?;
                    }
                    (State::Failed | State::Cancelled, _) => {
                        tx.retry_action(&planned.id, "somebody who came", now).await?;
                    }
                    // It was done, and is needed again: what it did was undone at Persona.
                    (State::Done, _) => {
                        warn!(action = %planned.id, "done before, and needed again");
                        return Ok(None);
                    }
                },
            }
            if let Some(claimed) = tx.take_action(&planned.id, OWNER, self.shared.lease.0, now).await? {
                tx.commit().await?;
                return Ok(Some(claimed));
            }
            drop(tx);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Performs what was taken, and settles it. A lease that is lost belongs to somebody else, who goes on.
    async fn perform_taken(&self, claimed: Claimed) -> Result<Inline, StorageError> {
        let began = self.clock().now();
        let action = &claimed.action.planned.id;
        let span = trace_span!(target: traces::TARGET, parent: None, "app.access.perform",
            action = %action, kind = %claimed.action.planned.work.kind(), attempt = claimed.action.attempts);
        traces::belongs_to(&span, action);
        traces::comes_with(&span, &Span::current());
        let outcome = tokio::select! {
            outcome = self.perform_for_someone(&claimed).instrument(span) => outcome,
            () = self.hold(&claimed) => return Ok(Inline::Failed { retry_after: SHORTLY }),
        };
        let now = self.clock().now();
        let inline = match &outcome {
            Outcome::Done | Outcome::Cancel { .. } => Inline::Ended,
            Outcome::Retry { at, .. } => {
                let wait = at.map_or(SHORTLY, |at| at.since(now));
                Inline::Failed { retry_after: wait.max(SignedDuration::from_secs(1)).min(LONGEST) }
            }
            Outcome::Postpone { until, .. } => {
                Inline::Failed { retry_after: until.since(now).max(SignedDuration::from_secs(1)).min(LONGEST) }
            }
            Outcome::GiveUp { .. } => Inline::Failed { retry_after: LATER },
        };
        self.settle_all(&[Finished::new(claimed, OWNER, began, now, outcome)]).await?;
        Ok(inline)
    }

    async fn perform_for_someone(&self, claimed: &Claimed) -> Outcome {
        let action = &claimed.action;
        match &action.planned.work {
            Work::Revive(_) => self.revive(action, Wanted::BySomeone).await,
            Work::Replace(replacement) => self.replace(action, replacement, Wanted::BySomeone).await,
            Work::Remind(_) | Work::Tell(_) | Work::Expire(_) | Work::Invite(_) | Work::Hold(_) | Work::Publish(_) => {
                Box::pin(self.perform(claimed)).await
            }
        }
    }

    /// Renews the lease for as long as it is held.
    async fn hold(&self, claimed: &Claimed) {
        let (lease, renew) = self.shared.lease;
        let mut since = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(renew).await;
            match self.renew(OWNER, std::slice::from_ref(&claimed.lease), lease).await {
                Ok(kept) if kept.is_empty() => return,
                Ok(_) => since = tokio::time::Instant::now(),
                Err(_) if since.elapsed() >= lease => return,
                Err(_) => {}
            }
        }
    }
}
