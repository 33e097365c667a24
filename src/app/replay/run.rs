//! A replay's steps: what ended is counted, the next stretch is made due or applied, and in the end it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use tracing::info;

use crate::app::replay::again::Again;
use crate::app::replay::look::LOOK;
use crate::app::replay::pace::{Pace, time_for};
use crate::app::replay::{ActionChoice, Became, BecameOf, Choice, Counts, EventChoice, Replay, ReplayState};
use crate::app::{App, Environment};
use crate::domain::action::{Action, State};
use crate::domain::ids::ActionId;
use crate::domain::replay::Skip;
use crate::storage::replays::{Step, Stretch};
use crate::storage::singletons::Held;
use crate::storage::{StorageError, Tx};

/// How many actions of one replay may have been made due and not have ended. When so many are tried again and again, the
/// cause is not mended, and the rest is left as it is.
pub const WAITING: u64 = 200;

/// Actions made due in one transaction, at most.
const PAGE: u32 = 50;

/// Events applied between two steps.
const EVENTS: u32 = 100;

/// Ends counted in one transaction.
const ENDS: u32 = 200;

/// How many different reasons a report tells apart.
const MOST_REASONS: usize = 50;

/// Between two pages: SQLite has one writer, and webhooks come first.
const BREATH: Duration = Duration::from_millis(10);

/// The reason of all that have other reasons than those a report tells apart.
const OTHERS: &str = "other reasons";

