//! The request budget of one environment, as this process takes part in it.
//!
//! Calls are taken from the shared ledger a few at a time, and held for a moment; what was heard of them is written
//! back when more are taken, or half a second later. A statement for each call would make every call wait for the
//! database, and every process for every other.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::SignedDuration;
use tracing::{debug, warn};
use ulid::Ulid;

use crate::app::App;
use crate::clock::Clock;
use crate::domain::budget::{Grant, Hand, Heard, Ledger, URGENCIES, Urgency};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::persona::budget::{Busy, Gate};
use crate::storage::{Database, StorageError};

/// How many calls are taken at once at most; the ledger gives less where little is left.
const MOST: u32 = 10;

/// How many are taken at once for a person who waits.
const MOST_WAITING: u32 = 2;

/// How long calls in hand may be begun.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(2);

/// How long what was taken is ours: as long as it may be begun, and a call may take then. A process that was not
/// heard of for so long is dead.
const OURS_FOR: SignedDuration = SignedDuration::from_secs(15);

/// How long a class that got nothing is not asked for again; what others give back comes sooner than a new window.
const SHUT_FOR: SignedDuration = SignedDuration::from_secs(2);

/// The same for people who wait.
const SHUT_FOR_WAITING: SignedDuration = SignedDuration::from_millis(250);

/// How long what was heard may wait to be written down.
const UNTOLD_FOR: Duration = Duration::from_millis(500);

/// How long the database may take: a call can't wait for it longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// This process' part in one environment's budget.
pub struct SharedBudget {
    environment: EnvironmentName,
    database: Database,
    clock: Clock,
    careful: u32,
    state: Mutex<State>,
    /// Held while the ledger is asked: who comes meanwhile finds calls in hand afterwards.
    asking: tokio::sync::Mutex<()>,
    this: Weak<Self>,
}

struct State {
    hand: Hand,
    /// Who we are in the ledger; another one when it is not known what stands there of us.
    owner: String,
    /// The ledger as it last was, and when.
    seen: Option<(Ledger, Timestamp)>,
    /// Until when a class is not asked for, and when there will be more of it.
    shut: [Option<(Timestamp, Timestamp)>; URGENCIES],
    /// Whether somebody is going to write down what was heard.
    telling: bool,
    /// Whether a call was begun since that was last done.
    in_use: bool,
}

impl SharedBudget {
    pub(super) fn new(environment: EnvironmentName, database: Database, clock: Clock, careful: u32) -> Arc<Self> {
        let state = State {
            hand: Hand::empty(),
            owner: new_owner(),
            seen: None,
            shut: [None; URGENCIES],
            telling: false,
            in_use: false,
        };
        let (state, asking) = (Mutex::new(state), tokio::sync::Mutex::new(()));
        Arc::new_cyclic(|this| Self { environment, database, clock, careful, state, asking, this: this.clone() })
    }

    /// How many calls of that urgency are possible as far as this process knows; `None` where it knows nothing.
    #[must_use]
    pub fn within_reach(&self, urgency: Urgency) -> Option<u32> {
        let (state, now) = (self.state(), self.clock.now());
        if state.shut[urgency.place()].is_some_and(|(until, _)| is_ahead(until, now, SHUT_FOR)) {
            return Some(0);
        }
        let (mut ledger, seen_at) = state.seen.clone()?;
        // What this process saw itself, it saw by the same clock.
        ledger.follow(now);
        ledger.advance(now);
        let known = ledger.available(urgency, now) + state.hand.ready(urgency, now);
        let closed = ledger.closed_until.is_some();
        // What others had in hand may have come back since.
        let is_old = now.since(seen_at).abs() >= SHUT_FOR && !closed;
        Some(known.max(u32::from(is_old)))
    }

    /// Gives back everything in hand, and writes down what was heard.
    ///
    /// # Errors
    /// [`StorageError`]; what was in hand is then free when it has lapsed.
    pub async fn give_back(&self) -> Result<(), StorageError> {
        let _asking = self.asking.lock().await;
        if self.state().hand.is_empty() {
            return Ok(());
        }
        self.exchange(None, true).await.map(drop)
    }

    async fn enter(&self, urgency: Urgency) -> Result<(), Busy> {
        if let Some(entered) = self.begin_or_shut(urgency) {
            return entered;
        }
        let _asking = self.asking.lock().await;
        // Others may have asked for all while we waited.
        if let Some(entered) = self.begin_or_shut(urgency) {
            return entered;
        }
        let most = if urgency == Urgency::Waiting { MOST_WAITING } else { MOST };
        let grant = match self.exchange(Some((urgency, most)), false).await {
            Ok(grant) => grant,
            Err(error) => {
                warn!(environment = %self.environment, %error, "it is not known what may be asked of Persona");
                return Err(Busy { wait: SignedDuration::from_secs(1) });
            }
        };
        let now = self.clock.now();
        let mut state = self.state();
        if grant.calls == 0 {
            let shut_for = if urgency == Urgency::Waiting { SHUT_FOR_WAITING } else { SHUT_FOR };
            let until = now.plus(shut_for).min(grant.opens_at);
            state.shut[urgency.place()] = Some((until, grant.opens_at));
            debug!(environment = %self.environment, %urgency, opens_at = %grant.opens_at, "the budget is spent");
            metrics::counter!("rekindle_budget_refusals_total",
                "environment" => self.environment.to_string(), "urgency" => urgency.as_str())
            .increment(1);
            return Err(Busy { wait: grant.opens_at.since(now) });
        }
        state.hand.put(urgency, grant.calls, now.plus(GOOD_FOR));
        state.begin(urgency, now);
        Ok(())
    }

