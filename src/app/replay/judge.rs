//! Whether something that matches would be passed over, as things stand.

use crate::app::party::Party;
use crate::app::replay::look::Match;
use crate::app::{App, Environment};
use crate::domain::action::{Action, Kind};
use crate::domain::event::Event;
use crate::domain::ids::EnvironmentName;
use crate::domain::replay::{Skip, made_due, skipped};
use crate::storage::events::{Outcome, StoredEvent};
use crate::storage::{StorageError, Tx};

impl App {
    /// The kinds whose lanes are paused in an environment.
    pub(super) async fn paused_kinds(tx: &mut Tx, environment: &EnvironmentName) -> Result<Vec<Kind>, StorageError> {
        let settings = tx.lane_settings().await?;
        let paused = settings.into_iter().filter(|setting| setting.paused && setting.lane.0 == *environment);
        Ok(paused.map(|setting| setting.lane.1).collect())
    }

    /// Why a match would be passed over; `None` when it would be begun.
    pub(super) async fn passed_over(
        &self,
        tx: &mut Tx,
        environment: &Environment,
        one: &Match,
        paused: &[Kind],
    ) -> Result<Option<Skip>, StorageError> {
        match one {
            Match::Action(action) => self.action_passed_over(tx, environment, action, paused).await,
            Match::Event(event) => Ok(understood(tx, event).await?.err()),
        }
    }

    /// Why an action that is made due again would not be performed; `None` when it would.
    pub(super) async fn action_passed_over(
        &self,
        tx: &mut Tx,
        environment: &Environment,
        action: &Action,
        paused: &[Kind],
    ) -> Result<Option<Skip>, StorageError> {
        if paused.contains(&action.planned.work.kind()) {
            return Ok(Some(Skip::LanePaused));
        }
        match self.unwanted(tx, environment, action).await {
            // One row that can't be understood must not hold everything else.
            Err(StorageError::Inconsistent { .. }) => Ok(Some(Skip::UnknownInquiry)),
            other => other,
        }
    }

    async fn unwanted(
        &self,
        tx: &mut Tx,
        environment: &Environment,
        action: &Action,
    ) -> Result<Option<Skip>, StorageError> {
        let stored = tx.inquiry(&environment.settings.name, &action.planned.inquiry).await?;
        let Some(inquiry) = stored.map(|stored| stored.inquiry) else { return Ok(Some(Skip::UnknownInquiry)) };
        let mut party = Party::of(tx, &inquiry).await?;
        let due = made_due(action.clone());
        for known in party.actions.iter_mut().filter(|known| known.planned.id == due.planned.id) {
            known.clone_from(&due);
        }
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        Ok(skipped(&party.situation(rules, self.clock().now()), &due))
    }
}

/// An event's body as it is understood today, or why it can't be applied.
pub(super) async fn understood(tx: &mut Tx, stored: &StoredEvent) -> Result<Result<Event, Skip>, StorageError> {
    if stored.outcome == Some(Outcome::Discarded) {
        return Ok(Err(Skip::Discarded));
    }
    let body = match tx.event_body(&stored.environment, &stored.id).await {
        Ok(body) => body,
        // What does not open is as good as gone, and must not hold everything else.
        Err(StorageError::Sealed(_) | StorageError::Inconsistent { .. }) => None,
        Err(other) => return Err(other),
    };
    let Some(body) = body else { return Ok(Err(Skip::BodyGone)) };
    Ok(Event::parse(&body, stored.received_at).map_err(|_| Skip::Unreadable))
}
