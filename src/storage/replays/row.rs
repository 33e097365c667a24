//! A replay's row.

use crate::domain::action::Kind;
use crate::domain::ids::ReplayId;
use crate::domain::time::Timestamp;
use crate::storage::error::{Result, StorageError};
use crate::storage::replays::{Preview, ReplayFilter};
use crate::storage::row::Place;

stored_words! {
    /// How a replay stands.
    ReplayState {
        /// It was looked at what it would do; nobody started it.
        Previewed = "previewed",
        /// It is gone on with.
        Running = "running",
        /// An operator held it; it goes on where it is when resumed.
        Paused = "paused",
        /// An operator ended it.
        Cancelled = "cancelled",
        /// Everything was gone through, and everything that was begun has ended.
        Done = "done",
    }
}

stored_words! {
    /// What became of something that was not simply done.
    Became {
        /// It was given up again.
        Failed = "failed",
        /// It was made due, and then no longer wanted.
        CalledOff = "called_off",
        /// It was passed over.
        Skipped = "skipped",
    }
}

/// A replay, or the preview of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Its id, which the preview has already.
    pub id: ReplayId,
    /// What is chosen.
    pub filter: ReplayFilter,
    /// What was found of it before it was started.
    pub preview: Preview,
    /// What ended or came later is not part of it, by our clock.
    pub as_of: Timestamp,
    /// The most begun in a minute, where somebody said so.
    pub per_minute: Option<u32>,
    /// How it stands.
    pub state: ReplayState,
    /// Who looked at what it would do.
    pub made_by: String,
    /// Until when it can be started, by our clock.
    pub expires_at: Timestamp,
    /// When it was started, by whom and why.
    pub began: Option<(Timestamp, String, String)>,
    /// When its next page is due, by our clock.
    pub next_at: Option<Timestamp>,
    /// The last one that is through; `None` at the beginning.
    pub place: Option<ReplayPlace>,
    /// Whether every match was looked at.
    pub through: bool,
    /// How far it is.
    pub counts: Counts,
    /// When it last made a step, by our clock.
    pub touched_at: Timestamp,
    /// When it ended, by our clock.
    pub ended_at: Option<Timestamp>,
    /// Who paused, resumed or cancelled it last, and why.
    pub changed: Option<(String, String)>,
}

/// Where a replay is among its matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayPlace {
    /// The lane that is walked, where it goes lane by lane.
    pub kind: Option<Kind>,
    /// The time of the last one that is through.
    pub at: Timestamp,
    /// Its id; empty at the beginning of a lane.
    pub id: String,
}

/// What became of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Matches looked at.
    pub looked_at: u64,
    /// Actions made due.
    pub made_due: u64,
    /// Actions performed, and events that changed something.
    pub done: u64,
    /// Events that changed nothing.
    pub unchanged: u64,
    /// Actions given up again, and events that could not be applied.
    pub failed: u64,
    /// Actions made due, and then no longer wanted.
    pub called_off: u64,
    /// Passed over.
    pub skipped: u64,
}

/// How often one thing became of them for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What became of them.
    pub became: Became,
    /// Why; the word of a [`Skip`](crate::domain::replay::Skip) where they were passed over.
    pub reason: String,
    /// How many.
    pub count: u64,
}

impl Counts {
    /// How many actions were made due and have not ended yet.
    #[must_use]
    pub const fn waiting(&self, actions: bool) -> u64 {
        if !actions {
            return 0;
        }
        self.made_due.saturating_sub(self.done).saturating_sub(self.failed).saturating_sub(self.called_off)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            looked_at: self.looked_at + other.looked_at,
            made_due: self.made_due + other.made_due,
            done: self.done + other.done,
            unchanged: self.unchanged + other.unchanged,
            failed: self.failed + other.failed,
            called_off: self.called_off + other.called_off,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl Replay {
    /// How many of its actions have not ended yet.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.counts.waiting(matches!(self.filter.of, super::Choice::Actions(_)))
    }

    /// Whether it has not ended.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, ReplayState::Running | ReplayState::Paused)
    }
}

/// The columns of [`Row`].
macro_rules! replay_columns {
    () => {
        "id, environment, filter, preview, as_of, per_minute, state, made_by, expires_at, began_at, began_by, reason, \
         next_at, place_kind, place_at, place_id, through, looked_at, made_due, done, unchanged, failed, called_off, \
         skipped, touched_at, ended_at, changed_by, changed_why"
    };
}
pub(super) use replay_columns;

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    environment: String,
    filter: String,
    preview: String,
    as_of: Timestamp,
    per_minute: Option<i32>,
    state: String,
    made_by: String,
    expires_at: Timestamp,
    pub(super) began_at: Option<Timestamp>,
    began_by: Option<String>,
    reason: Option<String>,
    next_at: Option<Timestamp>,
    place_kind: Option<String>,
    place_at: Option<Timestamp>,
    place_id: Option<String>,
    through: bool,
    looked_at: i64,
    made_due: i64,
    done: i64,
    unchanged: i64,
    failed: i64,
    called_off: i64,
    skipped: i64,
    touched_at: Timestamp,
    ended_at: Option<Timestamp>,
    changed_by: Option<String>,
    changed_why: Option<String>,
}

impl TryFrom<Row> for Replay {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let place = Place { table: "replays", row: &row.id };
        let count = |column, count: i64| place.some(column, u64::try_from(count).ok());
        let filter = ReplayFilter::read(place.environment(&row.environment)?, &row.filter);
        let kind = |word: &str| Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
        let place_kind = row.place_kind.as_deref().map(|word| place.some("place_kind", kind(word))).transpose()?;
        let per_minute = row.per_minute.map(|many| place.count("per_minute", many)).transpose()?;
        let began = row.began_at.zip(row.began_by).zip(row.reason);
        Ok(Self {
            id: place.id("id", &row.id, ReplayId::parse)?,
            filter: place.some("filter", filter)?,
            preview: place.some("preview", Preview::read(&row.preview))?,
            as_of: row.as_of,
            per_minute,
            state: place.some("state", ReplayState::parse(&row.state))?,
            made_by: row.made_by,
            expires_at: row.expires_at,
            began: began.map(|((at, by), why)| (at, by, why)),
            next_at: row.next_at,
            place: row.place_at.zip(row.place_id).map(|(at, id)| ReplayPlace { kind: place_kind, at, id }),
            through: row.through,
            counts: Counts {
                looked_at: count("looked_at", row.looked_at)?,
                made_due: count("made_due", row.made_due)?,
                done: count("done", row.done)?,
                unchanged: count("unchanged", row.unchanged)?,
                failed: count("failed", row.failed)?,
                called_off: count("called_off", row.called_off)?,
                skipped: count("skipped", row.skipped)?,
            },
            touched_at: row.touched_at,
            ended_at: row.ended_at,
            changed: row.changed_by.zip(row.changed_why),
        })
    }
}