    /// Lets a call through from what is in hand, or refuses one that was refused a moment ago; `None` when the ledger
    /// has to be asked.
    fn begin_or_shut(&self, urgency: Urgency) -> Option<Result<(), Busy>> {
        let now = self.clock.now();
        let mut state = self.state();
        if state.begin(urgency, now) {
            return Some(Ok(()));
        }
        let (until, opens_at) = state.shut[urgency.place()]?;
        is_ahead(until, now, SHUT_FOR).then(|| Err(Busy { wait: opens_at.since(now) }))
    }

    /// One exchange with the ledger, in a transaction of its own.
    async fn exchange(&self, wanted: Option<(Urgency, u32)>, all: bool) -> Result<Grant, StorageError> {
        let now = self.clock.now();
        let (owner, returned) = {
            let mut state = self.state();
            state.in_use = false;
            (state.owner.clone(), state.hand.give_back(all, now))
        };
        let exchanged = async {
            let mut tx = self.database.begin().await?;
            let mut ledger = tx.lock_budget(&self.environment, self.careful, now).await?;
            let grant = ledger.exchange(&owner, &returned, wanted, now.plus(OURS_FOR), now);
            tx.save_budget(&self.environment, &ledger, now).await?;
            tx.commit().await?;
            Ok((grant, ledger))
        };
        let mut unsure = Unsure(Some(self));
        let exchanged = tokio::time::timeout(PATIENCE, exchanged).await;
        let (grant, ledger) = exchanged.unwrap_or_else(|_| Err(StorageError::no_answer()))?;
        unsure.0 = None;
        measure(&self.environment, &ledger);
        self.state().seen = Some((ledger, now));
        Ok(grant)
    }

    /// Writes down what was heard a little later, with all that is heard until then, until nothing is left to be told.
    fn tell_later(&self) {
        let (Some(this), Ok(runtime)) = (self.this.upgrade(), tokio::runtime::Handle::try_current()) else { return };
        {
            let mut state = self.state();
            if std::mem::replace(&mut state.telling, true) {
                return;
            }
        }
        runtime.spawn(async move {
            loop {
                this.a_little_later().await;
                if !this.tell().await {
                    return;
                }
            }
        });
    }

    /// By whichever clock is the faster: a test's own can be.
    async fn a_little_later(&self) {
        let later = self.clock.now().plus(SignedDuration::try_from(UNTOLD_FOR).unwrap_or(GOOD_FOR));
        tokio::select! {
            () = tokio::time::sleep(UNTOLD_FOR) => {}
            () = self.clock.sleep_until(later) => {}
        }
    }

    /// Writes down what was heard; whether there will be more.
    async fn tell(&self) -> bool {
        let _asking = self.asking.lock().await;
        let idle = {
            let mut state = self.state();
            if state.hand.is_empty() {
                state.telling = false;
                return false;
            }
            !state.in_use
        };
        if let Err(error) = self.exchange(None, idle).await {
            debug!(environment = %self.environment, %error, "what was heard of the budget could not be written down");
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An exchange of which it is not known whether it was written: it failed, or nobody waits for it any more.
struct Unsure<'a>(Option<&'a SharedBudget>);

impl Drop for Unsure<'_> {
    fn drop(&mut self) {
        let Some(budget) = self.0 else { return };
        // Written or not: what stands there in our old name lapses, and counts as made.
        let mut state = budget.state();
        state.hand.drop_calls();
        state.owner = new_owner();
    }
}

impl State {
    fn begin(&mut self, urgency: Urgency, now: Timestamp) -> bool {
        let begun = self.hand.begin(urgency, now);
        self.in_use |= begun;
        begun
    }
}

impl Gate for SharedBudget {
    fn enter(&self, urgency: Urgency) -> BoxFuture<'_, Result<(), Busy>> {
        Box::pin(self.enter(urgency))
    }

    fn leave(&self, heard: Heard) {
        let refused = heard.refused.is_some();
        self.state().hand.end(heard, self.clock.now());
        if refused {
            warn!(environment = %self.environment, "Persona refused a call for its rate limit; asking more slowly");
        }
        self.tell_later();
    }
}

impl fmt::Debug for SharedBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBudget").field("environment", &self.environment).finish_non_exhaustive()
    }
}

impl App {
    /// Gives back what this process has in hand of every budget, when it ends.
    pub async fn give_back_budgets(&self) {
        for environment in self.environments().values() {
            if let Some(budget) = &environment.budget
                && let Err(error) = budget.give_back().await
            {
                debug!(environment = %environment.settings.name, %error, "calls in hand are free when they have lapsed");
            }
        }
    }
}

/// A random name: a restarted process must not be taken for the one before it.
fn new_owner() -> String {
    format!("process-{}", Ulid::new())
}

/// Whether a time is still to come; one that is further ahead than it can be was set before the clock was set back.
fn is_ahead(until: Timestamp, now: Timestamp, at_most: SignedDuration) -> bool {
    now < until && until <= now.plus(at_most)
}

/// Sets the gauges of what is left.
pub(super) fn measure(environment: &EnvironmentName, ledger: &Ledger) {
    metrics::gauge!("rekindle_budget_left", "environment" => environment.to_string())
        .set(f64::from(ledger.left.saturating_sub(ledger.blind)));
    metrics::gauge!("rekindle_budget_pace", "environment" => environment.to_string()).set(f64::from(ledger.pace));
}
