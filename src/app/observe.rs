//! One observation, applied and planned within an open transaction.
//!
//! Locks are taken in one order everywhere: people (sorted), then inquiries (sorted), then actions. The lock on the
//! person is what lets two events about two inquiries of one person, in two processes, each see the other's.

use std::collections::BTreeSet;

use crate::app::Environment;
use crate::domain::action::{CancelledBy, DEFAULT_MAX_ATTEMPTS};
use crate::domain::ids::{EnvironmentName, TemplateId};
use crate::domain::inquiry::{Change, Inquiry, Person};
use crate::domain::observation::Observation;
use crate::domain::plan::{Difference, Objection, Situation};
use crate::domain::rules::Rules;
use crate::domain::time::Timestamp;
use crate::storage::{StorageError, Tx};

/// How often a transaction is begun anew because the inquiry changed hands meanwhile.
pub(super) const TRIES: usize = 5;

/// What became of an observation.
pub(super) enum Observed {
    /// Merged, saved and planned.
    Applied(Change),
    /// Between looking and locking, another process learnt that the inquiry is another person's: begin again.
    PersonMoved,
}

/// Merges an observation, saves the inquiry, and brings the plan of everyone it concerns up to date.
pub(super) async fn observe(
    tx: &mut Tx,
    environment: &Environment,
    observation: Observation,
    now: Timestamp,
) -> Result<Observed, StorageError> {
    let name = &environment.settings.name;
    let id = observation.inquiry.clone();
    tx.ensure_inquiries(name, std::slice::from_ref(&id), now).await?;

    let stored = tx.inquiry(name, &id).await?.map(|stored| stored.inquiry);
    let mut expected = stored.unwrap_or_else(|| Inquiry::unknown(name.clone(), id.clone()));
    let mut people: BTreeSet<Person> = expected.person().into_iter().collect();
    expected.apply(observation.clone());
    people.extend(expected.person());
    tx.lock_people(name, &people.iter().cloned().collect::<Vec<_>>()).await?;

    let mut inquiry = tx.lock_inquiry(name, &id).await?;
    let before = group_key(&inquiry);
    let change = inquiry.apply(observation);
    let after = group_key(&inquiry);
    if [&before.0, &after.0].into_iter().flatten().any(|person| !people.contains(person)) {
        return Ok(Observed::PersonMoved);
    }
    tx.save_inquiry(&inquiry, now).await?;
    for key in BTreeSet::from([before, after]) {
        let group = group_of(tx, name, &key, &inquiry).await?;
        replan(tx, environment, &group, now).await?;
    }
    Ok(Observed::Applied(change))
}

/// Whom and what for: inquiries that share both are planned together.
pub(super) type GroupKey = (Option<Person>, Option<TemplateId>);

/// The group an inquiry belongs to.
pub(super) fn group_key(inquiry: &Inquiry) -> GroupKey {
    (inquiry.person(), inquiry.known.template_id().cloned())
}

/// All inquiries of a group, locked; the inquiry alone where its person is not known.
pub(super) async fn group_of(
    tx: &mut Tx,
    environment: &EnvironmentName,
    key: &GroupKey,
    inquiry: &Inquiry,
) -> Result<Vec<Inquiry>, StorageError> {
    match key {
        (Some(person), template) => tx.lock_group(environment, person, template.as_ref()).await,
        (None, _) => Ok(vec![inquiry.clone()]),
    }
}

/// Writes the difference between the actions that should exist for a group and those that do.
pub(super) async fn replan(
    tx: &mut Tx,
    environment: &Environment,
    group: &[Inquiry],
    now: Timestamp,
) -> Result<Difference, StorageError> {
    let Some(first) = group.first() else { return Ok(Difference::default()) };
    let name = &environment.settings.name;
    let ids: Vec<_> = group.iter().map(|inquiry| inquiry.id.clone()).collect();
    let actions = tx.actions_of(name, &ids).await?;
    let rules: &Rules = environment.settings.rules.for_template(first.known.template_id());
    let difference = Situation { group, actions: &actions, rules, now }.difference();

    tx.insert_actions(&difference.insert, DEFAULT_MAX_ATTEMPTS, now).await?;
    for planned in &difference.replan {
        tx.replan_action(&planned.id, planned, now).await?;
    }
    for (id, Objection { reason, too_late }) in &difference.cancel {
        if *too_late {
            tx.fail_planned(id, reason, now).await?;
        } else {
            tx.cancel_planned(id, reason, CancelledBy::Plan, now).await?;
        }
    }
    Ok(difference)
}
