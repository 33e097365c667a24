//! What people and programs ask about: one inquiry's whole story.

use crate::app::App;
use crate::app::party::Party;
use crate::config::Mode;
use crate::domain::action::{
    Action, Finished, Held, Invitation, Reminder, Replaced, Replacement, Revival, State, Work,
};
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::Standing;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::actions::Attempt;
use crate::storage::events::StoredEvent;
use crate::storage::inquiries::StoredInquiry;

/// An inquiry with everything that happened to it.
#[derive(Debug, Clone)]
pub struct Story {
    /// As stored.
    pub stored: StoredInquiry,
    /// What is wanted for it now; `None` where its environment is no longer configured.
    pub standing: Option<Standing>,
    /// Whether what is wanted is also performed.
    pub acting: bool,
    /// What happened, in time order.
    pub timeline: Vec<Entry>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When: an event by Persona's clock, everything else by ours.
    pub at: Timestamp,
    /// `event`, `planned`, `attempt` or `ended`.
    pub kind: &'static str,
    /// The event's or action's id.
    pub id: String,
    /// What: an event's name, or an action in words.
    pub what: String,
    /// What became of it.
    pub outcome: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl App {
    /// The stories of the inquiries with this id or reference id, in every environment, oldest first.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn stories(&self, id_or_reference: &str) -> Result<Vec<Story>, StorageError> {
        let found = self.database().read().await?.find_inquiries(id_or_reference).await?;
        let mut stories = Vec::with_capacity(found.len());
        for stored in found {
            stories.push(self.story(stored).await?);
        }
        Ok(stories)
    }

    async fn story(&self, stored: StoredInquiry) -> Result<Story, StorageError> {
        let inquiry = &stored.inquiry;
        let (name, id) = (&inquiry.environment, &inquiry.id);
        let mut tx = self.database().read().await?;
        let mut party = Party::of(&mut tx, inquiry).await?;
        if let Some(environment) = self.environments().get(name) {
            let rules = environment.settings.rules.for_template(inquiry.known.template_id());
            party = self.acquaint(&mut tx, party, rules).await?;
        }
        let actions = &party.actions;
        let mut timeline: Vec<Entry> = tx.events_of_inquiry(name, id).await?.into_iter().map(of_event).collect();
        for action in actions.iter().filter(|action| action.planned.inquiry == *id) {
            let attempts = tx.attempts(&action.planned.id).await?;
            timeline.extend(of_action(action, &attempts));
        }
        timeline.sort_by(|a, b| (a.at, a.kind).cmp(&(b.at, b.kind)));

        let environment = self.environments().get(name);
        let standing = environment.map(|environment| {
            let rules = environment.settings.rules.for_template(inquiry.known.template_id());
            party.situation(rules, self.clock().now()).standing(inquiry)
        });
        let acting = environment.is_some_and(|environment| environment.settings.mode == Mode::Act);
        Ok(Story { stored, standing, acting, timeline })
    }
}

impl Story {
    /// The inquiry itself.
    #[must_use]
    pub fn inquiry(&self) -> &Inquiry {
        &self.stored.inquiry
    }
}

/// An action in words: what it does, for which step, by whom.
#[must_use]
pub fn in_words(action: &Action) -> String {
    match &action.planned.work {
        Work::Remind(Reminder { step, notifier, .. }) => format!("remind at {step} by {notifier}"),
        Work::Revive(Revival { expired_at, .. }) => format!("revive what expired at {expired_at}"),
        Work::Replace(Replacement { cause, .. }) => format!("replace: {cause}"),
        Work::Tell(Replaced { old, notifier, .. }) => format!("tell {notifier} that it replaced {old}"),
        Work::Expire(Finished { other }) => format!("expire, as {other} was finished"),
        Work::Hold(Held { step, .. }) => format!("let {step} pass without reminding: held out to measure"),
        Work::Publish(of) => format!("publish {} to {} ({})", of.news.topic(), of.subscription, of.notifier),
        Work::Invite(Invitation { notifier, .. }) => format!("send a new link by {notifier}, as somebody asked for it"),
    }
}

fn of_event(event: StoredEvent) -> Entry {
    Entry {
        at: event.occurred_at.unwrap_or(event.received_at),
        kind: "event",
        id: event.id.to_string(),
        what: event.name.unwrap_or_else(|| "unreadable".to_owned()),
        outcome: event.outcome.map(|outcome| outcome.to_string()),
        reason: event.reason,
    }
}

fn of_action(action: &Action, attempts: &[Attempt]) -> Vec<Entry> {
    let entry = |at, kind, outcome, reason| Entry {
        at,
        kind,
        id: action.planned.id.to_string(),
        what: in_words(action),
        outcome,
        reason,
    };
    let due = format!("due {}", action.planned.due_at);
    let mut entries = vec![entry(action.created_at, "planned", Some(due), None)];
    for attempt in attempts {
        let outcome = Some(attempt.outcome.to_string());
        entries.push(entry(attempt.ended_at, "attempt", outcome, attempt.error.clone()));
    }
    // An attempt's end tells the action's end, unless it ended without one.
    let told = attempts.last().map(|attempt| attempt.ended_at);
    if let (State::Cancelled | State::Failed, Some(at)) = (action.state, action.finished_at)
        && told != Some(at)
    {
        entries.push(entry(at, "ended", Some(action.state.to_string()), action.reason.clone()));
    }
    entries
}
