//! The matches of a choice: in stretches for whoever goes through them, and looked over for a preview.

use std::collections::BTreeMap;

use crate::app::App;
use crate::app::replay::{ActionChoice, Choice, Group, MOST_ASKED, MOST_COUNTED, ReplayFilter};
use crate::domain::action::Action;
use crate::domain::ids::EnvironmentName;
use crate::domain::replay::Sample;
use crate::domain::time::Timestamp;
use crate::storage::events::StoredEvent;
use crate::storage::replays::{Found, ReplayPlace, Stretch};
use crate::storage::{StorageError, Tx};

/// How many rows one stretch looks at, at most.
pub(super) const LOOK: u32 = 10_000;

/// Matches of one stretch while they are looked over.
const STRETCH: u32 = 500;

/// How many stretches are looked over; more than that many rows nobody waits for in front of a page.
const MOST_STRETCHES: u32 = 200;

/// How many different groups are told apart.
const MOST_GROUPS: usize = 40;

/// What matches a choice.
#[derive(Debug, Clone)]
pub(super) enum Match {
    Action(Box<Action>),
    Event(Box<StoredEvent>),
}

/// What was seen of a choice.
pub(super) struct Overview {
    pub(super) sample: Sample<Match>,
    pub(super) groups: Vec<Group>,
    pub(super) more: bool,
}

impl App {
    /// The next matches of a choice of actions.
    pub(super) async fn actions_to_replay(
        &self,
        tx: &mut Tx,
        environment: &EnvironmentName,
        choice: &ActionChoice,
        as_of: Timestamp,
        after: Option<&ReplayPlace>,
        limit: u32,
    ) -> Result<Stretch<Action>, StorageError> {
        let Stretch { items, next } = tx.replayable_actions(environment, choice, as_of, after, (limit, LOOK)).await?;
        let mut actions = Vec::with_capacity(items.len());
        for found in items {
            if self.is_of_customer(tx, choice, &found).await? {
                actions.push(found.action);
            }
        }
        Ok(Stretch { items: actions, next })
    }

    async fn is_of_customer(&self, tx: &mut Tx, choice: &ActionChoice, found: &Found) -> Result<bool, StorageError> {
        let Some(customer) = &choice.customer else { return Ok(true) };
        let planned = &found.action.planned;
        let Some(stored) = tx.inquiry(&planned.environment, &planned.inquiry).await? else { return Ok(false) };
        Ok(self.owner(tx, &stored.inquiry, &found.lineage).await?.as_ref() == Some(customer))
    }

    /// Looks over what matches: how many, of what kinds, and an even sample; in as much memory as that takes.
    pub(super) async fn look_over(&self, filter: &ReplayFilter, as_of: Timestamp) -> Result<Overview, StorageError> {
        let mut sample = Sample::of(MOST_ASKED);
        let mut groups = BTreeMap::new();
        let mut place = None;
        for _ in 0..MOST_STRETCHES {
            let stretch = self.stretch(filter, as_of, place.as_ref()).await?;
            for one in stretch.items {
                count(&mut groups, &one);
                sample.see(one);
            }
            place = stretch.next;
            if place.is_none() || sample.seen() >= MOST_COUNTED {
                break;
            }
        }
        let mut groups: Vec<Group> =
            groups.into_iter().map(|((what, why), count)| Group { what, why, count }).collect();
        groups.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.what.cmp(&other.what)));
        Ok(Overview { sample, groups, more: place.is_some() })
    }

    async fn stretch(
        &self,
        filter: &ReplayFilter,
        as_of: Timestamp,
        after: Option<&ReplayPlace>,
    ) -> Result<Stretch<Match>, StorageError> {
        let mut tx = self.database().read().await?;
        let environment = &filter.environment;
        Ok(match &filter.of {
            Choice::Actions(choice) => {
                let found = self.actions_to_replay(&mut tx, environment, choice, as_of, after, STRETCH).await?;
                let items = found.items.into_iter().map(|action| Match::Action(Box::new(action)));
                Stretch { items: items.collect(), next: found.next }
            }
            Choice::Events(choice) => {
                let found = tx.replayable_events(environment, choice, as_of, after, (STRETCH, LOOK)).await?;
                let items = found.items.into_iter().map(|event| Match::Event(Box::new(event)));
                Stretch { items: items.collect(), next: found.next }
            }
        })
    }
}

fn count(groups: &mut BTreeMap<(String, Option<String>), u64>, one: &Match) {
    let group = match one {
        Match::Action(action) => (action.planned.work.kind().to_string(), action.reason.clone()),
        Match::Event(event) => (
            event.name.clone().unwrap_or_else(|| "(not understood)".to_owned()),
            event.outcome.map(|outcome| outcome.to_string()),
        ),
    };
    let group =
        if groups.len() < MOST_GROUPS || groups.contains_key(&group) { group } else { ("others".to_owned(), None) };
    *groups.entry(group).or_default() += 1;
}
