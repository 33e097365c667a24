//! When a run is due without anybody's asking.

use jiff::SignedDuration;

use crate::app::App;
use crate::app::measures::measure_reconciliation;
use crate::app::reconcile::ReconcileError;
use crate::app::reconcile::run::{HOLD, SKEW};
use crate::config::ReconcileSettings;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::reconciliation::{Reconciliation, Stage, Why};

/// How long after a run stopped it is gone on with.
const GO_ON: SignedDuration = SignedDuration::from_mins(1);

impl App {
    /// Reconciles an environment where that is due; whether it was. At the very first look nothing is: what changed
    /// before belongs to `rekindle import`.
    ///
    /// # Errors
    /// [`ReconcileError`]; a run that is under way elsewhere is none.
    pub async fn reconcile_where_due(&self, name: &EnvironmentName) -> Result<bool, ReconcileError> {
        let Some(why) = self.due(name).await? else { return Ok(false) };
        match self.reconcile(name, why, None, |_| {}).await {
            Ok(_) => Ok(true),
            Err(ReconcileError::Held(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn due(&self, name: &EnvironmentName) -> Result<Option<Why>, StorageError> {
        let now = self.clock().now();
        if self.environments().get(name).is_none_or(|environment| environment.persona.is_none()) {
            return Ok(None);
        }
        let mut tx = self.database().read().await?;
        let known = tx.reconciliations().await?.into_iter().find(|known| known.environment == *name);
        let Some(known) = known else {
            drop(tx);
            let mut tx = self.database().begin().await?;
            tx.begin_reconciling(name, now).await?;
            tx.commit().await?;
            return Ok(None);
        };
        measure_reconciliation(name, known.reconciled_until, now);
        let last_delivery = tx.last_delivery(name).await?;
        Ok(why_due(&known, last_delivery, &self.shared.reconcile, now))
    }
}

fn why_due(
    known: &Reconciliation,
    last_delivery: Option<Timestamp>,
    settings: &ReconcileSettings,
    now: Timestamp,
) -> Option<Why> {
    if known.held.as_ref().is_some_and(|(_, until)| *until > now && *until <= now.plus(HOLD + SKEW)) {
        return None;
    }
    let stopped = known.run.as_ref().filter(|run| run.stage != Stage::Done);
    if let Some(run) = stopped {
        return (now.since(run.touched_at) >= GO_ON).then_some(run.why);
    }
    let last = known.run.as_ref().map_or(known.reconciled_until, |run| run.began_at);
    let silent_from = last_delivery.map(|at| at.plus(settings.silence));
    if now.since(last) >= settings.every || last > now.plus(SKEW) {
        Some(Why::Schedule)
    } else {
        // Once for each silence: when it has lasted.
        silent_from.filter(|from| last < *from && *from <= now).map(|_| Why::Silence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::reconciliation::{Found, Run};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60)
    }

    #[test]
    fn a_run_is_due_by_time_by_silence_and_when_one_stopped() {
        let settings = ReconcileSettings {
            every: SignedDuration::from_mins(15),
            silence: SignedDuration::from_mins(5),
            overlap: SignedDuration::from_mins(3),
            reread_quiet: SignedDuration::from_hours(24),
            templates_every: SignedDuration::from_mins(15),
        };
        let run = |stage| Run {
            why: Why::Asked,
            began_at: at(100),
            since: at(0),
            stage,
            place: None,
            found: Found::default(),
            touched_at: at(101),
            error: None,
        };
        let known = |run: Option<Run>, held| Reconciliation {
            environment: EnvironmentName::parse("sandbox").unwrap(),
            reconciled_until: at(100),
            run,
            held,
        };
        let held = |until| Some(("run-1".to_owned(), at(until)));
        for (known, last_delivery, now, expected) in [
            (known(None, None), None, 114, None),
            (known(None, None), None, 115, Some(Why::Schedule)),
            (known(None, None), Some(102), 106, None),
            (known(None, None), Some(102), 107, Some(Why::Silence)),
            (known(Some(run(Stage::Done)), None), Some(90), 110, None),
            (known(Some(run(Stage::Done)), None), Some(96), 110, Some(Why::Silence)),
            (known(Some(run(Stage::Done)), None), Some(109), 112, None),
            (known(Some(run(Stage::Done)), None), Some(109), 115, Some(Why::Schedule)),
            (known(Some(run(Stage::Done)), None), None, 96, None),
            (known(Some(run(Stage::Done)), None), None, 94, Some(Why::Schedule)),
            (known(Some(run(Stage::Events)), held(104)), None, 103, None),
            (known(Some(run(Stage::Events)), held(104)), None, 104, Some(Why::Asked)),
            (known(Some(run(Stage::Events)), None), None, 101, None),
            (known(Some(run(Stage::Events)), None), None, 102, Some(Why::Asked)),
        ] {
            let due = why_due(&known, last_delivery.map(at), &settings, at(now));
            assert_eq!(due, expected, "{known:?} at {now}, last delivery at {last_delivery:?}");
        }
    }
}
