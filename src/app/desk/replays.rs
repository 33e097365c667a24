//! Many things done again: looked at first, then started once, held or ended.

use jiff::SignedDuration;
use ulid::Ulid;

use crate::app::Environment;
use crate::app::desk::{ActError, Desk};
use crate::app::replay::{Choice, Counts, MOST_IDS, Replay, ReplayChange, ReplayError, ReplayFilter, ReplayState};
use crate::domain::act::Act;
use crate::domain::deed::{About, Deed};
use crate::domain::ids::{EnvironmentName, ReplayId};
use crate::domain::replay::differs_much;
use crate::storage::replays::Started;

/// How long a preview can be started: about as long as somebody remembers what they looked at.
const PREVIEW_LIVES: SignedDuration = SignedDuration::from_mins(15);

impl Desk {
    /// Looks at what a replay would do, and keeps that; its id is what it is started with. `per_minute` is the most to be
    /// begun in a minute, beside what the budget allows.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn preview_replay(&self, filter: ReplayFilter, per_minute: Option<u32>) -> Result<Replay, ReplayError> {
        self.allowed(Act::Replay, &filter.environment, "environment")?;
        let filter = self.checked(filter)?;
        let now = self.app.clock().now();
        let per_minute = per_minute.map(|many| many.max(1));
        let preview = self.app.foresee_replay(self.configured(&filter.environment)?, &filter, now, per_minute).await?;
        let id = format!("rpl_{}", Ulid::new().to_string().to_lowercase());
        let replay = Replay {
            id: ReplayId::parse(&id).unwrap_or_else(|_| unreachable!("letters and digits are an id")),
            filter,
            preview,
            as_of: now,
            per_minute,
            state: ReplayState::Previewed,
            made_by: self.operator.who.clone(),
            expires_at: now.plus(PREVIEW_LIVES),
            began: None,
            next_at: None,
            place: None,
            through: false,
            counts: Counts::default(),
            touched_at: now,
            ended_at: None,
            changed: None,
        };
        let mut tx = self.app.database().begin().await?;
        tx.keep_preview(&replay).await?;
        tx.commit().await?;
        Ok(replay)
    }

    /// Starts what was previewed, and gives it as it is then; what was started before is given as it is, and nothing is
    /// done again.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn start_replay(&self, id: &ReplayId) -> Result<Replay, ReplayError> {
        let replay = self.known_replay(id).await?;
        let environment = &replay.filter.environment;
        let deed = self.deed(Act::Replay, environment, About::replay(id))?;
        if replay.state != ReplayState::Previewed {
            return Ok(replay);
        }
        if replay.expires_at < self.app.clock().now() {
            return Err(ReplayError::Expired);
        }
        if matches!(replay.filter.of, Choice::Actions(_)) {
            self.acting(environment)?;
        }
        let (then, now) = (replay.preview.matched, self.app.count_to_replay(&replay.filter).await?);
        if now == 0 {
            return Err(ReplayError::Nothing);
        }
        if differs_much(then, now) {
            return Err(ReplayError::Differs { then, now });
        }
        let mut tx = self.app.database().begin().await?;
        match tx.start_replay(&replay, &self.operator.who, self.reason(), deed.at()).await? {
            Started::Alike(other) => return Err(ReplayError::Alike(other)),
            Started::Before => drop(tx),
            Started::Begun => Self::done(tx, &deed).await?,
        }
        self.known_replay(id).await
    }

    /// Pauses, resumes or cancels a replay that has not ended; gives it as it is then.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn change_replay(&self, id: &ReplayId, change: ReplayChange) -> Result<Replay, ReplayError> {
        let environment = self.known_replay(id).await?.filter.environment;
        // Refused without a reason of theirs; what is written down begins with what was done.
        self.deed(Act::Replay, &environment, About::replay(id))?;
        let why = format!("{}: {}", change.verb(), self.reason());
        let deed = Deed::new(&self.operator, Act::Replay, Some(&why), self.app.clock().now())?;
        let deed = deed.within(&environment).about(About::replay(id));
        let (from, to, wanted, verb) = change.states();
        let mut tx = self.app.database().begin().await?;
        let replay = tx.lock_replay(id).await?.ok_or(ActError::Unknown("replay"))?;
        let changed = from.contains(&replay.state)
            && tx.change_replay(id, to, &self.operator.who, self.reason(), deed.at()).await?;
        if !changed {
            return Err(ReplayError::WrongState { id: id.clone(), state: replay.state, wanted, verb });
        }
        if change == ReplayChange::Cancel {
            tx.stop_waiting_for_all(id).await?;
        }
        Self::done(tx, &deed).await?;
        self.known_replay(id).await
    }

    async fn known_replay(&self, id: &ReplayId) -> Result<Replay, ReplayError> {
        let replay = self.app.database().read().await?.replay(id).await?;
        let replay = replay.filter(|replay| self.operator.sees(&replay.filter.environment));
        Ok(replay.ok_or(ActError::Unknown("replay"))?)
    }

    fn configured(&self, environment: &EnvironmentName) -> Result<&Environment, ActError> {
        self.app.environments().get(environment).ok_or(ActError::Unknown("environment"))
    }

    /// A choice with its ids in order, of a customer that there is.
    fn checked(&self, mut filter: ReplayFilter) -> Result<ReplayFilter, ReplayError> {
        let ids = match &mut filter.of {
            Choice::Actions(choice) => {
                let known = |name| self.app.customers().contains_key(name);
                if let Some(name) = choice.customer.as_ref().filter(|name| !known(*name)) {
                    return Err(ReplayError::UnknownCustomer(name.clone()));
                }
                choice.ids.sort();
                choice.ids.dedup();
                choice.ids.len()
            }
            Choice::Events(choice) => {
                choice.ids.sort();
                choice.ids.dedup();
                choice.ids.len()
            }
        };
        if ids > MOST_IDS { Err(ReplayError::TooManyIds) } else { Ok(filter) }
    }
}
