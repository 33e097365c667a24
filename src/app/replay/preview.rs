//! What a replay would do, before it does anything.

use std::collections::BTreeMap;

use crate::app::perform::calls_of;
use crate::app::replay::look::{Match, Overview};
use crate::app::replay::pace::{Pace, time_for};
use crate::app::replay::{Preview, ReplayFilter};
use crate::app::{App, Environment};
use crate::domain::action::Kind;
use crate::domain::replay::Skip;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;

impl App {
    /// What would come of a choice now.
    pub(in crate::app) async fn foresee_replay(
        &self,
        environment: &Environment,
        filter: &ReplayFilter,
        as_of: Timestamp,
        per_minute: Option<u32>,
    ) -> Result<Preview, StorageError> {
        let Overview { sample, groups, more } = self.look_over(filter, as_of).await?;
        let pace = self.pace(environment, per_minute).await?;
        let (mut skipped, mut begun): (BTreeMap<Skip, u64>, BTreeMap<Option<Kind>, u64>) = Default::default();
        let mut tx = self.database().read().await?;
        let paused = Self::paused_kinds(&mut tx, &environment.settings.name).await?;
        for one in sample.kept() {
            match self.passed_over(&mut tx, environment, one, &paused).await? {
                Some(why) => *skipped.entry(why).or_default() += 1,
                None => *begun.entry(kind_of(one)).or_default() += 1,
            }
        }
        let asked = sample.kept().len() as u64;
        let preview = Preview { matched: sample.seen(), more, asked, groups, ..Preview::default() };
        let mut skipped: Vec<(Skip, u64)> = skipped.into_iter().collect();
        skipped.sort_by_key(|(why, count)| (std::cmp::Reverse(*count), *why));
        Ok(begun.into_iter().fold(Preview { skipped, ..preview }, |preview, (kind, count)| {
            let count = preview.in_all(count);
            with_cost(preview, kind, count, &pace)
        }))
    }

    /// How many match a choice now.
    pub(in crate::app) async fn count_to_replay(&self, filter: &ReplayFilter) -> Result<u64, StorageError> {
        Ok(self.look_over(filter, self.clock().now()).await?.sample.seen())
    }
}

fn kind_of(one: &Match) -> Option<Kind> {
    match one {
        Match::Action(action) => Some(action.planned.work.kind()),
        Match::Event(_) => None,
    }
}

/// What so many of a kind cost, added to the rest.
fn with_cost(preview: Preview, kind: Option<Kind>, count: u64, pace: &Pace) -> Preview {
    let (calls, messages, per_minute) = match kind {
        Some(kind) => (u64::from(calls_of(kind)), messages_of(kind), pace.of(kind)),
        None => (0, 0, pace.of_events()),
    };
    let seconds = u64::try_from(time_for(count, per_minute).as_secs()).unwrap_or(0);
    Preview {
        calls: preview.calls.saturating_add(count.saturating_mul(calls)),
        messages: preview.messages.saturating_add(count.saturating_mul(messages)),
        seconds: preview.seconds.saturating_add(seconds),
        ..preview
    }
}

/// How many notices an action is: an action is one notifier's.
const fn messages_of(kind: Kind) -> u64 {
    match kind {
        Kind::Remind | Kind::Tell | Kind::Invite | Kind::Publish => 1,
        Kind::Revive | Kind::Replace | Kind::Expire | Kind::Hold => 0,
    }
}