impl App {
    /// Goes on with every replay as far as it is due; `held` is the right to do so, which another process may have taken.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; what was done stays done.
    pub async fn tend_replays(&self, held: &Held) -> Result<(), StorageError> {
        loop {
            let mut moved = false;
            for replay in self.database().read().await?.replays_under_way().await? {
                if let Some(environment) = self.environments().get(&replay.filter.environment) {
                    moved |= self.step_replay(held, environment, &replay).await?;
                }
            }
            if !moved {
                return Ok(());
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Makes one step of a replay; whether there was one to make.
    async fn step_replay(&self, held: &Held, environment: &Environment, replay: &Replay) -> Result<bool, StorageError> {
        if self.count_ends(held, replay).await? {
            return Ok(true);
        }
        if replay.through && replay.waiting() == 0 {
            return self.end_replay(held, replay).await;
        }
        let due = replay.next_at.is_none_or(|at| at <= self.clock().now());
        if replay.through || replay.state != ReplayState::Running || !due || replay.waiting() >= WAITING {
            return Ok(false);
        }
        let pace = self.pace(environment, replay.per_minute).await?;
        match &replay.filter.of {
            Choice::Actions(choice) => self.make_due(held, environment, replay, choice, &pace).await,
            Choice::Events(choice) => self.apply_page(held, environment, replay, choice, &pace).await,
        }
    }

    /// Counts what ended of what was made due; whether anything did.
    async fn count_ends(&self, held: &Held, replay: &Replay) -> Result<bool, StorageError> {
        if replay.waiting() == 0 {
            return Ok(false);
        }
        let ended = self.database().read().await?.waited_for(&replay.id, ENDS).await?;
        if ended.is_empty() {
            return Ok(false);
        }
        let (mut counts, mut became) = (Counts::default(), Tally::default());
        for one in &ended {
            let reason = one.reason.clone().unwrap_or_default();
            match one.state {
                Some(State::Done) => counts.done += 1,
                Some(State::Failed) => {
                    counts.failed += 1;
                    became.add(Became::Failed, reason);
                }
                Some(_) => {
                    counts.called_off += 1;
                    became.add(Became::CalledOff, reason);
                }
                None => {
                    counts.called_off += 1;
                    became.add(Became::CalledOff, "its row was taken away".to_owned());
                }
            }
        }
        let Some(mut tx) = self.begin_step(held, replay).await? else { return Ok(false) };
        let ids: Vec<ActionId> = ended.into_iter().map(|one| one.action).collect();
        tx.stop_waiting(&replay.id, &ids).await?;
        let reasons = became.reasons(&mut tx, replay).await?;
        let step = Step { counts, reasons, ..as_before(replay) };
        self.finish_step(tx, replay, &step).await
    }

    /// Makes the next stretch of actions due, but those that would be passed over.
    async fn make_due(
        &self,
        held: &Held,
        environment: &Environment,
        replay: &Replay,
        choice: &ActionChoice,
        pace: &Pace,
    ) -> Result<bool, StorageError> {
        let room = u32::try_from(WAITING.saturating_sub(replay.waiting())).unwrap_or(PAGE);
        let (name, limit) = (&environment.settings.name, pace.page(PAGE).min(room.max(1)));
        let mut tx = self.database().read().await?;
        let paused = Self::paused_kinds(&mut tx, name).await?;
        let stretch = self.actions_to_replay(&mut tx, name, choice, replay.as_of, replay.place.as_ref(), limit).await?;
        let mut wanted: Vec<&Action> = Vec::with_capacity(stretch.items.len());
        let mut became = Tally::default();
        for action in &stretch.items {
            match self.action_passed_over(&mut tx, environment, action, &paused).await? {
                None => wanted.push(action),
                Some(why) => became.skip(why),
            }
        }
        drop(tx);
        let Some(mut tx) = self.begin_step(held, replay).await? else { return Ok(false) };
        let now = self.clock().now();
        let why = format!("replayed by {} ({})", begun_by(replay), replay.id);
        let ids: Vec<ActionId> = wanted.iter().map(|action| action.planned.id.clone()).collect();
        let made = tx.retry_actions(&ids, &why, now).await?;
        tx.wait_for(&replay.id, &made).await?;
        let mut wait = SignedDuration::ZERO;
        for action in wanted {
            if made.contains(&action.planned.id) {
                wait += time_for(1, pace.of(action.planned.work.kind()));
            } else {
                became.skip(Skip::Changed);
            }
        }
        let counts = Counts {
            looked_at: stretch.items.len() as u64,
            made_due: made.len() as u64,
            skipped: became.of(Became::Skipped),
            ..Counts::default()
        };
        let reasons = became.reasons(&mut tx, replay).await?;
        let step = Step { next_at: Some(now.plus(wait)), counts, reasons, ..after(replay, &stretch) };
        self.finish_step(tx, replay, &step).await
    }

    /// Applies the next stretch of events. Stopped on the way, the stretch is applied once more, which changes nothing.
    async fn apply_page(
        &self,
        held: &Held,
        environment: &Environment,
        replay: &Replay,
        choice: &EventChoice,
        pace: &Pace,
    ) -> Result<bool, StorageError> {
        let (name, limit) = (&environment.settings.name, pace.page(EVENTS));
        let mut tx = self.database().read().await?;
        let stretch = tx.replayable_events(name, choice, replay.as_of, replay.place.as_ref(), (limit, LOOK)).await?;
        drop(tx);
        let why = replay.began.as_ref().map(|(_, _, why)| why.as_str()).unwrap_or_default();
        let (mut counts, mut became) = (Counts::default(), Tally::default());
        for event in &stretch.items {
            match self.apply_again(environment, event, (begun_by(replay), why)).await {
                Ok(Again::Changed) => counts.done += 1,
                Ok(Again::Unchanged) => counts.unchanged += 1,
                Ok(Again::PassedOver(skip)) => became.skip(skip),
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => became.add(Became::Failed, error.to_string()),
            }
        }
        counts.looked_at = stretch.items.len() as u64;
        counts.skipped = became.of(Became::Skipped);
        counts.failed = became.of(Became::Failed);
        let Some(mut tx) = self.begin_step(held, replay).await? else { return Ok(false) };
        let reasons = became.reasons(&mut tx, replay).await?;
        let next_at = Some(self.clock().now().plus(pace.after_events(counts.looked_at)));
        let step = Step { next_at, counts, reasons, ..after(replay, &stretch) };
        self.finish_step(tx, replay, &step).await
    }

    async fn end_replay(&self, held: &Held, replay: &Replay) -> Result<bool, StorageError> {
        let Some(tx) = self.begin_step(held, replay).await? else { return Ok(false) };
        let step = Step { ends: true, ..as_before(replay) };
        let Counts { made_due, done, unchanged, failed, called_off, skipped, .. } = replay.counts;
        let written = self.finish_step(tx, replay, &step).await?;
        let environment = &replay.filter.environment;
        info!(replay = %replay.id, %environment, made_due, done, unchanged, failed, called_off, skipped, "a replay is through");
        Ok(written)
    }

    /// Begins what writes a step: while the right is held, and the replay is as it was when the step was made.
    async fn begin_step(&self, held: &Held, replay: &Replay) -> Result<Option<Tx>, StorageError> {
        let mut tx = self.database().begin().await?;
        if !tx.fence(held).await? {
            return Ok(None);
        }
        let now = tx.lock_replay(&replay.id).await?;
        let same = now
            .is_some_and(|now| now.state == replay.state && now.place == replay.place && now.counts == replay.counts);
        Ok(same.then_some(tx))
    }

    async fn finish_step(&self, mut tx: Tx, replay: &Replay, step: &Step) -> Result<bool, StorageError> {
        tx.step_replay(&replay.id, step, self.clock().now()).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn begun_by(replay: &Replay) -> &str {
    replay.began.as_ref().map_or(&replay.made_by, |(_, by, _)| by)
}

/// A step that leaves a replay where it is.
fn as_before(replay: &Replay) -> Step {
    Step { place: replay.place.clone(), through: replay.through, next_at: replay.next_at, ..Step::default() }
}

/// A step over a stretch.
fn after<T>(replay: &Replay, stretch: &Stretch<T>) -> Step {
    let place = stretch.next.clone().or_else(|| replay.place.clone());
    Step { place, through: stretch.next.is_none(), ..Step::default() }
}

/// What became of what, as it is counted.
#[derive(Default)]
struct Tally(BTreeMap<(Became, String), u64>);

impl Tally {
    fn add(&mut self, became: Became, reason: String) {
        *self.0.entry((became, reason)).or_default() += 1;
    }

    fn skip(&mut self, why: Skip) {
        self.add(Became::Skipped, why.as_str().to_owned());
    }

    fn of(&self, became: Became) -> u64 {
        self.0.iter().filter(|((one, _), _)| *one == became).map(|(_, count)| count).sum()
    }

    /// What is to be added to the report, which tells no more reasons apart than people can read.
    async fn reasons(self, tx: &mut Tx, replay: &Replay) -> Result<Vec<BecameOf>, StorageError> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let mut known: Vec<(Became, String)> =
            tx.replay_reasons(&replay.id).await?.into_iter().map(|one| (one.became, one.reason)).collect();
        let mut reasons: BTreeMap<(Became, String), u64> = BTreeMap::new();
        for ((became, reason), count) in self.0 {
            let mut key = (became, if reason.is_empty() { "nothing says why".to_owned() } else { reason });
            if !known.contains(&key) {
                if known.len() < MOST_REASONS {
                    known.push(key.clone());
                } else {
                    OTHERS.clone_into(&mut key.1);
                }
            }
            *reasons.entry(key).or_default() += count;
        }
        Ok(reasons.into_iter().map(|((became, reason), count)| BecameOf { became, reason, count }).collect())
    }
}
