//! One run: held, walked stage by stage, written down at every step.

use jiff::SignedDuration;
use ulid::Ulid;

use crate::app::pace::reading;
use crate::app::reconcile::{FIRST_LOOK, ReconcileError};
use crate::app::{App, Environment};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::persona::error::{Next, PersonaError};
use crate::storage::StorageError;
use crate::storage::reconciliation::{Found, Holding, Reconciliation, Run, Stage, Why};

/// How long a run keeps its row without a step: longer than it waits for a window of the rate limit and an answer.
/// A run that died is gone on with after it.
pub(super) const HOLD: SignedDuration = SignedDuration::from_mins(3);

/// How much clocks may differ before one of them is wrong.
pub(super) const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How often a run writes that it is alive while it works within one step.
const TOUCH: SignedDuration = SignedDuration::from_secs(20);

/// A run under way.
pub(super) struct Walk<'a, Progress> {
    pub(super) app: &'a App,
    pub(super) environment: &'a Environment,
    pub(super) persona: PersonaClient,
    /// What changed before is known; moves when the run is through.
    pub(super) reconciled_until: Timestamp,
    pub(super) run: Run,
    holder: String,
    progress: Progress,
}

impl<'a, Progress: FnMut(&Run) + Send> Walk<'a, Progress> {
    /// Takes the environment's row; goes on with the run that stopped there, or begins one.
    pub(super) async fn begin(
        app: &'a App,
        environment: &'a Environment,
        persona: &'a PersonaClient,
        why: Why,
        since: Option<Timestamp>,
        progress: Progress,
    ) -> Result<Self, ReconcileError> {
        let name = &environment.settings.name;
        let now = app.clock().now();
        // A random name: a run is taken for none but itself.
        let holder = format!("run-{}", Ulid::new());
        let holding = Holding { holder: &holder, until: now.plus(HOLD) };
        let mut tx = app.database().begin().await?;
        tx.begin_reconciling(name, now.minus(FIRST_LOOK)).await?;
        let held = tx.hold_reconciliation(name, holding, now, HOLD + SKEW).await?;
        tx.commit().await?;
        let mut known = held.ok_or_else(|| ReconcileError::Held(name.clone()))?;
        if known.reconciled_until > now.plus(SKEW) {
            // A clock was wrong, then or now: what was really known is not known any more.
            known.reconciled_until = now.minus(FIRST_LOOK);
            known.run = None;
        }
        let reconciled_until = known.reconciled_until;
        let run = run_from(known, why, since, app.shared.reconcile.overlap, now);
        let persona = reading(persona);
        let mut walk = Self { app, environment, persona, reconciled_until, run, holder, progress };
        walk.save(Some(now.plus(HOLD))).await?;
        Ok(walk)
    }

    /// Goes through every stage that is left.
    pub(super) async fn walk(&mut self) -> Result<(), ReconcileError> {
        loop {
            let next = match self.run.stage {
                Stage::Search => {
                    self.search().await?;
                    Stage::Events
                }
                Stage::Events => {
                    self.events().await?;
                    Stage::Quarantine
                }
                Stage::Quarantine => {
                    self.quarantined().await?;
                    Stage::Reread
                }
                Stage::Reread => {
                    self.silent().await?;
                    return self.end().await;
                }
                Stage::Done => return self.end().await,
            };
            self.run.stage = next;
            self.step(None).await?;
        }
    }

    /// Writes that everything up to here is through.
    pub(super) async fn step(&mut self, place: Option<String>) -> Result<(), ReconcileError> {
        self.run.place = place;
        self.save(Some(self.app.clock().now().plus(HOLD))).await
    }

    /// Keeps the row while one step takes long.
    pub(super) async fn keep(&mut self) -> Result<(), ReconcileError> {
        if self.app.clock().now().since(self.run.touched_at) < TOUCH {
            return Ok(());
        }
        self.step(self.run.place.clone()).await
    }

    /// Counts an answer that could not be used; the run goes on without it.
    pub(super) fn pass_over(&mut self, id: &str, error: &impl std::fmt::Display) {
        self.run.found.errors += 1;
        tracing::warn!(environment = %self.name(), id, %error, "passed over while reconciling");
    }

    /// Goes on without a list that this key may not see, if it is not the only one that would have told what changed.
    pub(super) fn refused_whole(&mut self, list: &str, error: PersonaError) -> Result<(), ReconcileError> {
        let may_not = is_refused(&error) || error.status() == Some(403);
        if !may_not || self.run.found.refused > 0 {
            return Err(error.into());
        }
        self.run.found.refused += 1;
        self.pass_over(list, &error);
        Ok(())
    }

    /// Begins a list anew, once, when Persona refuses to go on from a place: what stood there may be gone.
    pub(super) async fn begin_anew(&mut self, already: &mut bool, error: PersonaError) -> Result<(), ReconcileError> {
        if *already || !is_refused(&error) {
            return Err(error.into());
        }
        *already = true;
        self.step(None).await
    }

    pub(super) fn name(&self) -> &'a EnvironmentName {
        &self.environment.settings.name
    }

    /// Lets the next run begin at once, and says why this one stopped. Best effort: the hold lapses anyway.
    pub(super) async fn let_go(&mut self, error: &ReconcileError) {
        if !matches!(error, ReconcileError::TakenOver) {
            self.run.error = Some(error.to_string());
            let _ = self.save(None).await;
        }
    }

    async fn end(&mut self) -> Result<(), ReconcileError> {
        self.run.stage = Stage::Done;
        self.run.place = None;
        // A run that looked at less than was missing leaves a gap before itself.
        if self.run.since <= self.reconciled_until {
            self.reconciled_until = self.reconciled_until.max(self.run.began_at);
        }
        self.save(None).await
    }

    async fn save(&mut self, keep_until: Option<Timestamp>) -> Result<(), ReconcileError> {
        self.run.touched_at = self.app.clock().now();
        let mut tx = self.app.database().begin().await?;
        let (name, until) = (self.name(), self.reconciled_until);
        let saved = tx.save_reconciliation(name, &self.holder, until, &self.run, keep_until).await?;
        tx.commit().await?;
        (self.progress)(&self.run);
        if saved { Ok(()) } else { Err(ReconcileError::TakenOver) }
    }
}

/// The run that stopped before it was done, if it covers what is asked for; else a new one.
fn run_from(known: Reconciliation, why: Why, since: Option<Timestamp>, overlap: SignedDuration, now: Timestamp) -> Run {
    let stopped = known.run.filter(|run| run.stage != Stage::Done && since.is_none_or(|since| run.since <= since));
    match stopped {
        Some(run) => Run { error: None, ..run },
        None => Run {
            why,
            began_at: now,
            since: since.unwrap_or_else(|| known.reconciled_until.minus(overlap)),
            stage: Stage::Search,
            place: None,
            found: Found::default(),
            touched_at: now,
            error: None,
        },
    }
}

/// Whether a call was refused for what it asks, so that the rest of the run can go on without it.
pub(super) fn is_refused(error: &PersonaError) -> bool {
    matches!(error, PersonaError::Unaskable(_))
        || (matches!(error, PersonaError::Refused(_)) && matches!(error.next(), Next::GiveUp | Next::Reread))
}

/// Whether an error of storage is about what was to be stored, so that the rest of the run can go on without it.
pub(super) fn is_about_its_content(error: &StorageError) -> bool {
    !error.is_unavailable()
}
